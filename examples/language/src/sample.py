"""Have the chosen model write: sample.py MODEL PROMPTS SEEDS LENGTH TEMPERATURE SAMPLES

Each of PROMPTS is gone on with once for each of SEEDS, LENGTH characters, drawn by what the model
gives them a chance of; a TEMPERATURE below one prefers the likelier.
"""

import json
import sys
from pathlib import Path

import numpy as np

import gpt
import text


def write_on(
    weights: gpt.Arrays, prompt: str, seed: int, length: int, temperature: float
) -> str:  # fmt: skip
    """Return the prompt with what the model makes of it."""
    rng, window = np.random.default_rng(seed), weights["0.far"].shape[1]
    numbers = list(text.encode(prompt))
    for _ in range(length):
        logits, _ = gpt.forward(weights, np.array([numbers[-window:]]))
        chances = np.cumsum(gpt.softmax(logits[0, -1].astype(np.float64) / temperature))
        numbers.append(int(min(np.searchsorted(chances, rng.random()), len(chances) - 1)))
    return text.decode(np.array(numbers))


def main(
    model: str, prompts: str, seeds: str, length: str, temperature: str, samples: str
) -> None:  # fmt: skip
    """Write all SAMPLES."""
    with np.load(model) as file:
        weights = dict(file)
    told = []
    for prompt in json.loads(prompts):
        for seed in json.loads(seeds):
            written = write_on(weights, prompt, seed, int(length), float(temperature))
            told.append(f"--- seed {seed}: {prompt.strip()!r}\n{written.strip()}\n")
    Path(samples).write_text("\n".join(told))
    print(f"{len(told)} samples")


if __name__ == "__main__":
    main(*sys.argv[1:])
