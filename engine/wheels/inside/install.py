"""install: unpack one wheel to $out, as pip does to a prefix. The builder of a wheel's derivation.

Scripts keep "#!python" as their first line: which Python that is, is known when wheels are joined
(join.py). Byte code is checked by nothing, neither time nor hash: the files can never change.
"""

from __future__ import annotations

import base64
import configparser
import hashlib
import importlib
import os
import posixpath
import py_compile
import re
import shutil
import sys
import warnings
import zipfile
from contextlib import suppress
from email.parser import Parser

from .contents import BAD, SCRIPT_MARK, Layout, Placed, dist_info, files_of, place, read
from .refusal import Refusal, show

SCRIPT = """\
#!python
import sys
from %(module)s import %(top)s
if __name__ == "__main__":
    sys.exit(%(call)s())
"""
_NAME = re.compile(r"[^/\0-\x20\x7f][^/\0-\x1f\x7f]*")
_ENTRY = re.compile(r"([A-Za-z_][\w.]*)\s*:\s*([A-Za-z_][\w.]*)\s*(\[.*\])?")


def layout() -> Layout:
    """Return where the Python that runs this looks for packages below a prefix."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return Layout(f"lib/{version}/site-packages", f"include/{version}")


def install(wheel: str, label: str, out: str) -> None:
    """Install the file `wheel`; raises Refusal for one that is not a wheel."""
    where = layout()
    try:
        with zipfile.ZipFile(wheel) as archive:
            files = files_of(archive, label)
            info = dist_info(files, label)
            _check_wheel(read(archive, info + "/WHEEL", label) or "", label)
            placed = place(files, info, where, label)
            for each in placed:
                _write(archive, each, out)
            entries = read(archive, info + "/entry_points.txt", label)
    except OSError as error:
        if error.errno is not None:  # bz2 gives none for bad data; a full disk has one
            raise
        raise Refusal(f"it cannot be unpacked: {error}", label, BAD) from None
    except _unreadable() as error:
        raise Refusal(f"it cannot be unpacked: {error}", label, BAD) from None
    paths = [each.path for each in placed]
    paths += _entry_points(entries or "", out, set(paths), label)
    site = posixpath.join(out, where.site)
    _record(paths, out, posixpath.join(where.site, info), where.site)
    _compile(site)


def _unreadable() -> tuple[type[Exception], ...]:
    """Return what reading a damaged archive raises; not every Python has every compression."""
    found: list[type[Exception]] = [zipfile.BadZipFile, NotImplementedError, EOFError, ValueError]
    for module, name in (("zlib", "error"), ("lzma", "LZMAError")):
        with suppress(ImportError):
            found.append(getattr(importlib.import_module(module), name))
    return tuple(found)


def _check_wheel(text: str, label: str) -> None:
    """Look whether a wheel says that it can be installed, and for this Python.

    Who chose it looked at its name; of a lock with one hash nobody has seen the name.
    """
    said = Parser().parsestr(text)
    version = str(said.get("Wheel-Version", "")).strip()
    if version.split(".")[0] != "1":
        raise Refusal(f"a wheel of version '{version[:40]}'", label, "lock another version of it")
    tags = [str(tag).strip() for tag in said.get_all("Tag", [])]
    if tags and not any(map(_is_for_us, tags)):
        what = f"a wheel for {', '.join(tags[:4])}, and the Python is {sys.version.split()[0]}"
        raise Refusal(what, label, "lock it for this Python, with more than one hash")


def _is_for_us(tag: str) -> bool:
    interpreter, _, rest = tag.partition("-")
    abi, _, platform = rest.partition("-")
    match = re.fullmatch(r"(cp|py)([23])(\d*)", interpreter)
    if match is None or not (platform == "any" or re.fullmatch(r"(many)?linux.*x86_64", platform)):
        return False
    version = (int(match[2]), int(match[3] or 0))
    if abi in ("none", "abi3"):
        return version <= sys.version_info[:2] and version[0] == sys.version_info[0]
    return version == sys.version_info[:2]


def _write(archive: zipfile.ZipFile, placed: Placed, out: str) -> None:
    target = os.path.join(out, placed.path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with archive.open(placed.entry) as source, open(target, "xb") as file:
        if placed.path.startswith("bin/"):
            first = source.readline()
            if first.startswith(SCRIPT_MARK):
                first = SCRIPT_MARK + b"\n"
            file.write(first)
        shutil.copyfileobj(source, file, 1024 * 1024)
    os.chmod(target, 0o755 if placed.executable else 0o644)


def _entry_points(text: str, out: str, taken: set[str], label: str) -> list[str]:
    """Write a script for each console and gui entry point; return their paths."""
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text)
    except configparser.Error:
        raise Refusal("its entry_points.txt cannot be read", label, BAD) from None
    written = []
    for section in ("console_scripts", "gui_scripts"):
        for name, value in sorted(parser.items(section) if parser.has_section(section) else ()):
            path = _script(name, value, out, label, taken)
            if path not in taken:
                taken.add(path)
                written.append(path)
    return written


def _script(name: str, value: str, out: str, label: str, taken: set[str]) -> str:
    found = _ENTRY.fullmatch(value.strip())
    if not _NAME.fullmatch(name) or name in (".", "..") or found is None:
        raise Refusal(f"'{name[:80]}' is not an entry point", label, BAD)
    path = "bin/" + name
    if path in taken:  # the wheel brings a script of its own
        return path
    top = found[2].split(".")[0]
    os.makedirs(os.path.join(out, "bin"), exist_ok=True)
    target = os.path.join(out, path)
    with open(target, "x", encoding="utf-8") as file:
        file.write(SCRIPT % {"module": found[1], "top": top, "call": found[2]})
    os.chmod(target, 0o755)
    return path


def _record(paths: list[str], out: str, info: str, site: str) -> None:
    """Write INSTALLER and RECORD: what is installed, as importlib.metadata reads it."""
    with open(os.path.join(out, info, "INSTALLER"), "w", encoding="utf-8") as file:
        file.write("tally\n")
    lines = []
    for path in sorted({*paths, posixpath.join(info, "INSTALLER")}):
        digest, size = hashlib.sha256(), 0
        with open(os.path.join(out, path), "rb") as data:
            for chunk in iter(lambda: data.read(1024 * 1024), b""):
                digest.update(chunk)
                size += len(chunk)
        text = base64.urlsafe_b64encode(digest.digest()).decode().rstrip("=")
        lines.append(f"{_quoted(posixpath.relpath(path, site))},sha256={text},{size}\n")
    own = posixpath.join(info, "RECORD")
    lines.append(f"{_quoted(posixpath.relpath(own, site))},,\n")
    with open(os.path.join(out, own), "w", encoding="utf-8") as file:
        file.writelines(lines)


def _quoted(path: str) -> str:
    return '"{}"'.format(path.replace('"', '""')) if '"' in path or "," in path else path


def _compile(site: str) -> None:
    """Compile what compiles: some wheels carry sources for other Pythons."""
    warnings.simplefilter("ignore")
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    for directory, names, files in os.walk(site):
        names.sort()
        for name in sorted(files):
            path = os.path.join(directory, name)
            if name.endswith(".py") and not os.path.islink(path):
                shown = os.path.relpath(path, site)
                try:
                    py_compile.compile(path, dfile=shown, doraise=True, invalidation_mode=mode)
                except (py_compile.PyCompileError, ValueError, RecursionError):
                    continue


def main() -> int:
    """Build, as Nix asks by the environment."""
    try:
        install(os.environ["wheel"], os.environ["name"], os.environ["out"])
    except Refusal as refusal:
        show(refusal)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
