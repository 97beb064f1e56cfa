"""Errors of the command line, settings and files that are named on it."""

import http.server
import os
import threading
from pathlib import Path
from unittest.mock import patch

from engine.content.cid import RAW, Cid
from tests.cli.errors.stage import GOOD, Stage, meets
from tests.cli.program import Told

LINE = "The command line"
SETTINGS = "Settings"
FILES = "Files"


@meets(LINE, "a command that there is not")
def _(stage: Stage) -> Told:
    return stage("runn", "w.yaml")


@meets(LINE, "a command that nothing is like")
def _(stage: Stage) -> Told:
    return stage("frobnicate")


@meets(LINE, "an option that there is not")
def _(stage: Stage) -> Told:
    return stage("run", "w.yaml", "--ofline")


@meets(LINE, "an option without its value")
def _(stage: Stage) -> Told:
    return stage("run", "w.yaml", "-p")


@meets(LINE, "too few words")
def _(stage: Stage) -> Told:
    return stage("run")


@meets(LINE, "too many words")
def _(stage: Stage) -> Told:
    return stage("show", "one", "two")


@meets(LINE, "a value that is not one of a few")
def _(stage: Stage) -> Told:
    return stage("runs", "-o", "xml")


@meets(LINE, "a number that is none")
def _(stage: Stage) -> Told:
    return stage("rerun", stage.run, "--sample", "0")


@meets(LINE, "-p without a value")
def _(stage: Stage) -> Told:
    stage.write("w.yaml", GOOD)
    return stage("run", "w.yaml", "-p", "n")


@meets(LINE, "a param that the workflow has not")
def _(stage: Stage) -> Told:
    stage.write("w.yaml", GOOD.replace("steps:", "params: {epochs: 3}\nsteps:"))
    return stage("run", "w.yaml", "-p", "epoch=4")


@meets(LINE, "a param that is given nothing")
def _(stage: Stage) -> Told:
    stage.write("w.yaml", GOOD.replace("steps:", "params: {epochs: 3}\nsteps:"))
    return stage("run", "w.yaml", "-p", "epochs=")


@meets(LINE, "a param that must be given")
def _(stage: Stage) -> Told:
    stage.write("w.yaml", GOOD.replace("steps:", "params: {epochs: null}\nsteps:"))
    return stage("run", "w.yaml")


@meets(LINE, "a param that is no YAML")
def _(stage: Stage) -> Told:
    stage.write("w.yaml", GOOD.replace("steps:", "params: {seeds: [1]}\nsteps:"))
    return stage("run", "w.yaml", "-p", "seeds=[1, 2")


@meets(LINE, "a step to force that there is not")
def _(stage: Stage) -> Told:
    stage.write("w.yaml", GOOD.replace("  a:", "  train:"))
    return stage("run", "w.yaml", "--force", "trian")


@meets(LINE, "steps for peers, and no peer of this home's")
def _(stage: Stage) -> Told:
    stage.write("w.yaml", GOOD)
    return stage("run", "w.yaml", "--on", "peers")


@meets(LINE, "the address of a peer that is none")
def _(stage: Stage) -> Told:
    return stage("peer", "add", "192.0.2.7:4177")


@meets(LINE, "a peer to forget that was not named")
def _(stage: Stage) -> Told:
    return stage("peer", "remove", "12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5")


@meets(LINE, "a bound of what peers may cost that is no amount")
def _(stage: Stage) -> Told:
    stage.write("w.yaml", GOOD)
    return stage("run", "w.yaml", "--max-cost", "3,5")


@meets(LINE, "a chain of some steps")
def _(stage: Stage) -> Told:
    return stage("rerun", stage.run, "--chain", "--step", "letter")


@meets(LINE, "a template that there is not")
def _(stage: Stage) -> Told:
    return stage("init", "new", "--template", "nunpy")


@meets(LINE, "a new project where there is something")
def _(stage: Stage) -> Told:
    stage.write("workflow.yaml", GOOD)
    return stage("init")


@meets(LINE, "a new project in a directory without a name")
def _(stage: Stage) -> Told:
    return stage("init", "")


