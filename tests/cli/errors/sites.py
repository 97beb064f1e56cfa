"""Sites: every place in the program where an error for a user is made, found in its source.

A site is known by its function and what it says, so that it stays the same when lines move.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
CREDIT = (  # of peers, what a person meets who owes or lends
    "budget",
    "control_client",
    "credits",
    "granting",
    "ledger_book",
    "ledger_bundle",
    "ledger_bundle_check",
    "ledger_file",
    "limits",
    "price_list",
    "royalties",
    "settling",
)
FAMILIES = {
    "Refused",
    "Damaged",
    "Unavailable",
    "NoSandbox",
    "StepFailed",
    "Differs",
    "TallyError",
}
MAKERS = {"refused": 2, "_refused": 2, "Problem": 2}  # and at which place they take the fix


@dataclass(frozen=True, slots=True)
class Site:
    """One call that makes an error."""

    module: str  # "engine/workflow/load.py"
    function: str  # "read_text"
    maker: str  # "Refused"
    what: str  # its text, with … for what is filled in; "" for a text that comes from elsewhere
    has_fix: bool
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.module} {self.function}: {self.what}"


def all_sites() -> list[Site]:
    """Return every site, in order of files and lines."""
    files = [*(ROOT / "cli").rglob("*.py"), *(ROOT / "engine").rglob("*.py")]
    files += [ROOT / "peers" / f"{name}.py" for name in CREDIT]
    return [
        site for path in sorted(files) if "templates" not in path.parts for site in _sites(path)
    ]


def _sites(path: Path) -> Iterator[Site]:
    module = str(path.relative_to(ROOT))
    tree = ast.parse(path.read_text())
    for function, names in _functions(tree):
        for call in _calls(function):
            maker = _name(call.func)
            if maker in FAMILIES or maker in MAKERS:
                what = call.args[1] if maker == "Problem" else call.args[0] if call.args else None
                text = _text(what, _texts(function, call.lineno))
                lines = (call.lineno, call.end_lineno or call.lineno)
                yield Site(module, names, maker, text, _has_fix(call, maker), *lines)


def _functions(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Yield every function with its qualified name, and the module for what is in none."""

    def below(node: ast.AST, names: str) -> Iterator[tuple[ast.AST, str]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                inner = f"{names}.{child.name}".lstrip(".")
                if isinstance(child, ast.FunctionDef):
                    yield child, inner
                yield from below(child, inner)
            else:
                yield from below(child, names)

    yield from below(tree, "")


def _calls(function: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls of a function, but not of those within it."""
    waiting = list(ast.iter_child_nodes(function))
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        if isinstance(node, ast.Call):
            yield node
        waiting += ast.iter_child_nodes(node)


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _texts(function: ast.AST, line: int) -> dict[str, str]:
    """Return the texts that a function has given names to before a line, as `what`."""
    found: dict[str, str] = {}
    nodes = (node for node in ast.walk(function) if isinstance(node, ast.Assign))
    for node in sorted(nodes, key=lambda node: node.lineno):
        if node.lineno < line and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = _text(node.value, found)
    return found


def _text(node: ast.expr | None, named: dict[str, str]) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(x.value if isinstance(x, ast.Constant) else "…" for x in node.values)
    if isinstance(node, ast.IfExp):
        return f"{_text(node.body, named)} | {_text(node.orelse, named)}"
    if isinstance(node, ast.BinOp):
        return _text(node.left, named) + _text(node.right, named)
    return named.get(node.id, "") if isinstance(node, ast.Name) else ""


def _has_fix(call: ast.Call, maker: str) -> bool:
    place = MAKERS.get(maker)
    fix = next((each.value for each in call.keywords if each.arg == "fix"), None)
    if fix is None and place is not None and len(call.args) > place:
        fix = call.args[place]
    return fix is not None and not (isinstance(fix, ast.Constant) and not fix.value)
