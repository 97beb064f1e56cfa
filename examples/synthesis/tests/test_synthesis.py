"""The numerical code of the example: slopes, the estimator, problems, and what hostile candidates come to."""

import contextlib
import io
import itertools
import json
import os
import tempfile
import unittest
from math import comb
from pathlib import Path

import numpy as np

import execute
import guess
import phrases
import problems
import sample
import score
import tokens
import train
import writer
from passing import pass_at

GOOD = phrases.source(["x = [ n * 2 for n in x ]", "return sum ( x )"])
CLASSES = "( ) . __class__ . __base__ . __subclasses__ ( )"
ESCAPED = (
    f"[ c for c in {CLASSES} if c . __name__ == '_wrap_close' ] [ 0 ] . __init__ . __globals__"
)


def program(*lines: str) -> str:
    """Return what `execute` says of a program with these lines, for two lists."""
    return execute.outcome(phrases.source(list(lines)), [[1, 2, 3], []])


class Network(unittest.TestCase):
    """The model and its gradient."""

    def test_each_gradient_is_the_slope_of_the_loss(self) -> None:
        """By finite differences, for four entries of every array, with rows of different lengths."""
        rng = np.random.default_rng(0)
        weights = {
            name: one.astype(np.float64) + 0.1 * rng.standard_normal(one.shape)
            for name, one in writer.init(rng, 8).items()
        }
        words = tokens.read(["sort the list", "keep the first two , then add them up"])
        written = tokens.write([["x = sorted ( x )", "return x"], ["return sum ( x )"]])
        given, targets = written[:, :-1], written[:, 1:]
        logits, kept = writer.forward(weights, words, given)
        found = writer.backward(weights, given, kept, writer.loss(logits, targets)[1])
        self.assertEqual(set(found), set(weights))
        for name, one in weights.items():
            slopes = np.flatnonzero(found[name]) if name in ("word", "token") else one.size
            for at in rng.choice(slopes, 4):
                place, step, losses = np.unravel_index(at, one.shape), 1e-5, []
                for sign in (1, -2):
                    one[place] += sign * step
                    losses.append(writer.loss(writer.forward(weights, words, given)[0], targets)[0])
                one[place] += step
                slope = (losses[0] - losses[1]) / (2 * step)
                self.assertAlmostEqual(found[name][place], slope, places=7, msg=name)

    def test_what_fills_a_row_changes_nothing(self) -> None:
        """A comment is read as it is alone, though a longer one is beside it."""
        weights = writer.init(np.random.default_rng(0), 8)
        comments = ["sort the list", "keep the first two , then add them up"]
        given = np.full((2, 3), tokens.BEGIN)
        together, _ = writer.forward(weights, tokens.read(comments), given)
        alone, _ = writer.forward(weights, tokens.read(comments[:1]), given[:1])
        self.assertTrue(np.allclose(together[0], alone[0], atol=1e-5))

    def test_it_is_sampled_as_it_was_trained(self) -> None:
        """Token by token the logits are those of the whole row."""
        weights = writer.init(np.random.default_rng(0), 8)
        words, given = tokens.read(["sort the list"]), np.array([[1, 5, 9, 7]])
        whole, _ = writer.forward(weights, words, given)
        told, _ = writer.read(weights, words)
        state, view, mask = writer.begin(weights, told, words)
        for at, token in enumerate(given[0]):
            inputs = weights["token"][[token]] @ weights["write.in"] + weights["write.bias"]
            logits, state, view = writer.step(weights, inputs, state, view, told, mask)
            self.assertTrue(np.allclose(logits[0], whole[0, at], atol=1e-5))

    def test_it_learns_by_heart(self) -> None:
        """Two comments and their programs are known after some updates."""
        rng = np.random.default_rng(0)
        weights = writer.init(rng, 16)
        comments, lines = (
            ["sort the list", "add them up"],
            [["x = sorted ( x )"], ["return sum ( x )"]],
        )
        words, written = (
            np.tile(one, (60, 1)) for one in (tokens.read(comments), tokens.write(lines))
        )
        train.fit(weights, words, written, 8, 120, 0.02, rng)
        self.assertLess(train.surprise(weights, words, written), 0.05)
        self.assertEqual(sample.programs(weights, comments[1], 3, 0.1, rng), 3 * [lines[1]])


