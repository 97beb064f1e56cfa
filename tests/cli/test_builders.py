"""Builders of environments: what they say goes along with one, is counted, and can be demanded."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from cli.builders import BUILT_PIN, keep
from cli.workspace import Workspace
from engine.built import outputs_of, sign
from engine.bundle import export
from engine.content.car import MAX_ROOTS
from engine.content.cid import Cid
from engine.nix.environment import open_environment
from engine.nix.nixstore import NixStore
from engine.step import SIGNED
from peers.keyring import Identity
from tests.cli.conftest import copy_project
from tests.cli.program import Program
from tests.engine.test_built import closure, word
from tests.fakes import nixstore

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

NAMES = ("one", "two")
STRANGER = Identity(b"s" * 32)
STEP = "steps: {one: {run: 'echo yes >{outputs.o}', outputs: {o: o}}}\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project of its own."""
    return copy_project(tmp_path / "project")


@pytest.fixture
def builder(tally: Program, nix_store: NixStore, tmp_path: Path, project: Path) -> Program:
    """Return the program on a home that has built the environment twice."""
    program = tally.at(nixstore.lend(nix_store, tmp_path / "builder" / "home"))
    done = program("env", "build", project, "--check")
    assert done.code == 0, done.err
    return program


@pytest.fixture
def user(tmp_path: Path, environment: str) -> Path:
    """Return a workflow that names the environment by its CID."""
    path = tmp_path / "user.yaml"
    head = f"workflow: user\nenvironments: {{sh: {{cid: {environment}}}}}\n"
    path.write_text(head + "defaults: {environment: sh, resources: {memory: 64MiB}}\n" + STEP)
    return path


def peer_of(program: Program) -> str:
    """Return who a home is."""
    peer: str = program.told("peer", "id")["peer"]
    return peer


def say(home: Path, environment: str, signer: Identity, *, agrees: bool) -> None:
    """Have somebody say of an environment that it came out, or something else."""
    with Workspace(home, writing=True) as space:
        opened = open_environment(space.store, Cid.parse(environment))
        root = opened.closure.roots[0]
        outputs = outputs_of(opened.closure, {"out": f"/nix/store/{root}"})
        made = opened.closure_cid if agrees else opened.cid
        keep(space, [sign(replace(word(closure()), outputs=outputs, closure=made), signer)])


def test_a_check_is_attested(builder: Program, environment: str) -> None:
    """The home signs what came out, and `env show` says so, to people and to scripts."""
    (shown,) = builder.told("env", "show", environment)["environments"].values()
    told = shown["builders"]
    assert (told["agree"], told["differ"]) == (1, 0)
    (one,) = told["attestations"]
    assert one["peer"] == peer_of(builder)
    assert one["known"] == "this machine"
    assert one["closure"] == shown["closure"]
    assert one["derivation"].endswith(".drv")
    (out,) = one["outputs"].values()
    assert f"/nix/store/{out['path']}" in shown["roots"]
    text = builder("env", "show", environment).out
    assert re.search(r"builders +1 agree, 0 differ", text)
    assert f"{peer_of(builder)} (this machine) agrees" in text


def test_who_differs_is_counted_and_named(builder: Program, environment: str) -> None:
    """Another builder's word for something else is shown beside ours."""
    say(builder.home, environment, STRANGER, agrees=False)
    (shown,) = builder.told("env", "show", environment)["environments"].values()
    assert (shown["builders"]["agree"], shown["builders"]["differ"]) == (1, 1)
    differing = next(one for one in shown["builders"]["attestations"] if not one["agrees"])
    assert differing["peer"] == str(STRANGER.peer)
    assert differing["known"] is None


def test_a_bundle_takes_words_along(
    builder: Program, environment: str, empty: Program, tmp_path: Path
) -> None:
    """Of an environment, and of a run that used it; they are kept when other content is let go."""
    say(builder.home, environment, STRANGER, agrees=True)
    for number, what in enumerate((environment, _run(builder, tmp_path, environment))):
        file = tmp_path / "bundle.car"
        file.unlink(missing_ok=True)
        builder.told("export", what, file)
        other = empty.at(tmp_path / f"other{number}" / "home")
        came = other.told("import", file)
        assert (len(came["roots"]), came["builders"]) == (1, 2)
        other.told("gc")
        (shown,) = other.told("env", "show", environment)["environments"].values()
        assert (shown["builders"]["agree"], shown["builders"]["differ"]) == (2, 0)
        assert other("fsck").code == 0


def _run(program: Program, place: Path, environment: str) -> str:
    path = place / "ran.yaml"
    head = f"workflow: ran\nenvironments: {{sh: {{cid: {environment}}}}}\n"
    path.write_text(head + "defaults: {environment: sh, resources: {memory: 64MiB}}\n" + STEP)
    return str(program.told("run", path)["run"])


