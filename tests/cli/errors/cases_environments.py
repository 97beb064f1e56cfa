"""Errors of environments: Nix expressions, locks, keys, and what is not here."""

from unittest.mock import patch

from cli.builders import HERE_PIN
from cli.workspace import Workspace
from engine.content.cid import DAG_CBOR, Cid
from tests.cli.errors.stage import GOOD, Stage, meets
from tests.cli.program import Told

ENVIRONMENTS = "Environments"
LOCKS = "The lock file"
NOT_HERE = str(Cid.of(DAG_CBOR, b"nobody has this"))
STEPS = "steps:\n  a: {environment: e, run: x}\n"
BUSYBOX = "/nix/store/ap5lw0pk87zllpr8psdiqgxx50yqpp1h-busybox"


def _named(stage: Stage, source: str, command: str = "run") -> Told:
    stage.write("w.yaml", f"workflow: w\nenvironments: {{e: {source}}}\n{STEPS}")
    return stage(*command.split(), "w.yaml")


@meets(ENVIRONMENTS, "an environment that too few builders agree on")
def _(stage: Stage) -> Told:
    stage.good("  a: {run: 'true > {outputs.o}', outputs: {o: o}}\n")
    with Workspace(stage.program.home, writing=True) as space:  # as if it had come from others
        for cid in space.store.pins.of(HERE_PIN):
            space.store.pins.unpin(cid, HERE_PIN)
    stage.extra["TALLY_BUILDERS"] = "2"
    return stage("run", "w.yaml")


@meets(ENVIRONMENTS, "a number of builders that is none")
def _(stage: Stage) -> Told:
    return stage("config", "set", "builders", "two")


@meets(ENVIRONMENTS, "a Nix file that is not there", "nix")
def _(stage: Stage) -> Told:
    return _named(stage, "{nix: env.nix}")


@meets(ENVIRONMENTS, "a Nix file that is wrong", "nix")
def _(stage: Stage) -> Told:
    stage.write("env.nix", "{ a = 1 }\n")
    return _named(stage, "{nix: env.nix}")


@meets(ENVIRONMENTS, "an attribute that the Nix file has not", "nix")
def _(stage: Stage) -> Told:
    stage.write("env.nix", "{ numpy = 1; }\n")
    return _named(stage, "{nix: env.nix, attribute: nunpy}")


@meets(ENVIRONMENTS, "a Nix file of several environments, none named", "nix")
def _(stage: Stage) -> Told:
    one = 'builtins.derivation { name = "x"; system = "x86_64-linux"; builder = "/bin/sh"; }'
    stage.write("env.nix", f"{{ a = {one}; b = {one}; }}\n")
    return _named(stage, "{nix: env.nix}")


@meets(ENVIRONMENTS, "a build that fails", "nix")
def _(stage: Stage) -> Told:
    _recipe(stage, "echo cannot find -lblas; exit 1")
    return stage("run", "w.yaml")


@meets(ENVIRONMENTS, "a flake that there is not", "nix")
def _(stage: Stage) -> Told:
    return _named(stage, '{flake: "./nowhere#python"}')


@meets(ENVIRONMENTS, "a store path that is not here", "nix")
def _(stage: Stage) -> Told:
    return _named(stage, "{store: /nix/store/00000000000000000000000000000001-e}")


@meets(ENVIRONMENTS, "a derivation that is not here", "nix")
def _(stage: Stage) -> Told:
    return _named(stage, "{drv: /nix/store/00000000000000000000000000000001-e.drv}")


@meets(ENVIRONMENTS, "an environment by a CID that is not here")
def _(stage: Stage) -> Told:
    return _named(stage, f"{{cid: {NOT_HERE}}}")


@meets(ENVIRONMENTS, "a CID that is no environment")
def _(stage: Stage) -> Told:
    stage.write("notes.txt", "some text\n")
    cid = stage.quietly("add", stage.folder / "notes.txt")["cid"]
    return _named(stage, f"{{cid: {cid}}}")


@meets(ENVIRONMENTS, "a record that is no environment", "nix", "sandbox")
def _(stage: Stage) -> Told:
    run = stage.quietly("runs")["runs"][-1]["run"]
    return _named(stage, f"{{cid: {run}}}")


@meets(ENVIRONMENTS, "a directory that is no binary cache")
def _(stage: Stage) -> Told:
    stage.write("tree/notes.txt", "some text\n")
    cid = stage.quietly("add", stage.folder / "tree")["cid"]
    return _named(stage, f"{{cid: {cid}}}")