class Estimator(unittest.TestCase):
    """pass@k."""

    def test_it_is_the_share_of_choices_with_a_right_one(self) -> None:
        """Of four candidates with one right, half of the pairs have it; and for all small numbers."""
        self.assertAlmostEqual(pass_at(2, 4, 1), 0.5)
        for n, c, k in itertools.product(range(1, 9), range(9), range(1, 9)):
            if c <= n and k <= n:
                self.assertAlmostEqual(pass_at(k, n, c), 1 - comb(n - c, k) / comb(n, k))

    def test_it_is_exact_where_binomials_are_huge(self) -> None:
        """As integers have it, for 200 candidates and k of 100."""
        for right in (0, 1, 3, 50, 100, 101, 200):
            exact = 1 - comb(200 - right, 100) / comb(200, 100)
            self.assertAlmostEqual(pass_at(100, 200, right), exact, places=12)

    def test_its_mean_is_what_it_estimates(self) -> None:
        """Over all numbers of right ones that n draws may give: unbiased."""
        n, k, chance = 20, 5, 0.1
        mean = sum(
            comb(n, c) * chance**c * (1 - chance) ** (n - c) * pass_at(k, n, c)
            for c in range(n + 1)
        )
        self.assertAlmostEqual(mean, 1 - (1 - chance) ** k)


class Problems(unittest.TestCase):
    """What is learnt, and what is asked."""

    def test_no_composition_is_learnt_and_asked(self) -> None:
        """And so no comment, and no program."""
        rng = np.random.default_rng(0)
        asked = problems.ask(rng, 1, 8, 6)
        learnt = problems.learn(rng, 400, {tuple(one["kinds"]) for one in asked})
        for part in (
            lambda one: tuple(one["kinds"]),
            lambda one: one["comment"],
            lambda one: one.get("program") or phrases.source(one["lines"]),
        ):
            self.assertFalse(set(map(part, asked)) & set(map(part, learnt)))

    def test_phrases_and_lines_of_an_operation_mean_the_same(self) -> None:
        """All its lines answer alike, and no phrase stands for two operations."""
        rng = np.random.default_rng(0)
        given = problems.arguments(rng, 20)
        for name, one in phrases.OPERATIONS.items():
            for number in one.numbers:
                lines = [line.format(k=number) for line in one.lines]
                found = [problems.answers([line, "return x"], given) for line in lines]
                self.assertTrue(all(each == found[0] for each in found), name)
        every = [say for one in phrases.OPERATIONS.values() for say in one.phrases]
        self.assertEqual(len(every), len(set(every)))

    def test_a_problem_needs_each_of_its_lines(self) -> None:
        """To sort twice is no problem of two operations."""
        twice = ["x = sorted ( x )", "x = sorted ( x )", "return x"]
        self.assertFalse(problems.needs_every_line(twice, [[2, 1], [1]]))
        self.assertTrue(problems.needs_every_line(twice[1:], [[2, 1], [1]]))

    def test_whatever_is_written_can_be_read_again(self) -> None:
        """As tokens and back, each line of each operation."""
        every = (*phrases.OPERATIONS.values(), *phrases.ENDS.values())
        lines = [line.format(k=7) for one in every for line in one.lines]
        self.assertEqual(tokens.lines(tokens.write([lines])[0, 1:].tolist()), lines)


