"""The YAML language server, spoken to as an editor does: JSON-RPC over its standard streams."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

_MARKED: Final = "textDocument/publishDiagnostics"
_CAPABILITIES: Final = {
    "textDocument": {
        "hover": {"contentFormat": ["markdown", "plaintext"]},
        "completion": {"completionItem": {"snippetSupport": False}},
        "publishDiagnostics": {},
    },
    "workspace": {"configuration": True},
}


class Server:
    """One language server, whose workspace is `folder`; no schema is fetched from anywhere."""

    def __init__(
        self, program: Path, folder: Path, schemas: Mapping[str, str], environ: Mapping[str, str]
    ) -> None:
        """Start it. `schemas`: where a schema is -> for which files, as a person sets it."""
        self._process = subprocess.Popen(
            ["node", program, "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(environ),
        )
        self._settings = {
            "yaml": {
                "schemaStore": {"enable": False},
                "schemas": dict(schemas),
                "validate": True,
                "completion": True,
                "hover": True,
            }
        }
        self._sent = 0
        root = {"rootUri": folder.as_uri(), "processId": None, "capabilities": _CAPABILITIES}
        self._ask("initialize", root)
        self._tell("initialized", {})
        self._tell("workspace/didChangeConfiguration", {"settings": self._settings})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._process.kill()
        self._process.communicate()

    def open(self, path: Path, text: str) -> list[dict[str, Any]]:
        """Open a file, for the first time, with that text; return what is marked in it."""
        document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", {"textDocument": document})
        while True:
            said = self._next()
            if said.get("method") == _MARKED and said["params"]["uri"] == path.as_uri():
                found: list[dict[str, Any]] = said["params"]["diagnostics"]
                return found

    def hover(self, path: Path, line: int, column: int) -> str:
        """Return what is shown when the mouse rests there; lines and columns begin at 0."""
        found = self._ask("textDocument/hover", _position(path, line, column))
        return str(found["contents"]["value"]) if found else ""

    def complete(self, path: Path, line: int, column: int) -> list[str]:
        """Return what could be typed there."""
        found = self._ask("textDocument/completion", _position(path, line, column))
        items = found["items"] if isinstance(found, dict) else found or []
        return [item["label"] for item in items]

    def _ask(self, method: str, params: Any) -> Any:
        self._sent += 1
        number = self._sent
        self._send({"id": number, "method": method, "params": params})
        while True:
            said = self._next()
            if said.get("id") == number and "method" not in said:
                assert "error" not in said, said
                return said["result"]

    def _tell(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self._process.stdin.flush()

    def _next(self) -> dict[str, Any]:
        """Return what the server says next; what it asks is answered on the way."""
        assert self._process.stdout is not None
        length = 0
        while (line := self._process.stdout.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length, "the language server has ended"
        said: dict[str, Any] = json.loads(self._process.stdout.read(length))
        if "method" in said and "id" in said:
            self._send({"id": said["id"], "result": self._answer(said)})
        return said

    def _answer(self, asked: dict[str, Any]) -> Any:
        if asked["method"] != "workspace/configuration":
            return None
        wanted = [item.get("section") for item in asked["params"]["items"]]
        return [self._settings.get(section, {}) for section in wanted]


def _position(path: Path, line: int, column: int) -> dict[str, Any]:
    return {
        "textDocument": {"uri": path.as_uri()},
        "position": {"line": line, "character": column},
    }