@meets(LINE, "a new project where a symlink leads nowhere")
def _(stage: Stage) -> Told:
    Path("project").symlink_to("nowhere")
    return stage("init", "project")


@meets(LINE, "a new project below a file")
def _(stage: Stage) -> Told:
    stage.write("notes", "")
    return stage("init", "notes/project")


@meets(LINE, "a shell that is not known")
def _(stage: Stage) -> Told:
    return stage("completion", "print", "tcsh")


@meets(SETTINGS, "a setting that there is not")
def _(stage: Stage) -> Told:
    return stage("config", "set", "job", "4")


@meets(SETTINGS, "a value that a setting does not take")
def _(stage: Stage) -> Told:
    return stage("config", "set", "jobs", "many")


@meets(SETTINGS, "a value of an option that a setting does not take")
def _(stage: Stage) -> Told:
    stage.write("w.yaml", GOOD)
    return stage("run", "w.yaml", "-j", "0")


@meets(SETTINGS, "a value that the environment gives")
def _(stage: Stage) -> Told:
    stage.extra["TALLY_MEMORY"] = "lots"
    return stage("runs", shown="TALLY_MEMORY=lots tally runs")


@meets(SETTINGS, "a value with what is invisible in it")
def _(stage: Stage) -> Told:
    return stage("config", "set", "home", "a\x07b", shown="tally config set home $'a\\ab'")


def _config(stage: Stage, text: str | bytes) -> None:
    stage.extra["XDG_CONFIG_HOME"] = str(stage.folder)
    stage.write("tallystick/config.toml", text)


@meets(SETTINGS, "a config file that is no TOML")
def _(stage: Stage) -> Told:
    _config(stage, "jobs: 4\n")
    return stage("runs")


@meets(SETTINGS, "a setting in the config file that there is not")
def _(stage: Stage) -> Told:
    _config(stage, "job = 4\n")
    return stage("runs")


@meets(SETTINGS, "a config file that cannot be read")
def _(stage: Stage) -> Told:
    stage.extra["XDG_CONFIG_HOME"] = str(stage.folder)
    (stage.folder / "tallystick" / "config.toml").mkdir(parents=True)
    return stage("runs")


@meets(SETTINGS, "a home that is a file")
def _(stage: Stage) -> Told:
    stage.write("home", "")
    return stage("runs", "--home", "home")


@meets(FILES, "a workflow that is not there")
def _(stage: Stage) -> Told:
    return stage("run", "nowhere.yaml")


@meets(FILES, "a directory instead of a workflow")
def _(stage: Stage) -> Told:
    stage.write("project/workflow.yaml", GOOD)
    return stage("run", "project")


@meets(FILES, "a workflow that cannot be read")
def _(stage: Stage) -> Told:
    (stage.folder / "w.yaml").symlink_to("w.yaml")
    return stage("run", "w.yaml")


@meets(FILES, "a workflow that is too long")
def _(stage: Stage) -> Told:
    stage.write("w.yaml", "#" * 2 * 2**20)
    return stage("run", "w.yaml")


@meets(FILES, "a workflow that is no text")
def _(stage: Stage) -> Told:
    stage.write("w.yaml", b"workflow: w\nsteps: \xff\xfe\n")
    return stage("run", "w.yaml")


@meets(FILES, "a Python file that is no Python")
def _(stage: Stage) -> Told:
    stage.write("w.py", "from engine.workflow.builder import Workflow\nw = Workflow('w'\n")
    return stage("run", "w.py")


@meets(FILES, "a Python file with a NUL in it")
def _(stage: Stage) -> Told:
    stage.write("w.py", b"x = 1\ny = '\0'\n")
    return stage("run", "w.py")


@meets(FILES, "a Python file that fails")
def _(stage: Stage) -> Told:
    stage.write("w.py", "seeds = [1, 2]\nprint(seeds[2])\n")
    return stage("run", "w.py")


@meets(FILES, "a Python file without a workflow")
def _(stage: Stage) -> Told:
    stage.write("w.py", "x = 1\n")
    return stage("run", "w.py")


BUILDER = "from engine.workflow.builder import Workflow\n\nw = Workflow('w')\n"


