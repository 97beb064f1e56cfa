"""The tokenizer, the masks, the slopes and the counts of the masked example."""

import sys
import unittest
from pathlib import Path

import numpy as np

SOURCE = Path(__file__).resolve().parent.parent / "src"
sys.path[:0] = [str(SOURCE / part) for part in ("text", "network", "report")]

import adam
import bpe
import corpus
import encoder
import evaluate
import heads
import mask

STEP = 1e-5
PIECES, LENGTH = 23, 9


def small() -> tuple[np.random.Generator, encoder.Weights]:
    """Return weights of double precision, none of them nothing."""
    rng = np.random.default_rng(3)
    weights = encoder.initial(rng, PIECES, LENGTH, np.float64)
    for name in weights:
        weights[name] = weights[name] + 0.1 * rng.standard_normal(weights[name].shape)
    weights["class"] = rng.standard_normal((encoder.WIDTH, 3))
    weights["class_bias"] = rng.standard_normal(3)
    return rng, weights


class Slopes(unittest.TestCase):
    """Slopes by hand are those by finite differences."""

    def agree(self, weights, losses) -> None:
        """Nudge two numbers of each weight, and compare how the loss changes with its slope."""
        _, slopes = losses()
        rng = np.random.default_rng(5)
        for name, slope in slopes.items():
            steepest = np.unravel_index(np.abs(slope).argmax(), slope.shape)
            anywhere = tuple(int(rng.integers(size)) for size in slope.shape)
            for spot in (steepest, anywhere):
                kept = weights[name][spot]
                weights[name][spot] = kept + STEP
                above, _ = losses()
                weights[name][spot] = kept - STEP
                below, _ = losses()
                weights[name][spot] = kept
                measured = (above - below) / (2 * STEP)
                self.assertAlmostEqual(measured, slope[spot], delta=1e-6, msg=f"{name}{spot}")

    def test_of_hidden_pieces(self) -> None:
        """Guessing hidden pieces has the right slope for every weight of the encoder."""
        rng, weights = small()
        whole = rng.integers(5, PIECES, (2, LENGTH))
        seen, places = whole.copy(), np.array([[1, 4], [2, 7]])
        seen[np.arange(2)[:, None], places] = bpe.MASK_ID
        self.agree(weights, lambda: heads.mask_slopes(weights, seen, places, whole))

    def test_of_classes(self) -> None:
        """Naming classes has the right slope for every weight it uses."""
        rng, weights = small()
        tokens, labels = rng.integers(5, PIECES, (3, LENGTH)), np.array([0, 2, 1])
        gaze = rng.random((3, LENGTH))
        self.agree(weights, lambda: heads.class_slopes(weights, tokens, gaze, labels))


class Text(unittest.TestCase):
    """Words, pieces and masks."""

    def test_commonest_pair_is_merged_first(self) -> None:
        """The first merge is of the pair that occurs most, the next builds on it."""
        self.assertEqual(bpe.learn(["abc abc abd"], 2)[0], ("a", "b"))
        self.assertEqual(bpe.merged(list("aaa"), ("a", "a")), ["aa", "a"])

    def test_paragraphs_are_unique(self) -> None:
        """No paragraph comes twice, in one topic or in two."""
        kept = corpus.unique(["compound", "while", "if"])
        parts = [part for listed in kept.values() for part in listed]
        self.assertEqual(len(parts), len(set(parts)))

    def test_blocks_are_long(self) -> None:
        """Each block has at least its length, and all of them together the text in its order."""
        made = corpus.blocks(["word " * 60, "more " * 90, "rest"])
        self.assertTrue(all(len(block) >= corpus.BLOCK for block in made))

    def test_masks(self) -> None:
        """Each sequence has as many hidden places as any, none at its ends, and only those changed."""
        whole = np.array(mask.sequences(list(range(5, 305))))
        seen, places = mask.hide(np.random.default_rng(0), whole, 400)
        self.assertEqual(whole.shape[1], mask.LENGTH)
        self.assertTrue((places > 0).all() and (places < mask.LENGTH - 1).all())
        changed = np.argwhere(seen != whole)
        self.assertTrue(all(at in places[row] for row, at in changed))
        self.assertTrue(all(len(set(row)) == mask.HIDDEN for row in places.tolist()))


class Judging(unittest.TestCase):
    """Baselines, and the optimiser."""

    def test_counts_are_odds(self) -> None:
        """The odds by counting sum to one, and a piece that always follows is the likeliest."""
        whole = np.array([[1, 5, 6, 5, 6, 5, 6, 2]])
        single, pairs = evaluate.counted(whole, 8, np.array([5, 6]))
        self.assertTrue(np.allclose(single.sum(axis=1), 1))
        self.assertTrue(np.allclose(pairs.sum(axis=1), 1))
        self.assertEqual(pairs[0].argmax(), 6)

    def test_even_odds(self) -> None:
        """Even odds over eight pieces have a perplexity of eight."""
        self.assertEqual(
            evaluate.judged(np.full((3, 8), 1 / 8), np.array([0, 1, 2]))["perplexity"], 8
        )

    def test_adam_finds_the_bottom(self) -> None:
        """Adam comes near the lowest point of a bowl."""
        weights = {"x": np.array([3.0, -2.0])}
        optimiser = adam.Adam(weights, 0.1, 300)
        for _ in range(300):
            optimiser.move(weights, {"x": 2 * weights["x"]})
        self.assertTrue(np.allclose(weights["x"], 0, atol=0.05))


if __name__ == "__main__":
    unittest.main()
