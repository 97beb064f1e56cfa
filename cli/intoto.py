"""`tally export RUN FILE --format in-toto`: a run as signed statements, for tools of others.

The file has an envelope a line, as in-toto bundles have: one for each step that gave a result, and
one for the run, all signed by the key of this home.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from cli.told import Run, told_of
from cli.workspace import Workspace
from engine.dsse import Signature, envelope
from engine.errors import Refused
from engine.statement import PAYLOAD, run_statement, step_statement
from engine.wholefile import whole_file
from peers.identity import PeerId
from peers.keyring import Identity, Keyring


def export_statements(space: Workspace, run: Run, file: Path, *, sha256: bool) -> dict[str, object]:
    """Write the statements of a run, signed; return what is said of them.

    Raises: Refused when there is a file already; Damaged when something attested in it is forged;
    NotHere when it is not all here.
    """
    if file.exists():
        raise Refused("there is a file already", where=str(file), fix="name a new file")
    me = Keyring(space.home / "keys").identity()
    count = 0
    with whole_file(file) as stream:
        for statement in _statements(space, run, sha256=sha256):
            payload = json.dumps(statement, ensure_ascii=False, sort_keys=True).encode()
            stream.write(json.dumps(_signed(me, payload)).encode() + b"\n")
            count += 1
    return {"statements": count, "signer": me.public_key.hex(), "peer": str(me.peer)}


def _statements(space: Workspace, run: Run, *, sha256: bool) -> Iterator[dict[str, object]]:
    told = told_of(space, run, sha256=sha256)
    for done in told.done:
        yield step_statement(run.cid, done, who_of, told.sums)
    yield run_statement(run.cid, run.record, told.steps, told.outputs, told.sums)


def _signed(me: Identity, payload: bytes) -> dict[str, object]:
    return envelope(PAYLOAD, payload, [Signature(str(me.peer), me.sign_envelope(PAYLOAD, payload))])


def who_of(signer: str) -> str:
    """Return the URI of who signed; of what nobody did, that nobody did."""
    return f"tally://{PeerId(bytes.fromhex(signer))}" if signer else "urn:tallystick:unsigned"
