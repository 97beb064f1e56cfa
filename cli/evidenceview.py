"""`tally show RUN --evidence`: who vouches for what came out of the steps of a run."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import groupby
from operator import attrgetter
from typing import Final

import click

from cli.accusations import Accusation, accusations, row_of
from cli.report import counted, emit_json, emit_table, human_seconds, human_size, note
from cli.runview import RunView
from cli.workspace import Workspace
from engine.attestations import UnknownVersion, machine_of
from engine.content.cid import Cid
from engine.errors import Damaged, NotHere
from engine.evidence import attestation
from engine.machine import Machine
from engine.summary import load_run, run_steps
from engine.times import utc
from engine.values import dataclass
from engine.vouches import Count, Vouch, count, vouches
from peers.addressbook import AddressBook
from peers.identity import PeerId

_IN_UNITS: Final[dict[str, Callable[[int], str]]] = {
    "started_ms": utc,
    "wall_ms": human_seconds,
    "processor_ms": human_seconds,
    "peak_memory": human_size,
}
_UNSIGNED: Final = {"peer": "nobody: this attestation is unsigned"}


@dataclass(frozen=True, slots=True)
class Vouched:
    """All that is printed."""

    run: Cid | None
    rows: list[dict[str, object]]
    counts: list[Count]
    unjudged: list[tuple[str, Cid, str]]  # the step, what is attested of it, and why not
    wrong: list[tuple[str, Accusation]]  # the step, and evidence of a wrong result of it


def vouched(space: Workspace, found: RunView) -> Vouched:
    """Return who vouches for the steps of a run.

    Raises: NotHere when an attestation of it is not here; Damaged when one is malformed.
    """
    keys = {step.key for step in found.steps if step.key}
    told = list(vouches(space.store, found.steps, others_of(space, keys, found.run)))
    by_step = {key: list(each) for key, each in groupby(told, attrgetter("id"))}
    known = known_to(space) if any(one.signer for one in told) else {}
    counts = [count(step, by_step.get(step.id, ())) for step in found.steps if step.result]
    rows = [_row(one, known) for one in told]
    return Vouched(found.run, rows, counts, _unjudged(space, found), _wrong(space, found))


def _wrong(space: Workspace, found: RunView) -> list[tuple[str, Accusation]]:
    """Return what evidence there is here of wrong results of the steps of a run."""
    evidence = accusations(space)
    return [(step.id, one) for step in found.steps for one in evidence if one.step == step.key]


def _unjudged(space: Workspace, found: RunView) -> list[tuple[str, Cid, str]]:
    """Return what is attested in a run in versions that are not known here."""
    unknown = []
    for step in found.steps:
        for cid in step.attestations:
            try:
                attestation(space.store, cid)
            except UnknownVersion as why:
                unknown.append((step.id, cid, why.what))
    return unknown


def emit(found: Vouched, *, as_json: bool) -> None:
    """Print it: each attestation, then how many agree.

    Raises: Damaged when a signature of the run is not the signer's, after all was printed.
    """
    if as_json:
        steps = [{**one._asdict(), "result": str(one.result)} for one in found.counts]
        unjudged = [{"id": one, "attestation": str(cid)} for one, cid, _ in found.unjudged]
        told = {"run": str(found.run), "evidence": found.rows, "steps": steps}
        wrong = [{"id": step, **row_of(one)} for step, one in found.wrong]
        emit_json({**told, "unjudged": unjudged, "wrong": wrong})
    else:
        _emit_rows(found.rows)
        rows = [(one.id, *map(str, one[1:])) for one in found.counts]
        emit_table(rows, ("step", "result", "agree", "differ", "unsigned"))
        _emit_wrong(found.wrong)
    for step, cid, why in found.unjudged:
        note(f"{step}: not judged here: {why} ({cid})")
    _refuse_forged(found.rows)


def _emit_wrong(found: Sequence[tuple[str, Accusation]]) -> None:
    if found:
        click.echo()
        rows = [(step, str(one.evidence), str(one.accused), utc(one.ran_ms)) for step, one in found]
        emit_table(rows, ("step", "evidence of a wrong result", "accused", "ran"))


def others_of(space: Workspace, keys: set[Cid], run: Cid | None) -> Mapping[Cid, Sequence[Cid]]:
    """Return what else is attested of steps: in the memo, and in runs that came from elsewhere."""
    found = defaultdict[Cid, list[Cid]](list)
    for key, witnesses in space.memo.look_up(list(keys)).items():
        found[key] += [one.signed or one.attestation for one in witnesses]
    for row in space.journal.runs():
        if row.imported and row.run is not None and row.run != run:
            with suppress(NotHere, Damaged):
                for step in run_steps(space.store, load_run(space.store, row.run)):
                    if step.step in keys:
                        found[step.step] += step.attestations
    return found


def known_to(space: Workspace) -> dict[PeerId, tuple[str, str | None]]:
    """Return whom the user of this home knows: how, and where the user said that one is."""
    from cli.circle import circle_of  # it reads keys

    circle = circle_of(space.home)
    found: dict[PeerId, tuple[str, str | None]] = {
        one.peer: ("named", one.host) for one in AddressBook(space.home / "peers").addresses()
    }
    if circle.me is not None:
        found[circle.me] = ("this machine", None)
    return found | dict.fromkeys(circle.convicted, ("convicted", None))


def _row(one: Vouch, known: Mapping[PeerId, tuple[str, str | None]]) -> dict[str, object]:
    said = one.said
    peer = PeerId(bytes.fromhex(one.signer)) if one.signer else None
    how, name = known.get(peer, (None, None)) if peer else (None, None)
    return {
        "id": one.id,
        "attestation": str(one.attestation),
        "peer": peer and str(peer),
        "known": how,
        "name": name,
        "signer": one.signer or None,
        "signature": ("good" if one.holds else "bad") if one.signer else None,
        "result": str(said.result),
        "agrees": one.agrees,
        "in_run": one.is_own,
        "sandbox": said.sandbox,
        "system": said.system,
        "machine": _machine(machine_of(said)),
        "started_ms": said.started_ms,
        "wall_ms": said.wall_ms,
        "processor_ms": said.processor_ms,
        "peak_memory": said.peak_memory,
        "reason": said.reason,
        "stdout": str(said.stdout) if said.stdout else None,
        "stderr": str(said.stderr) if said.stderr else None,
    }


def _machine(machine: Machine | None) -> dict[str, object] | None:
    if machine is None:
        return None
    names = ("kernel", "vendor", "family", "model", "brand", "level", "used", "masked", "cores")
    return {"class": machine.name, **{name: getattr(machine, name) for name in names}}


def _emit_rows(rows: Sequence[dict[str, object]]) -> None:
    for row in rows:
        pairs = (("step", row["id"]), *((key, row[key]) for key in row if key != "id"))
        emit_table((key.removesuffix("_ms"), _text(key, value)) for key, value in pairs)
        click.echo()


def _text(key: str, value: object) -> str:
    if isinstance(value, dict):
        masked = counted(len(value["masked"]), "feature")
        cores = counted(value["cores"], "core")
        return f"{value['class']}, {cores}" + (f", {masked} masked" if value["masked"] else "")
    if key in _IN_UNITS and isinstance(value, int):
        return _IN_UNITS[key](value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value or _UNSIGNED.get(key, "-"))


def _refuse_forged(rows: Sequence[dict[str, object]]) -> None:
    bad = [row for row in rows if row["signature"] == "bad" and row["in_run"]]
    if bad:
        others = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        what = f"what is attested of '{bad[0]['id']}'{others} is not signed by who it says"
        fix = "believe nothing of it, and get the run again from whoever has it"
        raise Damaged(what, where=str(bad[0]["attestation"]), fix=fix)