def test_a_thin_bundle_takes_words_along(
    builder: Program, environment: str, empty: Program, tmp_path: Path
) -> None:
    """Whoever audits a sample where builders are demanded has their words."""
    file = tmp_path / "thin.car"
    run = _run(builder, tmp_path, environment)
    builder.told("export", run, file, "--thin", "--sample", "1", "--seed", "x")
    came = empty.told("import", file)
    assert ([one["kind"] for one in came["roots"]], came["builders"]) == (["sample"], 1)
    assert empty("fsck").code == 0
    assert empty("rerun", file, "--offline", "--seed", "x").code == 0


def test_a_bundle_with_a_forged_word_is_refused(
    builder: Program, environment: str, empty: Program, tmp_path: Path
) -> None:
    """A word that its signer did not sign is exit 5, and nothing is stored."""
    with Workspace(builder.home, writing=True) as space:
        (own,) = space.store.pins.of(BUILT_PIN)
        signed = SIGNED.decode(space.store.get(own))
        forged = SIGNED.block(replace(signed, public_key=STRANGER.public_key))
        space.store.put([forged])
        with (tmp_path / "forged.car").open("wb") as stream:
            export(space.store, Cid.parse(environment), stream, (), [own, forged.cid])
    done = empty("import", tmp_path / "forged.car")
    assert done.code == 5, done.err
    assert "not signed by its signer" in done.err
    assert empty("env", "show", environment, "--offline").code == 3


def test_a_word_about_what_is_not_in_the_bundle_is_not_taken(
    builder: Program, environment: str, empty: Program, tmp_path: Path
) -> None:
    """Anybody could fill a home with such; a bundle of them alone is exit 2."""
    other = sign(word(closure()), STRANGER)
    with Workspace(builder.home, writing=True) as space:
        (own,) = space.store.pins.of(BUILT_PIN)
        space.store.put([other])
        with (tmp_path / "more.car").open("wb") as stream:
            export(space.store, Cid.parse(environment), stream, (), [own, other.cid])
        with (tmp_path / "words.car").open("wb") as stream:
            export(space.store, other.cid, stream)
    assert empty("import", tmp_path / "words.car").code == 2
    assert empty.told("import", tmp_path / "more.car")["builders"] == 1
    with Workspace(empty.home) as space:
        assert space.store.pins.of(BUILT_PIN) == [own]
        assert not space.store.has(other.cid)


def test_a_bundle_takes_as_many_words_as_it_has_room_for(
    builder: Program, environment: str, empty: Program, tmp_path: Path
) -> None:
    """Those of peers that the user named first: each is a root."""
    for at in range(1, MAX_ROOTS + 4):
        say(builder.home, environment, Identity(bytes([at]) * 32), agrees=True)
    builder.told("export", environment, tmp_path / "many.car")
    assert empty.told("import", tmp_path / "many.car")["builders"] == MAX_ROOTS - 2
    (shown,) = empty.told("env", "show", environment)["environments"].values()
    assert peer_of(builder) in {one["peer"] for one in shown["builders"]["attestations"]}


def test_a_published_cache_has_words(
    builder: Program, environment: str, empty: Program, tmp_path: Path
) -> None:
    """Who has an environment by the CID of its published cache has what its builders said."""
    say(builder.home, environment, STRANGER, agrees=True)
    cid = builder.told("env", "publish", environment)["cid"]
    builder.told("export", cid, tmp_path / "cache.car")
    empty.told("import", tmp_path / "cache.car")
    (shown,) = empty.told("env", "show", cid)["environments"].values()
    assert shown["environment"] == environment
    assert (shown["builders"]["agree"], shown["builders"]["differ"]) == (2, 0)
    other = empty.at(tmp_path / "other" / "home")
    other.told("import", tmp_path / "cache.car")
    other.told("env", "import", cid, *shown["roots"], "--offline")
    (shown,) = other.told("env", "show", environment)["environments"].values()
    assert shown["builders"]["agree"] == 2
    builder.told("get", cid, tmp_path / "cache")
    assert len(list((tmp_path / "cache" / "tallystick-builders").iterdir())) == 2


def test_builders_can_be_demanded(
    builder: Program, environment: str, empty: Program, tmp_path: Path, user: Path
) -> None:
    """Only those count whom the user named; with too few, an environment can be seen, not used."""
    builder.told("export", environment, tmp_path / "environment.car")
    empty.told("import", tmp_path / "environment.car")
    say(empty.home, environment, STRANGER, agrees=True)
    strict = empty.at(empty.home, TALLY_BUILDERS="2")
    for words in (("run", user), ("plan", user), ("env", "build", environment)):
        done = strict(*words)
        assert done.code == 3, done.err
        assert "0 agree on this environment; 2 must; so do 2 that you did not name" in done.err
    assert strict("env", "show", user).code == 0
    for peer in (peer_of(builder), str(STRANGER.peer)):
        assert strict("run", user).code == 3
        empty.told("peer", "add", f"tally://{peer}@127.0.0.1:9")
    done = strict("run", user)
    assert done.code == 0, done.err


