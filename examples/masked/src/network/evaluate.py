"""Guess hidden pieces: evaluate.py SEED MODEL.npz SCORES.json TEST.npz SHARD.npz...

Four ways to guess what is hidden in TEST, with accuracy and perplexity (the exponential of the mean
cross-entropy):
  unigram     how common each piece is in SHARDs
  bigram      how common it is after the piece before, which it is told even when that is hidden too
  random      the network as SEED draws it, which learnt nothing
  pretrained  the network of MODEL
"""

import json
import sys
from pathlib import Path

import encoder
import heads
import numpy as np
from pretrain import load

AT_ONCE = 64  # sequences
TRUST = 20  # how many times a piece must have come for its followers to count as much as all pieces


def network(weights: encoder.Weights, seen: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the odds of each piece for each hidden place (n * hidden, v)."""
    odds = []
    for at in range(0, len(seen), AT_ONCE):
        scores, _ = heads.hidden_pieces(weights, seen[at : at + AT_ONCE], places[at : at + AT_ONCE])
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        odds.append(scores / scores.sum(axis=1, keepdims=True))
    return np.concatenate(odds)


def counted(whole: np.ndarray, pieces: int, before: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the odds by unigrams and by bigrams, for hidden places with these pieces before them."""
    single = np.bincount(whole[:, 1:-1].ravel(), minlength=pieces) + 1.0
    single /= single.sum()
    pairs = np.zeros((pieces, pieces))
    np.add.at(pairs, (whole[:, :-2], whole[:, 1:-1]), 1)
    pairs = (pairs + TRUST * single) / (pairs.sum(axis=1, keepdims=True) + TRUST)
    return np.broadcast_to(single, (len(before), pieces)), pairs[before]


def judged(odds: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Return accuracy and perplexity of odds (n, v) against what was hidden (n)."""
    given = odds[np.arange(len(truth)), truth].astype(np.float64)
    return {
        "accuracy": round(float((odds.argmax(axis=1) == truth).mean()), 6),
        "perplexity": round(float(np.exp(-np.log(np.maximum(given, 1e-30)).mean())), 6),
    }


def main(seed: str, model: str, scores: str, test: str, *shards: str) -> None:
    """Judge all four and write SCORES."""
    _, _, text, pieces = load(shards)
    text = np.unique(text, axis=0)  # each sequence once, however often it was masked
    seen, places, whole, _ = load((test,))
    rows = np.arange(len(whole))[:, None]
    truth, before = whole[rows, places].ravel(), whole[rows, places - 1].ravel()
    single, pairs = counted(text, pieces, before)
    drawn = encoder.initial(np.random.default_rng(int(seed)), pieces, whole.shape[1])
    with np.load(model) as stored:
        learnt = {name: stored[name] for name in stored.files}
    report = {
        "unigram": judged(single, truth),
        "bigram": judged(pairs, truth),
        "random": judged(network(drawn, seen, places), truth),
        "pretrained": judged(network(learnt, seen, places), truth),
    }
    text = json.dumps(report, indent=2, sort_keys=True)
    Path(scores).write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