@meets(ENVIRONMENTS, "offline, what was never locked")
def _(stage: Stage) -> Told:
    return _named(stage, "{nix: env.nix}", "run --offline")


@meets(ENVIRONMENTS, "no Nix on this machine")
def _(stage: Stage) -> Told:
    stage.write("env.nix", "1\n")
    stage.extra["PATH"] = str(stage.folder)
    return _named(stage, "{nix: env.nix}")


@meets(ENVIRONMENTS, "an environment that the workflow has not")
def _(stage: Stage) -> Told:
    stage.write("w.yaml", GOOD)
    return stage("env", "show", "w.yaml#f")


@meets(ENVIRONMENTS, "one of several environments, unnamed")
def _(stage: Stage) -> Told:
    two = f"{{e: {{cid: {stage.environment}}}, f: {{cid: {stage.environment}}}}}"
    stage.write("w.yaml", f"workflow: w\nenvironments: {two}\n{STEPS}")
    return stage("env", "publish", "w.yaml")


@meets(ENVIRONMENTS, "a build of a CID, checked")
def _(stage: Stage) -> Told:
    return stage("env", "build", stage.environment, "--check")


@meets(ENVIRONMENTS, "a signing key that is not there")
def _(stage: Stage) -> Told:
    return stage("env", "publish", stage.environment, "--key", "secret")


@meets(ENVIRONMENTS, "a signing key that is none")
def _(stage: Stage) -> Told:
    stage.write("secret", "hello\n")
    return stage("env", "publish", stage.environment, "--key", "secret")


@meets(ENVIRONMENTS, "a signing key of two halves that do not belong together")
def _(stage: Stage) -> Told:
    import base64

    stage.write("secret", "name:" + base64.b64encode(bytes(64)).decode())
    return stage("env", "publish", stage.environment, "--key", "secret")


def _recipe(stage: Stage, script: str) -> None:
    stage.write(
        "env.nix",
        'builtins.derivation { name = "tools"; system = "x86_64-linux";\n'
        f'  builder = "${{builtins.storePath {BUSYBOX}}}/bin/sh";\n'
        f'  args = [ "-c" "{script}" ]; }}\n',
    )
    stage.write("w.yaml", f"workflow: w\nenvironments: {{e: {{nix: env.nix}}}}\n{STEPS}")


@meets(ENVIRONMENTS, "a build that varies, checked", "nix")
def _(stage: Stage) -> Told:
    _recipe(stage, "read x </proc/sys/kernel/random/uuid; echo $x >$out")
    stage.quietly("env", "lock", stage.folder / "w.yaml")
    return stage("env", "build", "w.yaml", "--check")


@meets(ENVIRONMENTS, "a lock that is not of this source, checked", "nix")
def _(stage: Stage) -> Told:
    _recipe(stage, "echo 1 >$out")
    stage.quietly("env", "lock", stage.folder / "w.yaml")
    _recipe(stage, "echo 2 >$out")
    return stage("env", "build", "w.yaml", "--check")


@meets(ENVIRONMENTS, "an output that the derivation has not", "nix")
def _(stage: Stage) -> Told:
    _recipe(stage, "echo 1 >$out")
    with Workspace(stage.program.home) as space:
        made = space.nix.run("nix-instantiate", str(stage.folder / "env.nix")).output.strip()
    return _named(stage, f"{{drv: '{made}!dev'}}")


def _locked(stage: Stage, lock: str) -> Told:
    stage.write("w.yaml", GOOD)
    stage.write("w.lock", lock)
    return stage("run", "w.yaml")


@meets(LOCKS, "a lock that is no YAML")
def _(stage: Stage) -> Told:
    return _locked(stage, "lock: 1\nenvironments: {\n")


@meets(LOCKS, "a lock with the marks of a merge")
def _(stage: Stage) -> Told:
    return _locked(stage, "lock: 1\n<<<<<<< HEAD\nenvironments: {}\n=======\n")


@meets(LOCKS, "a lock of another version")
def _(stage: Stage) -> Told:
    return _locked(stage, "lock: 2\nenvironments: {}\n")


HASH = "sha256:" + "0" * 64


@meets(LOCKS, "a lock without the hash of its source")
def _(stage: Stage) -> Told:
    return _locked(stage, "lock: 1\nenvironments:\n  e:\n    x86_64-linux: {}\n")


@meets(LOCKS, "a lock with a hash that is none")
def _(stage: Stage) -> Told:
    return _locked(stage, "lock: 1\nenvironments:\n  e: {source: md5:00, x86_64-linux: {}}\n")


