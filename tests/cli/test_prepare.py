"""From what a person named to a run that could begin."""

import hashlib
import io
import os
import subprocess
from pathlib import Path

import pytest

from cli.named import overrides
from engine.errors import Refused
from tests.cli.conftest import Write
from tests.cli.program import Program, statuses

_READS_ALL = "-dac_override,-dac_read_search"
_MERE_MORTAL = (
    ["setpriv", f"--bounding-set={_READS_ALL}", f"--inh-caps={_READS_ALL}"]
    if os.geteuid() == 0
    else []
)
CAT = "  s: {inputs: {i: inputs.i}, run: 'cat {inputs.i} >{outputs.o}', outputs: {o: o}}\n"


def test_a_param_is_a_name_and_a_value() -> None:
    """The first '=' parts them; the last word on a name counts."""
    assert overrides(["a=1", "b=x=y", "c=", "a=2"]) == {"a": "2", "b": "x=y", "c": ""}


@pytest.mark.parametrize("text", ["", "a", "a" * 70_000 + "=1"])
def test_what_has_no_equals_sign_is_no_param(text: str) -> None:
    """It is refused with how to write one, and not printed at length."""
    with pytest.raises(Refused) as caught:
        overrides([text])
    assert len(caught.value.what) < 200


@pytest.mark.nix
@pytest.mark.sandbox
def test_an_input_may_be_content_by_its_address(
    tally: Program, write: Write, tmp_path: Path
) -> None:
    """A CID that is here is used; one that is not is exit 3, with how to bring it."""
    (tmp_path / "data").write_text("data\n")
    cid = tally.told("add", tmp_path / "data")["cid"]
    run = tally.told("run", write(CAT, head=f"inputs: {{i: {{cid: {cid}}}}}", name="cid"))
    assert tally("cat", run["outputs"]["s.o"]).out == "data\n"
    other = cid[:20] + "aaaa" + cid[24:]
    done = tally("run", write(CAT, head=f"inputs: {{i: {{cid: {other}}}}}", name="nocid"))
    assert done.code == 3, done.err
    assert "tally import FILE.car" in done.err


@pytest.mark.nix
@pytest.mark.sandbox
def test_what_a_directory_ignores_is_no_change(
    tally: Program, write: Write, tmp_path: Path
) -> None:
    """`.git`, `__pycache__` and what is ignored may change: the step is reused."""
    steps = "  s: {inputs: {i: inputs.i}, run: 'ls {inputs.i} >{outputs.o}', outputs: {o: o}}\n"
    (tmp_path / "src" / ".git").mkdir(parents=True)
    (tmp_path / "src" / "x").write_text("x")
    path = write(steps, head='inputs: {i: {path: ./src, ignore: ["*.bak"]}}', name="ignore")
    tally.told("run", path)
    (tmp_path / "src" / "x.bak").write_text("x")
    (tmp_path / "src" / ".git" / "HEAD").write_text("x")
    assert statuses(tally.told("run", path)) == {"s": "reused"}
    (tmp_path / "src" / "y").write_text("y")
    assert statuses(tally.told("run", path)) == {"s": "ran"}


@pytest.mark.nix
@pytest.mark.sandbox
def test_an_unreadable_input_is_refused(tally: Program, write: Write, tmp_path: Path) -> None:
    """The error names the file. Root, who may read everything, tries without that privilege."""
    (tmp_path / "secret").write_text("x")
    (tmp_path / "secret").chmod(0)
    path = write(CAT, head="inputs: {i: ./secret}", name="secret")
    command = [*_MERE_MORTAL, str(tally.script()), "run", str(path)]
    done = subprocess.run(command, env=tally.environ(), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "secret" in done.stderr


@pytest.mark.nix
@pytest.mark.sandbox
def test_an_input_that_cannot_be_kept_is_refused(
    tally: Program, write: Write, tmp_path: Path
) -> None:
    """A pipe in a directory of inputs: exit 2 with its path, and the next run works."""
    (tmp_path / "dir").mkdir()
    os.mkfifo(tmp_path / "dir" / "pipe")
    steps = "  s: {inputs: {i: inputs.i}, run: 'ls {inputs.i} >{outputs.o}', outputs: {o: o}}\n"
    path = write(steps, head="inputs: {i: ./dir}", name="pipe")
    done = tally("run", path)
    assert done.code == 2
    assert f"{tmp_path}/dir/pipe" in done.err
    (tmp_path / "dir" / "pipe").unlink()
    assert tally("run", path).code == 0


@pytest.mark.nix
@pytest.mark.sandbox
def test_a_url_is_fetched_once(
    tally: Program, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checked against its sha256 and kept: from then on it is there, also offline and after gc."""
    sent: list[str] = []

    def fetch(url: str) -> io.BytesIO:
        sent.append(url)
        return io.BytesIO(b"from afar\n")

    monkeypatch.setattr("cli.download.download", fetch)
    sha256 = hashlib.sha256(b"from afar\n").hexdigest()
    path = write(CAT, head=f'inputs: {{i: {{url: "https://a.b/c", sha256: {sha256}}}}}', name="url")
    assert tally("run", path, "--offline").code == 3
    assert tally("run", path).code == 0
    assert tally("gc", "--keep-intermediates").code == 0
    assert tally("run", path, "--offline").code == 0
    assert sent == ["https://a.b/c"]
    wrong = write(CAT, head=f'inputs: {{i: {{url: "https://a.b/c", sha256: "{"0" * 64}"}}}}')
    done = tally("run", wrong)
    assert done.code == 5
    assert sha256 in done.err
