"""The numerical code of the example: slopes, causality, counts, splits, the harness, the choice."""

import json
import tempfile
import unittest
from pathlib import Path

import numpy as np

import choose
import corpus
import gpt
import harness
import ngram
import tasks
import text
import train
from adam import Adam

SHAPE = {"window": 6, "width": 8, "heads": 2, "blocks": 2, "characters": 7}


def small(seed: int = 0) -> gpt.Arrays:
    """Return the weights of a tiny model in float64, none of them zero."""
    rng = np.random.default_rng(seed)
    weights = gpt.init(rng, SHAPE)
    return {
        name: one.astype(np.float64) + 0.1 * rng.standard_normal(one.shape)
        for name, one in weights.items()
    }


class Transformer(unittest.TestCase):
    """The model and its gradient."""

    def test_each_gradient_is_the_slope_of_the_loss(self) -> None:
        """By finite differences, for four entries of every array."""
        rng, weights = np.random.default_rng(1), small()
        rows = rng.integers(0, 7, (3, 7))
        tokens, targets = rows[:, :-1], rows[:, 1:]
        logits, kept = gpt.forward(weights, tokens)
        found = gpt.backward(weights, tokens, kept, gpt.loss(logits, targets)[1])
        self.assertEqual(set(found), set(weights))
        for name, one in weights.items():
            for at in rng.choice(one.size, 4):
                place, step, losses = np.unravel_index(at, one.shape), 1e-5, []
                for sign in (1, -2):
                    one[place] += sign * step
                    losses.append(gpt.loss(gpt.forward(weights, tokens)[0], targets)[0])
                one[place] += step
                slope = (losses[0] - losses[1]) / (2 * step)
                self.assertAlmostEqual(found[name][place], slope, places=7, msg=name)

    def test_nothing_is_known_of_what_comes_later(self) -> None:
        """Another last character changes only the logits of its own place."""
        weights, tokens = small(), np.array([[1, 2, 3, 4, 5, 6]])
        before, _ = gpt.forward(weights, tokens)
        tokens[0, -1] = 0
        after, _ = gpt.forward(weights, tokens)
        self.assertTrue(np.allclose(before[0, :-1], after[0, :-1]))
        self.assertFalse(np.allclose(before[0, -1], after[0, -1]))

    def test_an_untrained_model_finds_all_characters_equally_likely(self) -> None:
        """Its loss is the logarithm of how many there are."""
        tokens = np.array([[1, 2, 3]])
        logits, _ = gpt.forward(gpt.init(np.random.default_rng(0), SHAPE), tokens)
        self.assertAlmostEqual(gpt.loss(logits, tokens)[0], np.log(7), places=5)

    def test_it_learns_what_repeats(self) -> None:
        """A row of characters that goes round is known after a few updates."""
        rng = np.random.default_rng(0)
        weights = gpt.init(rng, SHAPE | {"characters": len(text.CHARACTERS)})
        tokens = np.arange(300) % 5
        rows = text.windows(tokens, 7, 6)
        train.fit(weights, tokens, rows, 0.03, 4, 60, rng)
        self.assertLess(train.bits(weights, rows), 0.1)


class Adams(unittest.TestCase):
    """The optimiser."""

    def test_the_first_update_is_as_long_as_the_rate(self) -> None:
        """Whatever the slope, and against it."""
        weights = {"one": np.array([1.0, 1.0])}
        Adam(weights).update({"one": np.array([0.3, -0.001])}, 0.1)
        self.assertTrue(np.allclose(weights["one"], [0.9, 1.1], atol=1e-4))


class Baselines(unittest.TestCase):
    """Runs of characters."""

    def test_chances_add_up_to_one(self) -> None:
        """For every order, at every place, also after contexts that never came."""
        numbers = text.encode("abracadabra alakazam")
        for order in (1, 2, 3, 5):
            chances = ngram.chances(ngram.count(numbers, order), text.encode("abra zzz")[None])
            self.assertTrue(np.allclose(chances.sum(axis=-1), 1))

    def test_a_bigram_is_witten_and_bells(self) -> None:
        """After `a`, b came twice and c once: two kinds are mixed with what single ones say."""
        numbers = text.encode("ababac")
        single = ngram.chances(ngram.count(numbers, 1), text.encode("a")[None])[0, 0]
        double = ngram.chances(ngram.count(numbers, 2), text.encode("a")[None])[0, 0]
        b = text.NUMBER["b"]
        self.assertAlmostEqual(double[b], (2 + 2 * single[b]) / (3 + 2))

    def test_only_the_last_characters_matter(self) -> None:
        """A trigram says the same of two windows that end alike."""
        table = ngram.count(text.encode("the cat sat on the mat"), 3)
        one, other = (ngram.chances(table, text.encode(said)[None])[0, -1] for said in ("xat", "cat"))
        self.assertTrue(np.allclose(one, other))


