"""Scenes of Open Resources: published, taken back, used by their names; and of binary caches."""

import shutil
from pathlib import Path
from typing import Final

from engine.nix.treewriter import remove
from peers.catalogue_file import FILE
from tests.long.life import Deed, Life, nothing
from tests.long.promises import Letters, Promises
from tests.long.warm import Ended

NAME: Final = "life"  # of the workflow


def publish(life: Life, *words: str) -> Deed:
    """Publish the workflow of the ground, with the run that is there."""

    def success(ended: Ended) -> None:
        public = life.promises.public
        told = ended.json
        public.public[told["resource"]] = told["version"]
        public.taken.discard(told["resource"])
        if told["version"] >= public.public.get(public.meant.get(NAME, ""), 0):
            public.meant[NAME] = told["resource"]

    return Deed(["publish", "project/w.yaml", "--offline", *words, "-o", "json"], success)


def unpublish(life: Life, what: str = NAME) -> Deed:
    """Take back all versions, or one; from then on none of them need be public."""
    told = life.promises.public
    told.public = {one: version for one, version in told.public.items() if what not in (NAME, one)}

    def success(ended: Ended) -> None:
        public = life.promises.public
        for release in ended.json["unpublished"]:
            public.public.pop(release, None)
            public.plain.discard(release)
            public.taken.add(release)

    return Deed(["unpublish", what, "-o", "json"], success)


def take_back_the_rest(life: Life) -> Deed:
    """Go on taking back; once there is nothing left, that is refused, and publishing is not."""
    from cli.workspace import Workspace
    from engine.store.public_roots import public_roots

    with Workspace(life.home) as space:
        public = {str(root) for root in public_roots(space.store.pins)}
    left = public & {*life.promises.public.versions.values()}
    return unpublish(life) if left else publish(life)


def use(life: Life, letters: Letters) -> Deed:
    """Run the resource by its name, which is bound by that."""
    life.promises.asked.add(letters)

    def success(ended: Ended) -> None:
        assert ended.json["status"] == "succeeded"
        life.promises.runs[ended.json["name"]] = letters
        public = life.promises.public
        public.meant.setdefault(NAME, public.expected)

    return Deed(["run", NAME, *letters.words, "--offline", "-o", "json"], success)


def endorse(life: Life) -> Deed:
    """Say to others that the author's run was made again."""

    def success(_: Ended) -> None:
        life.promises.public.endorsed.add(life.promises.public.meant[NAME])

    return Deed(["rerun", NAME, "--endorse", "--offline"], success)


def publish_environment(life: Life) -> Deed:
    """Publish the environment as a binary cache; the key is made by that."""

    def success(ended: Ended) -> None:
        life.promises.public.plain.add(ended.json["cid"])

    return Deed(["env", "publish", environment_of(life), "-o", "json"], success)


def import_environment(life: Life) -> Deed:
    """Take the environment from the cache that was written out."""
    from engine.nix.storepath import STORE_DIR

    (root,) = (life.place / "root").read_text().split()
    return Deed(["env", "import", "cache", f"{STORE_DIR}/{root}", "--offline"], nothing)


def environment_of(life: Life) -> str:
    """Return the CID of the environment that the workflow of the ground names."""
    text = life.ground.workflow.read_text()
    return text.partition("{cid: ")[2].partition("}")[0]


# homes made ready


def published(life: Life) -> None:
    """Have one version published."""
    life.succeed(publish(life))


def published_twice(life: Life) -> None:
    """Have two versions published."""
    life.succeed(publish(life))
    life.succeed(publish(life, "--title", "again"))


def elsewhere(life: Life) -> None:
    """Have a home to which a resource came as a file."""
    ended = life.succeed(publish(life, "--title", "from elsewhere"))
    release = ended.json["resource"]
    life.succeed(Deed(["export", release, "resource.car"], nothing))
    remove(life.home)
    life.promises = Promises()
    life.promises.public.expected = release
    life.succeed(Deed(["import", "resource.car"], nothing))


def without_catalogue(life: Life) -> None:
    """Have two versions published, and the catalogue gone."""
    published_twice(life)
    for path in life.home.glob(f"{FILE}*"):
        path.unlink()


def with_broken_catalogue(life: Life) -> None:
    """Have two versions published, and a catalogue that cannot be opened."""
    published_twice(life)
    path = life.home / FILE
    path.write_bytes(b"no database " * (path.stat().st_size // 12))


def with_cache(life: Life) -> None:
    """Have a binary cache as a directory, and a home that has nothing."""
    ended = life.succeed(publish_environment(life))
    life.succeed(Deed(["get", ended.json["cid"], "cache"], nothing))
    shown = life.succeed(Deed(["env", "show", environment_of(life), "-o", "json"], nothing))
    (told,) = shown.json["environments"].values()
    (life.place / "root").write_text(Path(told["roots"][0]).name)
    remove(life.home)
    shutil.rmtree(life.place / "project")
    life.promises = Promises()
