"""Errors of lock files of Python packages."""

from collections.abc import Callable

from tests.cli.errors.stage import Stage, meets
from tests.cli.program import Told

TOPIC = "Lock files of Python packages"
HASH = f"--hash=sha256:{'ab' * 32}"
PYLOCK = "lock-version = '1.0'\ncreated-by = 'hand'\n"
WHEEL = f"hashes = {{sha256 = '{'ab' * 32}'}}"

FILES = {
    "a package without a hash": ("requirements.txt", "numpy==1.26.4\n"),
    "a package without its version": ("requirements.txt", f"numpy>=1.26 {HASH}\n"),
    "a hash of another kind": ("requirements.txt", "numpy==1.26.4 --hash=md5:00\n"),
    "a package twice": ("requirements.txt", f"numpy==1.26.4 {HASH}\nnumpy==1.26.3 {HASH}\n"),
    "an option that has no place in a lock": ("requirements.txt", "-e ./mine\n"),
    "a line that is no requirement": ("requirements.txt", f"numpy=1.26.4 {HASH}\n"),
    "a source distribution": (
        "requirements.txt",
        f"mine @ https://example.org/mine-1.0.tar.gz {HASH}\n",
    ),
    "a file that is no lock file": ("environment.yml", "dependencies: [numpy]\n"),
    "a pylock.toml that is none": ("pylock.toml", "x = 1\n"),
    "a pylock.toml for another Python": (
        "pylock.toml",
        f"{PYLOCK}requires-python = '>=3.13'\npackages = []\n",
    ),
    "a wheel for another Python": (
        "pylock.toml",
        f"{PYLOCK}[[packages]]\nname = 'numpy'\nversion = '2.0'\n"
        "[[packages.wheels]]\nurl = 'https://example.org/numpy-2.0-cp313-cp313-win_amd64.whl'\n"
        f"{WHEEL}\n",
    ),
    "a package that is locked as source": (
        "pylock.toml",
        f"{PYLOCK}[[packages]]\nname = 'mine'\nversion = '1.0'\n"
        f"[packages.sdist]\nurl = 'https://example.org/mine-1.0.tar.gz'\n{WHEEL}\n",
    ),
    "a uv.lock of another version": ("uv.lock", "version = 99\n"),
    "a uv.lock without a project": ("uv.lock", "version = 1\nrequires-python = '>=3.11'\n"),
}


def _file(name: str, text: str) -> Callable[[Stage], Told]:
    def act(stage: Stage) -> Told:
        stage.write(name, text)
        return stage("init", "new", "--requirements", name)

    return act


for title, (name, text) in FILES.items():
    meets(TOPIC, title)(_file(name, text))


@meets(TOPIC, "a lock file that is not there")
def _(stage: Stage) -> Told:
    return stage("init", "new", "--requirements", "requirements.txt")


@meets(TOPIC, "a lock file and a template")
def _(stage: Stage) -> Told:
    stage.write("requirements.txt", f"numpy==1.26.4 {HASH}\n")
    return stage("init", "new", "--template", "numpy", "--requirements", "requirements.txt")


@meets(TOPIC, "a lock file whose name cannot be written in a workflow")
def _(stage: Stage) -> Told:
    stage.write("my {lock}.txt", f"numpy==1.26.4 {HASH}\n")
    return stage("init", "new", "--requirements", "my {lock}.txt")
