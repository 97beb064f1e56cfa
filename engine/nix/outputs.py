"""outputs: where a derivation's outputs go, from the derivation and those it needs. Pure.

An output's path is the hash of the derivation *modulo* fixed outputs: an input that is fixed by
its content counts by that content, not by how it is fetched (Nix manual, store/derivation).
nixpkgs' chains are deeper than Python's stack, so nothing here recurses.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from engine.errors import Damaged, Refused
from engine.nix.derivation import Derivation, Output, show
from engine.nix.storepath import StorePath, fixed_path, output_path

Load = Callable[[str], Derivation]  # .drv path -> the derivation there


@dataclass(slots=True)
class Hasher:
    """Hashes derivations modulo fixed outputs, each once. `load` reads the ones they need."""

    load: Load
    _known: dict[str, bytes] = field(default_factory=dict)

    def output_paths(self, name: str, derivation: Derivation) -> dict[str, StorePath]:
        """Compute where the outputs of the derivation called `name` (no ".drv") go.

        Raises: Refused for a derivation whose paths are known only after it is built.
        """
        fixed = _fixed_output(derivation)
        if fixed is not None:
            return {"out": _fixed_path(name, fixed)}
        modulo = self._modulo(_masked(derivation))
        return {output: output_path(name, output, modulo) for output in derivation.outputs}

    def check(self, path: StorePath, derivation: Derivation) -> None:
        """Check that the derivation at `path` says what follows from it.

        Raises: Damaged when another output path is written in it; Refused as output_paths.
        """
        for output, computed in self.output_paths(path.name[: -len(".drv")], derivation).items():
            if derivation.outputs[output].path != str(computed):
                raise Damaged(
                    f"the output '{output}' of a derivation is {computed}", where=str(path)
                )

    def _modulo(self, derivation: Derivation) -> bytes:
        """Hash one derivation, after all those below it."""
        waiting = [(path, self.load(path)) for path in self._unknown(derivation)]
        while waiting:
            path, needed = waiting[-1]
            missing = self._unknown(needed)
            if missing:
                waiting += [(other, self.load(other)) for other in missing]
            else:
                self._known[path] = self._hash(needed)
                waiting.pop()
        return self._hash(derivation)

    def _unknown(self, derivation: Derivation) -> list[str]:
        if _fixed_output(derivation) is not None:
            return []
        return [path for path in derivation.inputs if path not in self._known]

    def _hash(self, derivation: Derivation) -> bytes:
        fixed = _fixed_output(derivation)
        if fixed is not None:
            text = f"fixed:out:{fixed.algorithm}:{fixed.digest}:{fixed.path}"
            return hashlib.sha256(text.encode()).digest()
        merged: dict[str, set[str]] = {}
        for path, names in derivation.inputs.items():
            merged.setdefault(self._known[path].hex(), set()).update(names)
        inputs = {digest: tuple(sorted(names)) for digest, names in merged.items()}
        return hashlib.sha256(show(replace(derivation, inputs=inputs))).digest()


def _fixed_output(derivation: Derivation) -> Output | None:
    """Return the one output whose content is fixed, if the derivation has such.

    Raises: Refused when the content is addressed but not fixed.
    """
    addressed = [output for output in derivation.outputs.values() if output.algorithm]
    if not addressed:
        return None
    if list(derivation.outputs) != ["out"] or not addressed[0].digest:
        what = "a derivation whose paths are known only once it is built (ca-derivations)"
        raise Refused(what, fix="build it without that, or name what it built: {store: PATH}")
    return addressed[0]


def _fixed_path(name: str, output: Output) -> StorePath:
    method: Literal["flat", "recursive"] = "flat"
    algorithm = output.algorithm
    if algorithm.startswith("r:"):
        method, algorithm = "recursive", algorithm.removeprefix("r:")
    try:
        digest = bytes.fromhex(output.digest)
    except ValueError:
        what = f"'{output.digest[:80]}' is not a hexadecimal digest"
        raise Refused(what, fix="correct the hash in its Nix source") from None
    return fixed_path(name, method, algorithm, digest)


def _masked(derivation: Derivation) -> Derivation:
    """Leave out the output paths, which cannot be in what they are computed from."""
    outputs = {name: Output("") for name in derivation.outputs}
    variables = {
        name: "" if name in derivation.outputs else value
        for name, value in derivation.variables.items()
    }
    return replace(derivation, outputs=outputs, variables=variables)
