"""Wheels: real ones, small, made for a test."""

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

OLD = (1980, 1, 1, 0, 0, 0)


def make(
    directory: Path,
    name: str = "greet",
    version: str = "1.0",
    files: Mapping[str, str | bytes] | None = None,
    *,
    tag: str = "py3-none-any",
    entry_points: str = "",
    executable: tuple[str, ...] = (),
) -> Path:
    """Write a wheel; the same arguments give the same bytes. `files`: path -> content."""
    directory.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    inside = dict(files if files is not None else {f"{name}.py": f"version = {version!r}\n"})
    inside[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    inside[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n"
    if entry_points:
        inside[f"{info}/entry_points.txt"] = entry_points
    inside[f"{info}/RECORD"] = _record(inside, f"{info}/RECORD")
    return pack(directory / f"{name}-{version}-{tag}.whl", inside, executable)


def pack(path: Path, files: Mapping[str, str | bytes], executable: tuple[str, ...] = ()) -> Path:
    """Write an archive with these files, whatever they are."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, OLD)
            entry.external_attr = (0o755 if name in executable else 0o644) << 16
            archive.writestr(entry, content)
    return path


def sha256(path: Path) -> str:
    """Return what a lock file has of it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _record(files: Mapping[str, str | bytes], own: str) -> str:
    lines = []
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
        lines.append(f"{name},sha256={digest},{len(data)}")
    return "\n".join([*lines, f"{own},,"]) + "\n"