class Untrusted(unittest.TestCase):
    """What candidates come to that nobody has read."""

    def test_a_good_one_answers(self) -> None:
        """For each list."""
        self.assertEqual(program("return sum ( x )"), "[6, 0]")

    def test_what_is_no_program_is_told_from_what_fails(self) -> None:
        """No Python, no such name, no answer that is data."""
        self.assertEqual(program("return ( x"), execute.NO_PYTHON)
        self.assertEqual(program("return y"), execute.RAISED)
        self.assertEqual(program("return f"), execute.RAISED)
        self.assertEqual(program("import os"), execute.RAISED)

    def test_what_never_ends_or_grows_is_stopped(self) -> None:
        """In lines, in memory, in one long operation, in a long answer."""
        self.assertEqual(program("while x : x = x [ : : - 1 ]"), execute.STOPPED)
        self.assertEqual(program("while x : x = x + x"), execute.STOPPED)
        self.assertEqual(program("return 9 ** 9 ** 9"), execute.STOPPED)
        self.assertEqual(program("return [ 1 ] * 99999"), execute.STOPPED)

    def test_one_that_gets_out_of_its_few_names_finds_nothing(self) -> None:
        """It may end its process or write files: there is no answer then, and no file."""
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / "made"
            write = f"{ESCAPED} [ 'system' ] ( 'exec 2>&-; echo mine >{made}' )"
            self.assertEqual(program(write, "return 1"), "[1, 1]")
            self.assertEqual(made.read_text() if made.exists() else "", "")
        self.assertEqual(program(f"{ESCAPED} [ '_exit' ] ( 0 )"), execute.STOPPED)

    def test_others_answer_whatever_one_does(self) -> None:
        """Each has a process of its own: an end of one, and what it does to `sum`, are not seen."""
        hostile = [
            phrases.source([f"{ESCAPED} [ 'abort' ] ( )"]),
            phrases.source(["x . f = 1"]),
            phrases.source(["while 1 : x = x + [ x ]"]),
        ]
        with tempfile.TemporaryDirectory() as folder:
            paths = [f"{folder}/{name}" for name in ("candidates", "arguments", "answers")]
            Path(paths[0]).write_text(json.dumps({"0": [*hostile, GOOD]}))
            Path(paths[1]).write_text(json.dumps([[[1, 2], []]]))
            with contextlib.redirect_stdout(io.StringIO()):
                execute.main(*paths)
            answers = json.loads(Path(paths[2]).read_text())["0"]
        self.assertEqual(answers[GOOD], "[6, 0]")
        self.assertTrue({answers[one] for one in hostile} <= set(execute.WHY))


class Baselines(unittest.TestCase):
    """What the model is compared with."""

    KNOWN = [
        {"comment": "sort the list", "lines": ["x = sorted ( x )", "return x"]},
        {"comment": "add them up", "lines": ["return sum ( x )"]},
    ]

    def test_the_nearest_comment_comes_first(self) -> None:
        """By what both share."""
        found = guess.nearest(self.KNOWN, ["add them", "sort it"], 2)
        self.assertEqual(
            [one[0] for one in found], [self.KNOWN[1]["lines"], self.KNOWN[0]["lines"]]
        )

    def test_lines_are_chained_as_they_were_seen(self) -> None:
        """Here only the two programs can come out."""
        then, rng = guess.after(self.KNOWN), np.random.default_rng(0)
        drawn = {tuple(guess.chain(then, rng)) for _ in range(30)}
        self.assertEqual(drawn, {tuple(one["lines"]) for one in self.KNOWN})

    def test_a_baseline_that_there_is_not_is_refused(self) -> None:
        """It is not taken for another."""
        with tempfile.TemporaryDirectory() as folder:
            train, comments = Path(folder) / "train", Path(folder) / "comments"
            train.write_text(json.dumps(self.KNOWN))
            comments.write_text("[]")
            with self.assertRaisesRegex(SystemExit, "nearest or lines"):
                guess.main("nearst", str(train), str(comments), "1", "0", f"{folder}/out")

    def test_candidates_in_an_order_are_judged_by_it(self) -> None:
        """The second is right: pass@1 is 0, and 1 from two on."""
        self.assertEqual(score.ranked([("", "wrong"), ("", "right"), ("", "wrong")]), [0, 1, 1])


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    unittest.main()
