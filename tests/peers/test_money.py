"""Nothing that counts credits knows of fractions that are rounded, nor of where it runs."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PEERS = Path(__file__).parents[2] / "peers"
MONEY = (
    "audit",
    "balance",
    "budget",
    "channel",
    "credits",
    "entries",
    "entry",
    "grounds",
    "ledger",
    "ledger_book",
    "ledger_check",
    "ledger_file",
    "ledger_place",
    "ledger_state",
    "order",
    "price_list",
    "prices",
    "proofs",
    "purse",
    "royalty",
)
FOLDERS = frozenset({"home", "folder"})  # of which a file is named with a stroke
FORBIDDEN = frozenset({"Decimal", "decimal", "float", "locale", "math", "numpy", "round"})


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


@pytest.mark.parametrize("name", [one for one in MONEY if (PEERS / f"{one}.py").exists()])
def test_money_is_whole_numbers(name: str) -> None:
    """No float, true division, rounding, decimal context or locale is in the path of money."""
    assert [*_inexact((PEERS / f"{name}.py").read_text())] == []


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
