"""join: installed wheels and a Python become one environment in $out. The builder of it.

The environment is a virtual environment of the Python underneath: what that one has is seen too,
after the wheels, and so are its programs.
"""

from __future__ import annotations

import os
import posixpath
import shutil
import sys
from collections.abc import Mapping

from . import libraries, tree
from .install import layout
from .machine import Machine, Patchelf
from .refusal import Refusal, show

BELOW = "python-environment.pth"  # names what the Python underneath has
DIGEST = 33  # characters before the name of a store path, which is the wheel's label


def main() -> int:
    """Build, as Nix asks by the environment."""
    try:
        _join(os.environ)
    except Refusal as refusal:
        show(refusal)
        return 1
    return 0


def _join(told: Mapping[str, str]) -> None:
    out = told["out"]
    prefixes = {os.path.basename(path)[DIGEST:]: path for path in told["wheels"].split()}
    machine = Machine()
    site = layout().site
    found = tree.merge(prefixes, site)
    _check_names(found, machine, site)
    code = libraries.objects(found, prefixes)
    wanted = libraries.needs(code, machine.loaded())
    search = _library_directories("closure")
    given = libraries.provide(wanted, machine.loads, search, frozenset(told["without"].split()))
    os.makedirs(posixpath.join(out, site))
    tree.write(found, out, posixpath.join(out, "bin", machine.name))
    patchelf = Patchelf(told["patchelf"])
    _interpreter(machine, given, patchelf, out)
    _programs(code, machine, given, patchelf, out)
    _below(machine, out, site)
    _commands(told["python"].split(), out)


def _check_names(found: dict[str, str], machine: Machine, site: str) -> None:
    own = [f"bin/{name}" for name in ("python", "python3", machine.name)]
    for path in (*own, "pyvenv.cfg", posixpath.join(site, BELOW)):
        if path in found:
            label = os.path.basename(found[path][: -len(path) - 1])[DIGEST:]
            raise Refusal(f"it brings its own {path}", label, "leave it out of the lock")


def _library_directories(registration: str) -> list[str]:
    """Return the lib directories of a closure, as Nix lists it: a path, then other lines."""
    with open(registration, encoding="utf-8") as file:
        paths = sorted({line.strip() for line in file if line.startswith("/nix/store/")})
    return [path for path in (posixpath.join(p, "lib") for p in paths) if os.path.isdir(path)]


def _interpreter(machine: Machine, given: dict[str, str], patchelf: Patchelf, out: str) -> None:
    """Put the interpreter there: as it is, or one that begins with more libraries loaded."""
    target = os.path.join(out, "bin", machine.name)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if given:
        shutil.copyfile(machine.program, target)
        os.chmod(target, 0o755)
        path = _path(machine, given)
        needed = [word for name in sorted(given) for word in ("--add-needed", name)]
        patchelf.change(target, "--force-rpath", "--set-rpath", path, *needed)
    else:
        os.symlink(machine.program, target)
    for name in ("python", "python3"):
        os.symlink(machine.name, os.path.join(out, "bin", name))
    with open(os.path.join(out, "pyvenv.cfg"), "w", encoding="utf-8") as file:
        version = ".".join(map(str, sys.version_info[:3]))
        file.write(f"home = {machine.home}\ninclude-system-site-packages = false\n")
        file.write(f"version = {version}\n")


def _path(machine: Machine, given: dict[str, str]) -> str:
    extra = sorted({os.path.dirname(place) for place in given.values()})
    return ":".join(dict.fromkeys([*machine.search_path(), *extra]))


def _programs(
    code: list[libraries.Object],
    machine: Machine,
    given: dict[str, str],
    patchelf: Patchelf,
    out: str,
) -> None:
    """Let programs of wheels find a loader and libraries: theirs are where a system has them."""
    for each in code:
        own = each.content
        if not own.interpreter or os.path.exists(own.interpreter):
            continue
        target = os.path.join(out, each.path)
        source = os.readlink(target)
        os.unlink(target)
        shutil.copyfile(source, target)
        shutil.copymode(source, target)
        os.chmod(target, 0o755)
        path = ":".join([*(own.runpath or own.rpath), _path(machine, given)])
        patchelf.change(target, "--set-interpreter", machine.content.interpreter)
        patchelf.change(target, "--force-rpath", "--set-rpath", path)


def _below(machine: Machine, out: str, site: str) -> None:
    """Let what the Python underneath has be seen after the wheels."""
    standard = posixpath.join(sys.base_prefix, "lib", machine.name)
    zipped = posixpath.join(sys.base_prefix, "lib", machine.name.replace(".", "") + ".zip")
    seen = [
        path
        for path in sys.path
        if path.startswith("/nix/store/")
        and path not in (standard, zipped, posixpath.join(standard, "lib-dynload"))
        and path != os.environ["PYTHONPATH"]
    ]
    if seen:
        with open(os.path.join(out, site, BELOW), "x", encoding="utf-8") as file:
            file.writelines(f"{path}\n" for path in seen)


def _commands(environments: list[str], out: str) -> None:
    """Link the commands of the Python underneath that no wheel has of that name."""
    for environment in environments:
        directory = os.path.join(environment, "bin")
        for name in sorted(os.listdir(directory)) if os.path.isdir(directory) else ():
            target = os.path.join(out, "bin", name)
            if not os.path.lexists(target):
                os.symlink(os.path.join(directory, name), target)


if __name__ == "__main__":
    sys.exit(main())
