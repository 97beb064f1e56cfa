"""Output paths against those that Nix itself computed."""

import dataclasses
import json
from pathlib import Path

import pytest

from engine.errors import Damaged, Refused
from engine.nix.derivation import Derivation, Output, parse
from engine.nix.outputs import Hasher
from engine.nix.storepath import StorePath

GOLDEN = json.loads(Path(__file__).parents[2].joinpath("vectors/derivations.json").read_text())
RECIPE = {  # equal on every x86_64 machine
    "3v3xjnmnr9rzc67sa5zzvynpzafdkgrn-tools.drv": "pyhl1qyaar7sgx94vl5nfdw0ymr2insb-tools",
    "a5jiz1m62cqxn17bwzbs108x8w8vv04q-env-python.drv": (
        "jb9ggg51s2ky683z3i0crrbr9ls1sh9x-env-python"
    ),
    "8mqiln5z08kjf91va52fkm3glbc92nxj-env-numpy.drv": "jcaj5dfvlzl2ghax6hl5si6rf15656x8-env-numpy",
    "7411m759pd5x7v7p9k26gg24v5v0xjlm-tcc-musl.drv": "zssrw3qkazpkvvbg1zs5qjzbbhz6i1q7-tcc-musl",
    "b1nyji2xcp4vf29lpprqnl4arj5j8n12-hello-tcc.drv": "1hf5493aax88b8rmc6akmg7a3dywxdhk-hello-tcc",
}


def load(path: str) -> Derivation:
    """Read a golden derivation."""
    return parse(GOLDEN[path].encode())


@pytest.mark.parametrize("path", GOLDEN)
def test_outputs_are_where_nix_says(path: str) -> None:
    """The output paths that Nix wrote in a derivation follow from it: fixed, chained, several."""
    Hasher(load).check(StorePath.parse(path), load(path))


@pytest.mark.parametrize("base", RECIPE)
def test_recipe_environments(base: str) -> None:
    """The environments of examples/env have the store paths they have everywhere."""
    name = base[33:-4]
    paths = Hasher(load).output_paths(name, load(f"/nix/store/{base}"))
    assert paths["out"].base == RECIPE[base]


def test_a_wrong_output_path_is_damage() -> None:
    """A derivation that says another output path than follows from it is not believed."""
    path = "/nix/store/8mqiln5z08kjf91va52fkm3glbc92nxj-env-numpy.drv"
    other = dataclasses.replace(
        load(path), outputs={"out": Output("/nix/store/" + "0" * 32 + "-x")}
    )
    with pytest.raises(Damaged, match="jcaj5dfvlzl2ghax6hl5si6rf15656x8"):
        Hasher(load).check(StorePath.parse(path), other)


def test_deep_chains_do_not_recurse() -> None:
    """A chain deeper than Python's stack is hashed, each derivation loaded once."""
    base = Derivation({"out": Output("/x")}, {}, (), "s", "b", (), {"out": "/x"})
    loads: list[str] = []

    def chain(path: str) -> Derivation:
        loads.append(path)
        level = int(path)
        return dataclasses.replace(base, inputs={str(level - 1): ("out",)} if level else {})

    Hasher(chain).output_paths("deep", chain("5000"))
    assert len(loads) == 5001


def test_floating_outputs_are_refused() -> None:
    """Paths that are known only after the build cannot be computed, and that is said."""
    floating = Derivation({"out": Output("", "r:sha256", "")}, {}, (), "s", "b", (), {})
    with pytest.raises(Refused, match="ca-derivations"):
        Hasher(load).output_paths("x", floating)


def test_a_bad_digest_is_refused() -> None:
    """A fixed digest that is not hexadecimal is refused."""
    fixed = Derivation({"out": Output("", "sha256", "zz")}, {}, (), "s", "b", (), {})
    with pytest.raises(Refused, match="hexadecimal"):
        Hasher(load).output_paths("x", fixed)