@meets(FILES, "a name twice, in Python")
def _(stage: Stage) -> Told:
    stage.write("w.py", f"{BUILDER}w.param('n', 1)\nw.param('n', 2)\n")
    return stage("run", "w.py")


@meets(FILES, "a value that no workflow can hold, in Python")
def _(stage: Stage) -> Told:
    stage.write("w.py", f"{BUILDER}w.param('n', {{1, 2}})\n")
    return stage("run", "w.py")


@meets(FILES, "a key that is no text, in Python")
def _(stage: Stage) -> Told:
    stage.write("w.py", f"{BUILDER}w.param('n', {{1: 2}})\n")
    return stage("run", "w.py")


@meets(FILES, "a number that is not finite, in Python")
def _(stage: Stage) -> Told:
    stage.write("w.py", f"{BUILDER}w.param('n', float('nan'))\n")
    return stage("run", "w.py")


@meets(FILES, "data that never ends, in Python")
def _(stage: Stage) -> Told:
    stage.write("w.py", f"{BUILDER}x = []\nx.append(x)\nw.param('n', x)\n")
    return stage("run", "w.py")


@meets(FILES, "a misspelt key, in Python")
def _(stage: Stage) -> Told:
    stage.write("w.py", f"{BUILDER}w.step('a', run='x', ouputs={{'o': 'o'}})\n")
    return stage("run", "w.py")


@meets(FILES, "an input that is not there")
def _(stage: Stage) -> Told:
    stage.write("w.yaml", GOOD.replace("steps:", "inputs: {code: ./scr}\nsteps:"))
    return stage("run", "w.yaml")


@meets(FILES, "an input that cannot be read")
def _(stage: Stage) -> Told:
    name = "./" + 300 * "n"
    stage.write("w.yaml", GOOD.replace("steps:", f"inputs: {{code: {name}}}\nsteps:"))
    told = stage("run", "w.yaml")
    return Told(told.code, told.out, told.err.replace(300 * "n", "nnn…"))


@meets(FILES, "an input with what is no file in it", "nix")
def _(stage: Stage) -> Told:
    (stage.folder / "src").mkdir()
    os.mkfifo(stage.folder / "src" / "pipe")
    stage.good("  a: {run: x}\n", "inputs: {code: ./src}\n")
    return stage("run", "w.yaml")


class _Files(http.server.BaseHTTPRequestHandler):
    """Gives one file, whatever is asked for."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"not what was meant\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


def _remote(stage: Stage, url: str, *words: str) -> Told:
    source = f"{{url: '{url}', sha256: {'ab' * 32}}}"
    stage.good("  a: {run: x}\n", f"inputs: {{weights: {source}}}\n")
    return stage("run", "w.yaml", *words)


@meets(FILES, "an address that gives something else", "nix")
def _(stage: Stage) -> Told:
    with http.server.HTTPServer(("127.0.0.1", 0), _Files) as server:
        threading.Thread(target=server.handle_request).start()
        port = server.server_port
        told = _remote(stage, f"http://127.0.0.1:{port}/weights.bin")
    return Told(told.code, told.out, told.err.replace(f"127.0.0.1:{port}", "example.org"))


@meets(FILES, "an address that gives too much", "nix")
def _(stage: Stage) -> Told:
    with http.server.HTTPServer(("127.0.0.1", 0), _Files) as server:
        threading.Thread(target=server.handle_request).start()
        with patch("engine.downloads.MAX_FETCH", 10):
            return _remote(stage, f"http://127.0.0.1:{server.server_port}/weights.bin")


@meets(FILES, "an address that does not answer", "nix")
def _(stage: Stage) -> Told:
    told = _remote(stage, "http://127.0.0.1:9/weights.bin")
    return Told(told.code, told.out, told.err.replace("127.0.0.1:9", "example.org"))


@meets(FILES, "an address that was never fetched, offline", "nix")
def _(stage: Stage) -> Told:
    return _remote(stage, "https://example.org/weights.bin", "--offline")


@meets(FILES, "an input by a CID that is not here", "nix")
def _(stage: Stage) -> Told:
    cid = Cid.of(RAW, b"nobody has this")
    stage.good("  a: {run: x}\n", f"inputs: {{data: {{cid: {cid}}}}}\n")
    return stage("run", "w.yaml")
