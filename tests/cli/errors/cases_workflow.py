"""Errors of workflow files that are long or odd; the table of bad files has the short ones."""

from collections.abc import Callable

from tests.cli.errors.stage import GOOD, Stage, meets
from tests.cli.program import Told

HEAD = GOOD.partition("steps:")[0]
STEPS = "steps:\n  a: {environment: e, run: x, outputs: {o: o}}\n"
TOPIC = "The workflow file"


def _step(keys: str) -> str:
    return f"{HEAD}steps:\n  a: {{environment: e, run: x, {keys}}}\n"


def _many(form: str, count: int) -> str:
    return ", ".join(form.format(number) for number in range(count))


FILES = {
    "a description that is too long": f"{HEAD}description: {'x' * 17_000}\n{STEPS}",
    "too many params": f"{HEAD}params: {{{_many('p{}: 1', 2_001)}}}\n{STEPS}",
    "a number that is too large": f"{HEAD}params: {{p: 99999999999999999999}}\n{STEPS}",
    "directories too deep in an output path": _step(f"outputs: {{o: {'d/' * 100}o}}"),
    "a NUL": f'{HEAD}description: "\\0"\n{STEPS}',
    "half of a character": f'{HEAD}description: "\\ud800"\n{STEPS}',
    "a %TAG line": f"%TAG !e! tag:example.org,2000:\n---\n{GOOD}",
    "a character that YAML has not": f"{HEAD}description: x\x01y\n{STEPS}",
    "values too deep in one another": f"{HEAD}params: {{p: {'[' * 40}{']' * 40}}}\n{STEPS}",
    "too many needs": _step(f"needs: [{_many('s{}', 1_001)}]"),
    "too many variables": _step(f"env: {{{_many('A{}: 1', 257)}}}"),
    "defaults that are too long in all steps": (
        f"{HEAD}defaults: {{environment: e, env: {{A: {'x' * 2_000}}}}}\n"
        f"steps: {{{_many('s{}: {{run: x}}', 600)}}}\n"
    ),
    "a workflow that is too long": (
        f"{HEAD}params: {{p: {'x' * 300_000}}}\n"
        f"defaults: {{environment: e, env: {{A: {'x' * 1_500}}}}}\n"
        f"steps: {{{_many('s{}: {{run: x}}', 600)}}}\n"
    ),
    "too many patterns to ignore": (
        f"{HEAD}inputs: {{i: {{path: ., ignore: [{_many('x{}', 1_001)}]}}}}\n{STEPS}"
    ),
    "an empty pattern to ignore": f"{HEAD}inputs: {{i: {{path: ., ignore: ['']}}}}\n{STEPS}",
    "an input without a path": f"{HEAD}inputs: {{i: ''}}\n{STEPS}",
    "an address with a space": (
        f"{HEAD}inputs: {{i: {{url: 'https://a.org/a b', sha256: {'0' * 64}}}}}\n{STEPS}"
    ),
    "a sha256 of no address": f"{HEAD}inputs: {{i: {{path: ., sha256: {'0' * 64}}}}}\n{STEPS}",
    "a control character in a path": f'{HEAD}inputs: {{i: {{path: "a\\x07b"}}}}\n{STEPS}',
    "a tolerance that is missing": _step("outputs: {o: {path: o, verify: {}}}"),
    "an output path that is none": _step('outputs: {o: "a/\\ud7ff\\u0085"}'),
    "an output path that is too long": _step(f"outputs: {{o: {('d' * 200 + '/') * 25}o}}"),
    "an instance of an input": _step("inputs: {j: 'inputs[0].i'}"),
    "a path in a param": _step("scatter: {s: params.p/x}"),
    "scatters over two directories, read item by item": (
        f"{HEAD}steps:\n  m: {{environment: e, run: x, outputs: {{o: o, p: p}}}}\n"
        "  a: {environment: e, run: x, scatter: {s: m.o/*}, outputs: {o: o}}\n"
        "  b: {environment: e, run: x, scatter: {s: m.p/*}, inputs: {i: a.o}}\n"
    ),
}


def _file(text: str) -> Callable[[Stage], Told]:
    def act(stage: Stage) -> Told:
        stage.write("w.yaml", text)
        return stage("run", "w.yaml", shown="")

    return act


for title, text in FILES.items():
    meets(TOPIC, title)(_file(text))
