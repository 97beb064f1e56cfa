"""Nothing that counts credits knows of fractions that are rounded, nor of where it runs."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PEERS = Path(__file__).parents[2] / "peers"
TIMES = frozenset({"node", "placement"})  # they have times, which are fractions, too
FOLDERS = frozenset({"home", "folder"})  # of which a file is named with a stroke
FORBIDDEN = frozenset({"Decimal", "decimal", "float", "locale", "math", "numpy", "round"})


def _is_money(path: Path) -> bool:
    """Return whether a module has to do with amounts, or with the ledger that they are in."""
    text = path.read_text()
    is_told = any(f"from peers.{name} import" in text for name in ("credits", "entries", "entry"))
    return path.stem not in TIMES and (is_told or path.stem in {"credits", "entry"})


MONEY = sorted(path.stem for path in PEERS.glob("*.py") if _is_money(path))


def _inexact(source: str) -> Iterator[str]:
    """Yield what in a program could round an amount, or read it by the ways of a country."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Constant(float() | complex()):
                yield f"line {node.lineno}: {node.value}"
            case ast.BinOp(left=ast.Name(id=name), op=ast.Div()) if name in FOLDERS:
                continue
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                yield f"line {node.lineno}: /"
            case ast.Call(func=ast.Name(id=name)) if name in FORBIDDEN:
                yield f"line {node.lineno}: {name}()"
            case ast.Import(names=names):
                yield from (one.name for one in names if one.name.split(".")[0] in FORBIDDEN)
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in FORBIDDEN:
                yield module
            case ast.FormattedValue(format_spec=ast.JoinedStr(values=[ast.Constant(str(spec))])):
                if spec[-1:] in "eEfFgGn%":
                    yield f"line {node.lineno}: a format {spec!r}"


@pytest.mark.parametrize("name", MONEY)
def test_money_is_whole_numbers(name: str) -> None:
    """No float, true division, rounding, decimal context or locale is in the path of money."""
    assert [*_inexact((PEERS / f"{name}.py").read_text())] == []


def test_all_that_counts_is_looked_at() -> None:
    """Whatever knows credits or entries of the ledger is in the path of money."""
    assert {"budget", "credits", "ledger", "price_list", "prices", "purse", "royalty"} <= {*MONEY}


@pytest.mark.parametrize(
    "source",
    [
        "a = 0.5",
        "a = 1e6",
        "a = b / 2",
        "a /= 2",
        "a = float(b)",
        "a = round(b)",
        "import locale",
        "import decimal",
        "from decimal import Decimal",
        "a = f'{b:.2f}'",
        "a = f'{b:n}'",
    ],
)
def test_what_rounds_is_found(source: str) -> None:
    """Each way to lose part of an amount is seen."""
    assert [*_inexact(source)]