class Corpus(unittest.TestCase):
    """What is learnt, and what is held back."""

    def test_no_paragraph_is_learnt_and_judged(self) -> None:
        """The three parts share none, and the test has its share."""
        parts = corpus.split(np.random.default_rng(0), {"test": 0.1, "validate": 0.05})
        train_, test, validate = (set(parts[one]) for one in ("train", "test", "validate"))
        self.assertFalse(train_ & test or train_ & validate or test & validate)
        size = {name: sum(map(len, part)) for name, part in parts.items()}
        self.assertGreaterEqual(size["test"], 0.1 * sum(size.values()))

    def test_what_is_asked_is_not_in_the_text(self) -> None:
        """But for the sums, which are learnt by heart."""
        rng = np.random.default_rng(0)
        asked = corpus.ask(rng, 20, tasks.mirrored(rng))
        kept = {pair for name in asked if name != "sum" for pair in asked[name]}
        lines = set("\n".join(corpus.drill(rng, 60_000, kept)).split("\n"))
        self.assertFalse({"".join(pair) for pair in kept} & lines)
        self.assertEqual({"".join(pair) for pair in asked["sum"]} - lines, set())

    def test_a_swapped_sum_is_learnt_in_the_other_order(self) -> None:
        """Of 3+5 and 5+3 one at most is kept back."""
        swapped = tasks.mirrored(np.random.default_rng(0))
        asked = {question for question, _ in swapped}
        self.assertEqual(len(asked), tasks.SWAPPED)
        for question in asked:
            one, other = question.removeprefix("sum ").removesuffix(" = ").split("+")
            self.assertNotIn(f"sum {other}+{one} = ", asked)

    def test_answers_are_right(self) -> None:
        """Copies are equal, sums add up, the last bracket is closed first."""
        rng = np.random.default_rng(0)
        for _ in range(50):
            question, answer = tasks.close(rng)
            opened = question.split()[1]
            self.assertEqual([tasks.CLOSED_BY[one] for one in opened[::-1]], list(answer))
            question, answer = tasks.copy(rng)
            self.assertEqual(question, f"copy {answer} > ")
        self.assertEqual(tasks.added(7, 5), ("sum 7+5 = ", "12"))


class Judging(unittest.TestCase):
    """The harness and the choice."""

    def test_a_model_that_knows_is_right(self) -> None:
        """Here one that knows `ab` by heart: of two answers one is right, and half of the other."""

        def model(rows: np.ndarray) -> np.ndarray:
            said = np.where(rows == text.NUMBER["a"], text.NUMBER["b"], text.NUMBER["a"])
            return np.eye(len(text.CHARACTERS))[said]

        self.assertEqual(
            harness.answer(model, [("x ", "ac"), ("x ", "ab")]), [[True, False], [True, True]]
        )

    def test_surprise_is_in_bits(self) -> None:
        """A model that finds all characters equally likely needs the logarithm of how many there are."""
        many = len(text.CHARACTERS)
        rows = np.zeros((3, 9), np.int64)
        found = harness.surprise(lambda part: np.full((*part.shape, many), 1 / many), rows)
        self.assertAlmostEqual(found, np.log2(many))

    def test_the_least_validation_loss_is_chosen(self) -> None:
        """Its weights are copied, and what the others had is told."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for at, loss in enumerate((2.5, 2.1, 2.3)):
                told = {"parameters": 1, "rate": at, "validation": loss}
                (folder / f"curve{at}").write_text(json.dumps(told))
                (folder / f"model{at}").write_text(f"weights {at}")
            paths = [str(folder / f"{kind}{at}") for kind in ("curve", "model") for at in range(3)]
            choose.main(str(folder / "chosen"), str(folder / "model"), *paths[:3], "--", *paths[3:])
            self.assertEqual((folder / "model").read_text(), "weights 1")
            self.assertEqual(json.loads((folder / "chosen").read_text())["rate"], 1)


if __name__ == "__main__":
    unittest.main()
