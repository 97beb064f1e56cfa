"""Have the model write candidates: sample.py MODEL COMMENTS SHARD SHARDS N TEMPERATURE SEED CANDIDATES

SHARD takes every problem whose number leaves SHARD when divided by SHARDS. CANDIDATES has N programs
for each of its problems, drawn token by token at a TEMPERATURE, by the number of the problem. What
is drawn is text: it may be no Python, or never end.
"""

import json
import sys
from pathlib import Path

import numpy as np

import phrases
import tokens
import writer

LONGEST = 80  # tokens; a program of four operations has about 50


def draw(rng: np.random.Generator, chances: np.ndarray) -> np.ndarray:
    """Return one token of each row of chances, (rows)."""
    reached = np.cumsum(chances, axis=1, dtype=np.float64)
    return (reached < rng.random((len(chances), 1)) * reached[:, -1:]).sum(axis=1)


def programs(
    weights: writer.Arrays, comment: str, many: int, temperature: float, rng: np.random.Generator
) -> list[list[str]]:
    """Return the lines of `many` programs for a comment; all are written at once."""
    words = tokens.read([comment])
    told, _ = writer.read(weights, words)
    state, view, mask = (np.repeat(one, many, axis=0) for one in writer.begin(weights, told, words))
    told = np.repeat(told, many, axis=0)
    last, written = np.full(many, tokens.BEGIN), []
    ended = np.zeros(many, bool)
    while not ended.all() and len(written) < LONGEST:
        given = weights["token"][last] @ weights["write.in"] + weights["write.bias"]
        logits, state, view = writer.step(weights, given, state, view, told, mask)
        last = draw(rng, writer.softmax(logits / temperature))
        last[ended] = tokens.END
        ended |= last == tokens.END
        written.append(last)
    return [tokens.lines(row.tolist()) for row in np.stack(written, axis=1)]


def main(
    model: str, comments: str, shard: str, shards: str, many: str, temperature: str, seed: str,
    candidates: str,
) -> None:  # fmt: skip
    """Write the CANDIDATES of a SHARD."""
    with np.load(model) as arrays:
        weights = dict(arrays)
    asked = json.loads(Path(comments).read_text())
    found = {}
    for at in range(int(shard), len(asked), int(shards)):
        rng = np.random.default_rng([int(seed), at])
        drawn = programs(weights, asked[at], int(many), float(temperature), rng)
        found[str(at)] = [phrases.source(lines) for lines in drawn]
    Path(candidates).write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    print(f"shard {shard}: {len(found)} problems")


if __name__ == "__main__":
    main(*sys.argv[1:])
