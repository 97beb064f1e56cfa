"""Workflow files to read: a head for short ones, a large good one, and all the bad ones."""

from dataclasses import dataclass
from pathlib import Path

from engine.workflow.model import Workflow
from engine.workflow.parse import parse

ROOT = Path(__file__).parents[3]
CID = "bafkr4icj3sdq34o6p7lapfgoxtset5om3lsxll72uz5cjnrkzmb6aoo3si"
STORE_PATH = "/nix/store/00000000000000000000000000000000-e"

HEAD = f"""\
workflow: w
environments: {{e: {{store: {STORE_PATH}}}}}
defaults: {{environment: e}}
"""

LARGE = f"""\
workflow: large
description: one of everything
params:
  seeds: [0, 1, 2]
  rate: 0.000001
  label: no
  all: true
  options: {{b: [1, null], a: x}}
  n: null
inputs:
  code: ./src/
  raw: {{cid: {CID}, share: never}}
  notes: {{path: ../notes, ignore: ["*.tmp", "*.bak", g, f, e, "*.tmp", d, c], share: owners}}
  weights: {{url: "https://example.org/w", sha256: {"AB" * 32}}}
environments:
  ml: {{nix: ../env/default.nix, attribute: env-numpy}}
  fl: {{flake: "nixpkgs/abc#python312"}}
  st: {{store: {STORE_PATH}}}
  dr: {{drv: "{STORE_PATH}.drv!bin,dev"}}
  ci: {{cid: {CID}}}
  rq:
    requirements: ./uv.lock
    python: {{flake: "nixpkgs/abc#python312"}}
    extras: [b, a]
    groups: []
  rt: {{requirements: requirements.txt, without: [libtbb.so.12], extras: []}}
defaults:
  environment: ml
  retries: 1
  resources: {{memory: 1GiB, cpus: 2}}
  env: {{A: "1", B: "{{params.label}}"}}
steps:
  prepare:
    inputs: {{code: inputs.code/./prepare.py, raw: inputs.raw}}
    run: python {{inputs.code}} {{inputs.raw}} {{outputs.data}} {{params.options}}
    outputs: {{data: ./data/, shards: {{path: shards, verify: none}}}}
  train:
    scatter: {{seed: params.seeds, size: [1, 2.50, x]}}
    inputs: {{code: inputs.code/train.py, data: prepare.data/train}}
    run: [python, "{{inputs.code}}", "{{scatter.seed}}", 3, 1e-6, true, "--size={{scatter.size}}"]
    outputs: {{model: model.npz, log: {{path: log, verify: none}}}}
    resources: {{cpus: 1, time: 2min, disk: 1.5GiB, gpus: 0}}
    env: {{B: 2, C: "{{scatter.seed}}"}}
    cache: false
    when: params.all
  score:
    scatter: {{seed: params.seeds, size: [1, 2.5, x]}}
    inputs: {{model: train.model, log: train.log}}
    run: score {{inputs.model}} > {{outputs.score}}
    outputs: {{score: {{path: s.json, verify: {{tolerance: 1e-6}}}}}}
  each:
    environment: st
    scatter: {{shard: prepare.shards/*}}
    run: wc {{scatter.shard}} > {{outputs.n}}
    outputs: {{n: n}}
  report:
    inputs:
      scores: score[*].score
      first: train[0].model
      ns: each[*].n
      notes: inputs.notes
    needs: [prepare, each]
    run: |
      set -x
      report {{inputs.scores}} {{inputs.ns.list}} > {{outputs.report}}  # {{{{literal}}}}
    outputs: {{report: report.txt}}
"""


@dataclass(frozen=True, slots=True)
class Bad:
    """A file that is refused, and what is said."""

    name: str
    shape: bool  # whether its shape alone is wrong, so that the JSON Schema refuses it too
    text: str
    what: str
    where: str
    fix: str


def bad_files() -> list[Bad]:
    """Return the table in tests/vectors/bad-workflows.txt."""
    table = (ROOT / "tests/vectors/bad-workflows.txt").read_text()
    return [_bad(part) for part in table.split("\n=== ")[1:]]


def _bad(part: str) -> Bad:
    title, _, rest = part.partition("\n")
    text, what, where, fix = rest.strip("\n").split("\n!! ")
    return Bad(
        title.removesuffix(" (shape)"), title.endswith(" (shape)"), text + "\n", what, where, fix
    )


def steps(text: str, head: str = "") -> Workflow:
    """Return a workflow of the steps in `text`, after the usual head."""
    return parse(f"{HEAD}{head}steps:\n{text}", "w.yaml")