def test_builders_are_demanded_for_what_a_bundle_brings(
    builder: Program, environment: str, empty: Program, tmp_path: Path
) -> None:
    """A recorded step is not run again, looked around in or examined where they do not agree."""
    file, run = tmp_path / "full.car", _run(builder, tmp_path, environment)
    builder.told("export", run, file)
    strict = empty.at(empty.home, TALLY_BUILDERS="1")
    for words in (
        ("rerun", file, "--offline"),
        ("rerun", run, "--chain"),
        ("shell", run, "one", "--", "true"),
        ("check-determinism", run),
    ):
        done = strict(*words)
        assert done.code == 3, done.err
        assert "0 agree on this environment; 1 must" in done.err
    empty.told("peer", "add", f"tally://{peer_of(builder)}@127.0.0.1:9")
    assert strict("shell", run, "one", "--", "true").code == 0
    done = strict("rerun", run, "--offline")
    assert done.code == 0, done.err


def test_a_named_builder_who_differs_does_not_agree(
    own: Program, environment: str, user: Path
) -> None:
    """Who said both counts as one who differs, and the refusal says how many do."""
    say(own.home, environment, STRANGER, agrees=True)
    own.told("peer", "add", f"tally://{STRANGER.peer}@127.0.0.1:9")
    strict = own.at(own.home, TALLY_BUILDERS="1")
    assert strict("run", user).code == 0
    say(own.home, environment, STRANGER, agrees=False)
    done = strict("run", user)
    assert done.code == 3, done.err
    assert "and 1 differ" in done.err


def test_what_nix_made_here_needs_no_builder(
    tally: Program, nix_store: NixStore, tmp_path: Path, project: Path
) -> None:
    """Built on this machine, an environment is used, again and again, by whatever name."""
    home = nixstore.lend(nix_store, tmp_path / "home")
    strict = tally.at(home, TALLY_BUILDERS="2")
    for _ in range(2):
        done = strict("run", project)
        assert done.code == 0, done.err


def test_a_difference_names_the_store_paths(builder: Program, project: Path) -> None:
    """What was built now and what is locked are compared by the hash of each path's NAR."""
    recipe = project.parent / "env" / "default.nix"
    text = recipe.read_text()
    recipe.write_text(text.replace("env-sh = tools", "env-sh = libc"))
    done = builder("env", "build", project, "--check")
    assert done.code == 4, done.err
    assert "not in what is locked" in done.err
    assert "not in what was built now" in done.err
    now = re.search(r"builds to (\S+)", done.err)
    assert now
    (shown,) = builder.told("env", "show", now[1])["environments"].values()
    assert shown["builders"]["agree"] == 1  # it is attested all the same


def test_what_varies_is_attested_by_nobody(builder: Program, project: Path) -> None:
    """A derivation that gives other bytes each time is exit 4, and nothing is signed."""
    recipe = project.parent / "env" / "default.nix"
    vary = 'env-sh = mk "vary" { } "cat /proc/sys/kernel/random/uuid >$out";'
    recipe.write_text(recipe.read_text().replace("env-sh = tools;", vary))
    project.with_suffix(".lock").unlink()
    done = builder("env", "build", project, "--check")
    assert done.code == 4, done.err
    hashes = re.search(r"-vary: NAR (\w{64}) was built first, (\w{64}) is built now", done.err)
    assert hashes
    assert hashes[1] != hashes[2]
    assert not list((builder.home / "nix").rglob("*.check"))
    (shown,) = builder.told("env", "show", project)["environments"].values()
    assert shown["builders"]["attestations"] == []


def test_each_environment_that_differs_is_named(builder: Program, project: Path) -> None:
    """One does not hide another, or that a third is the same: all are built, and exit is 4."""
    recipe = project.parent / "env" / "default.nix"
    more = "".join(
        f'env-{name} = mk "{name}" {{ }} "cat /proc/sys/kernel/random/uuid >$out";\n'
        for name in NAMES
    )
    recipe.write_text(recipe.read_text().replace("env-sh = tools;", f"env-sh = tools;\n{more}"))
    one, two = (f"{name}: {{nix: ./env/default.nix, attribute: env-{name}}}, " for name in NAMES)
    text = project.read_text()
    project.write_text(text.replace("environments: {", f"environments: {{{one}{two}"))
    done = builder("env", "build", project, "--check")
    assert done.code == 4, done.err
    assert "2 environments differ: one, two" in done.err
    assert len(re.findall(r"NAR \w{64} was built first", done.err)) == 2
    assert "environment 'sh' builds to the same bytes" in done.err