@meets(LOCKS, "a lock with a system that is none")
def _(stage: Stage) -> Told:
    return _locked(stage, f"lock: 1\nenvironments:\n  e: {{source: '{HASH}', Linux/x86: {{}}}}\n")


@meets(LOCKS, "a lock that pins nothing")
def _(stage: Stage) -> Told:
    return _locked(stage, f"lock: 1\nenvironments:\n  e: {{source: '{HASH}'}}\n")


def _pinned(stage: Stage, *words: str) -> Told:
    stage.write("w.yaml", GOOD)
    stage.write(
        "w.lock",
        f"lock: 1\nenvironments:\n  e:\n    source: {HASH}\n    x86_64-linux:\n"
        f"      environment: {NOT_HERE}\n",
    )
    return stage("run", "w.yaml", *words)


@meets(LOCKS, "a locked environment that is not here, offline")
def _(stage: Stage) -> Told:
    return _pinned(stage, "--offline")


@meets(LOCKS, "a lock that cannot be written", "nix")
def _(stage: Stage) -> Told:
    stage.good("  a: {run: x}\n")
    with patch("pathlib.Path.write_text", side_effect=PermissionError(13, "Permission denied")):
        return stage("run", "w.yaml")


@meets(LOCKS, "an environment that is built to something else", "nix")
def _(stage: Stage) -> Told:
    _recipe(stage, "echo 1 >$out")
    stage.quietly("env", "lock", stage.folder / "w.yaml")
    lock = stage.folder / "w.lock"
    text = lock.read_text()
    start = text.index("environment: ") + len("environment: ")
    lock.write_text(text[:start] + NOT_HERE + text[start + len(NOT_HERE) :])
    return stage("run", "w.yaml")


PATH = "/nix/store/" + "0" * 31 + "1-x"


def _cache(stage: Stage, info: str = "StoreDir: /nix/store\n", **lines: str) -> str:
    """Write a binary cache of Nix with one path in it."""
    told = {
        "StorePath": PATH,
        "URL": "nar/x.nar",
        "Compression": "none",
        "NarHash": "sha256:" + "0" * 52,
        "NarSize": "96",
        "References": "",
        **lines,
    }
    stage.write("cache/nix-cache-info", info)
    text = "".join(f"{name}: {value}\n" for name, value in told.items())
    stage.write(f"cache/{'0' * 31}1.narinfo", text)
    stage.write("cache/nar/x.nar", bytes(96))
    return "cache"


@meets(ENVIRONMENTS, "a binary cache that is not there")
def _(stage: Stage) -> Told:
    return stage("env", "import", "cache", PATH)


@meets(ENVIRONMENTS, "a folder that is no binary cache")
def _(stage: Stage) -> Told:
    (stage.folder / "cache").mkdir()
    return stage("env", "import", "cache", PATH)


@meets(ENVIRONMENTS, "a binary cache of another store")
def _(stage: Stage) -> Told:
    return stage("env", "import", _cache(stage, "StoreDir: /gnu/store\n"), PATH)


@meets(ENVIRONMENTS, "a store path that a binary cache has not")
def _(stage: Stage) -> Told:
    return stage("env", "import", _cache(stage), PATH.replace("1-x", "2-y"))


@meets(ENVIRONMENTS, "a store path that a binary cache has by another name")
def _(stage: Stage) -> Told:
    return stage("env", "import", _cache(stage), PATH.replace("1-x", "1-y"))


@meets(ENVIRONMENTS, "a store path that nobody who is trusted has signed")
def _(stage: Stage) -> Told:
    key = "upstream-1:" + "A" * 43 + "="
    return stage("env", "import", _cache(stage), PATH, "--trusted-key", key)


@meets(ENVIRONMENTS, "a binary cache that is compressed in a way that is not read")
def _(stage: Stage) -> Told:
    return stage("env", "import", _cache(stage, Compression="br"), PATH)


@meets(ENVIRONMENTS, "a binary cache with other bytes than it says")
def _(stage: Stage) -> Told:
    return stage("env", "import", _cache(stage), PATH)


@meets(ENVIRONMENTS, "a binary cache on the web that does not answer")
def _(stage: Stage) -> Told:
    return stage("env", "import", "http://127.0.0.1:9/cache", PATH)


@meets(ENVIRONMENTS, "a binary cache on the web, offline")
def _(stage: Stage) -> Told:
    return stage("env", "import", "https://cache.example.org", PATH, "--offline")
