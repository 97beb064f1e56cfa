"""What builders say of an environment, printed: how many agree, and who says what."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from engine.built import Word, count
from peers.identity import PeerId
from peers.search import Circle


class Builders(NamedTuple):
    """The words about an environment, and whom the user knows."""

    words: Sequence[Word]
    circle: Circle

    def rows(self) -> list[tuple[str, str]]:
        """Return what a person is told: a number, then a line for each word."""
        counted = count(self.words)
        total = f"{len(counted.agree)} agree, {len(counted.differ)} differ"
        return [("builders", total), *(("", self._line(one)) for one in self.words)]

    def as_json(self) -> dict[str, object]:
        """Return what a script is told."""
        counted = count(self.words)
        return {
            "agree": len(counted.agree),
            "differ": len(counted.differ),
            "attestations": [self._facts(one) for one in self.words],
        }

    def _line(self, one: Word) -> str:
        how = "agrees" if one.agrees else "differs"
        day = datetime.fromtimestamp(one.said.built_ms / 1000, UTC).date()
        where = f"Nix {one.said.nix_version}, {one.said.machine.name}"
        return f"{PeerId(one.signer)}{self._known(one)} {how}: {day}, {where}"

    def _known(self, one: Word) -> str:
        known = self._how(one)
        return f" ({known})" if known else ""

    def _how(self, one: Word) -> str | None:
        peer = PeerId(one.signer)
        if peer in self.circle.convicted:
            return "convicted"
        if peer == self.circle.me:
            return "this machine"
        return "named" if peer in self.circle.named else None

    def _facts(self, one: Word) -> dict[str, object]:
        said = one.said
        return {
            "attestation": str(one.cid),
            "peer": str(PeerId(one.signer)),
            "known": self._how(one),
            "agrees": one.agrees,
            "derivation": said.derivation,
            "system": said.system,
            "outputs": {
                name: {"path": out.name, "nar_sha256": out.nar_hash.hex(), "size": out.nar_size}
                for name, out in said.outputs.items()
            },
            "closure": str(said.closure),
            "built_ms": said.built_ms,
            "nix": said.nix_version,
            "machine": said.machine.name,
            "kernel": said.machine.kernel,
        }
