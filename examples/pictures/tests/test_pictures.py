"""The numerical code of the example: slopes, causality, codes, captions, traits, distances, the sheet."""

import struct
import unittest
import zlib

import numpy as np

import baseline
import captions
import codebook
import codes
import evaluate
import frechet
import judge
import match
import png
import prior
import rerank
import rows
import sample
import traits
import transformer
import words
from adam import Adam

HEADS = 2
SHAPE = {"width": 8, "heads": HEADS, "blocks": 2, "tokens": 9, "length": 6}


def small(seed: int = 0, **sizes: int) -> transformer.Arrays:
    """Return the weights of a tiny model in float64, none of them zero."""
    rng = np.random.default_rng(seed)
    weights = transformer.init(rng, SHAPE | sizes)
    return {
        name: one.astype(np.float64) + 0.1 * rng.standard_normal(one.shape) for name, one in weights.items()
    }


def slope(one: np.ndarray, place: tuple, loss) -> float:
    """Return the slope of a loss in one number of an array, by finite differences."""
    step, losses = 1e-5, []
    for sign in (1, -2):
        one[place] += sign * step
        losses.append(loss())
    one[place] += step
    return (losses[0] - losses[1]) / (2 * step)


class Gradients(unittest.TestCase):
    """What was written out by hand."""

    def test_each_gradient_of_the_prior_is_the_slope_of_its_loss(self) -> None:
        """By finite differences, for four entries of every array, with a part left out."""
        rng, weights = np.random.default_rng(1), small()
        seen, weighed = rng.integers(0, 9, (3, 7)), rng.random(6)
        tokens, targets = seen[:, :-1], seen[:, 1:]
        kept_share = transformer.drop(rng, 0.3, (2, 2, 3, 6, 8))

        def loss() -> float:
            logits, _ = transformer.forward(weights, tokens, HEADS, kept_share)
            return float((transformer.surprise(logits, targets).mean(axis=0) * weighed).sum())

        logits, kept = transformer.forward(weights, tokens, HEADS, kept_share)
        back = transformer.slope_of(logits, targets, weighed)
        found = transformer.backward(weights, tokens, kept, back)
        self.assertEqual(set(found), set(weights))
        for name, one in weights.items():
            for at in rng.choice(one.size, 4):
                place = np.unravel_index(at, one.shape)
                self.assertAlmostEqual(found[name][place], slope(one, place, loss), places=7, msg=name)

    def test_each_gradient_of_the_match_is_the_slope_of_its_loss(self) -> None:
        """By finite differences, for four entries of every array."""
        rng = np.random.default_rng(2)
        weights, pixels = match.init(rng), rng.random((5, 64))
        said = np.stack([words.numbers(words.caption(at, 1, None, at % 3)) for at in range(5)])
        _, found = match.gradient(weights, pixels, said)
        for name, one in weights.items():
            for at in rng.choice(one.size, 4):
                place = np.unravel_index(at, one.shape)
                expected = slope(one, place, lambda: match.gradient(weights, pixels, said)[0])
                self.assertAlmostEqual(found[name][place], expected, places=7, msg=name)


class Prior(unittest.TestCase):
    """The transformer, and what is drawn with it."""

    def test_nothing_is_known_of_what_comes_later(self) -> None:
        """Another last token changes only the logits of its own place."""
        weights, tokens = small(), np.array([[1, 2, 3, 4, 5, 6]])
        before, _ = transformer.forward(weights, tokens, HEADS)
        tokens[0, -1] = 0
        after, _ = transformer.forward(weights, tokens, HEADS)
        self.assertTrue(np.allclose(before[0, :-1], after[0, :-1]))
        self.assertFalse(np.allclose(before[0, -1], after[0, -1]))

    def test_it_draws_what_it_has_learnt(self) -> None:
        """Two captions with a picture each are told apart after a few updates."""
        rng, looks = np.random.default_rng(3), np.random.default_rng(4).random((5, 4))
        said = np.stack([words.numbers("the digit 1"), words.numbers("the digit 7")])
        drawn = rng.integers(5, size=(2, codes.PLACES))
        settings = {"width": 16, "heads": 2, "blocks": 1, "drop": 0.0, "blur": 0.0}
        settings |= {"updates": 120, "batch": 8, "rate": 0.02}
        weights = prior.begin(settings, looks, rng)
        seen, sure = rows.of(said, drawn), codes.mistaken(looks, 0.0)
        best, curve = prior.fit(weights, said[:, None], drawn, seen, sure, settings, rng)
        self.assertLess(curve[-1]["validate"], 0.1)
        self.assertTrue(np.array_equal(sample.draw(best, 2, said, 0.1, rng), drawn))

    def test_a_seed_draws_the_same_again(self) -> None:
        """And another seed does not."""
        weights = small(tokens=rows.TEXT + 5, length=rows.LENGTH)
        said = np.stack([words.numbers("a handwritten two")] * 4)
        one, same, other = (
            sample.draw(weights, HEADS, said, 1.0, np.random.default_rng(seed)) for seed in (1, 1, 2)
        )
        self.assertTrue(np.array_equal(one, same))
        self.assertFalse(np.array_equal(one, other))
        self.assertTrue((one >= 0).all() and (one < 5).all())

    def test_places_count_for_one_together(self) -> None:
        """The words for an eighth."""
        self.assertAlmostEqual(rows.weighed().sum(), 1)
        self.assertAlmostEqual(rows.weighed()[: words.LENGTH].sum(), 1 / 8)


class Codes(unittest.TestCase):
    """Pictures as patches and as codes."""

    def test_patches_are_put_together_again(self) -> None:
        """Each pixel is where it was."""
        pixels = np.arange(3 * 64.0).reshape(3, 64)
        self.assertTrue(np.array_equal(codes.pictures(codes.patches(pixels)), pixels))
        self.assertEqual(codes.patches(pixels)[0, 1].tolist(), [2, 3, 10, 11])

    def test_a_code_is_what_is_nearest(self) -> None:
        """So what a codebook can say comes back unchanged."""
        rng = np.random.default_rng(5)
        book, drawn = rng.random((6, 4)), rng.integers(6, size=(4, 16))
        self.assertTrue(np.array_equal(codes.encode(book, codes.decode(book, drawn)), drawn))

    def test_groups_that_are_apart_are_found(self) -> None:
        """The middles of three of them, from the least ink to the most."""
        rng = np.random.default_rng(6)
        true = np.array([[0.0] * 4, [0.5, 0.5, 0, 0], [1.0] * 4])
        pieces = np.repeat(true, 50, axis=0) + 0.01 * rng.standard_normal((150, 4))
        self.assertTrue(np.allclose(codebook.fit(pieces, 3, rng), true, atol=0.01))

    def test_only_what_looks_alike_is_mistaken(self) -> None:
        """And nothing where there is no blur."""
        book = np.array([[0.0] * 4, [0.1] * 4, [1.0] * 4])
        chances = codes.mistaken(book, 0.1)
        self.assertTrue(np.allclose(chances.sum(axis=1), 1))
        self.assertGreater(chances[0, 1], 0.3)
        self.assertLess(chances[0, 2], 1e-10)
        self.assertTrue(np.array_equal(codes.mistaken(book, 0.0), np.eye(3)))


class Captions(unittest.TestCase):
    """What is said of pictures."""

    def test_every_caption_can_be_read(self) -> None:
        """All its words have numbers, and it is no longer than there is room for."""
        for digit in range(10):
            for form in range(len(words.FORMS)):
                for weight in words.WEIGHTS:
                    for lean in words.LEANS:
                        said = words.caption(digit, weight, lean, form)
                        read = [words.WORDS[one] for one in words.numbers(said)]
                        self.assertEqual(" ".join(read).strip(), said)

    def test_what_is_unseen_is_never_said(self) -> None:
        """And what is said is true."""
        rng = np.random.default_rng(7)
        found = {captions.describe(3, np.array([1, -1]), (1, -1), rng) for _ in range(200)}
        self.assertFalse([one for one in found if "bold" in one and "left" in one])
        self.assertTrue([one for one in found if "bold" in one])
        self.assertFalse([one for one in found if "thin" in one or "right" in one])

    def test_each_image_has_one_part(self) -> None:
        """Of the size that was asked for."""
        part = captions.divide(50, {"validate": 5, "judge": 20, "test": 10}, np.random.default_rng(8))
        self.assertEqual(np.bincount(part).tolist(), [15, 5, 20, 10])

    def test_a_stroke_leans_as_it_is_drawn(self) -> None:
        """A diagonal up to the right by one for one, its mirror image by minus one, an upright not."""
        right = np.fliplr(np.eye(8)).reshape(1, 64)
        upright = np.zeros((8, 8))
        upright[:, 3] = 1
        found = traits.measure(np.concatenate([right, np.eye(8).reshape(1, 64), upright.reshape(1, 64)]))
        self.assertTrue(np.allclose(found, [[8, 1], [8, -1], [8, 0]]))

    def test_a_third_is_in_each_third(self) -> None:
        """Of each digit, for each trait."""
        rng = np.random.default_rng(9)
        pixels, labels = rng.random((600, 64)), np.repeat(np.arange(10), 60)
        found = traits.third(pixels, labels, traits.bounds(pixels, labels))
        for digit in range(10):
            self.assertEqual(np.unique(found[labels == digit, 0], return_counts=True)[1].tolist(), [20] * 3)


class Judging(unittest.TestCase):
    """Choosing, the judge, and distances."""

    def test_the_judge_knows_what_it_has_seen(self) -> None:
        """Also when it is moved by a pixel."""
        rng = np.random.default_rng(10)
        pixels, labels = rng.random((10, 64)), np.arange(10)
        known = judge.moved(pixels)
        counts = judge.fit(known, np.tile(labels, 5), 2.0, 0.1)
        said = judge.says({"pixels": known, "counts": counts, "smooth": 2.0}, known)
        self.assertEqual(said.tolist(), labels.tolist() * 5)

    def test_the_best_are_those_that_go_with_the_caption(self) -> None:
        """After training on two kinds of pictures, those of a caption come first."""
        rng = np.random.default_rng(11)
        weights, kinds = match.init(rng), rng.random((2, 64))
        said = np.stack([words.numbers("the digit 1"), words.numbers("the digit 7")])
        adam = Adam(weights)
        for _ in range(60):
            adam.update(match.gradient(weights, kinds, said)[1], 0.01)
        order = rerank.order(weights, kinds[[0, 1, 0, 1]], said[1])
        self.assertEqual(set(order[:2].tolist()), {1, 3})

    def test_the_distance_of_normal_sets_is_known(self) -> None:
        """Nothing from itself; by means and spreads along the axes otherwise."""
        rng = np.random.default_rng(12)
        points = rng.standard_normal((200_000, 2))
        self.assertAlmostEqual(frechet.distance(points, points), 0, places=6)
        other = rng.standard_normal((200_000, 2)) * [2, 1] + [0, 3]
        self.assertAlmostEqual(frechet.distance(points, other), (2 - 1) ** 2 + 3**2, delta=0.1)

    def test_a_copy_is_one_in_every_code(self) -> None:
        """One of these two is; the other differs in one."""
        learnt = np.arange(48).reshape(3, 16)
        drawn = learnt[:2].copy()
        drawn[1, 5] = 0
        self.assertEqual(evaluate.differing(learnt, drawn[None]).tolist(), [0, 1])
        found = evaluate.copied(learnt, {"drawn": drawn[None]})
        self.assertEqual(found["copies"]["drawn"], 0.5)
        self.assertEqual(found["near_copies"]["drawn"], 1.0)

    def test_the_baseline_keeps_how_often_a_code_comes_at_its_place(self) -> None:
        """And nothing of what comes with it."""
        drawn = np.array([[0, 0], [1, 1]])
        found = baseline.draw(drawn, 4000, np.random.default_rng(13))
        self.assertTrue(np.allclose(found.mean(axis=0), 0.5, atol=0.05))
        self.assertAlmostEqual((found[:, 0] == found[:, 1]).mean(), 0.5, delta=0.05)


class Sheet(unittest.TestCase):
    """The picture file."""

    def test_a_page_is_a_png_of_its_pixels(self) -> None:
        """Unpacked, it is what was put on it."""
        paper = png.Paper(3, 2)
        paper.put(1, 0, np.array([[1.0, 0.5]]), (0, 0, 200))
        file = paper.png()
        size = struct.unpack(">II", file[16:24])
        packed = file[file.index(b"IDAT") + 4 : file.index(b"IEND") - 8]
        rows_ = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(3, 7)
        self.assertEqual(size, (2, 3))
        self.assertEqual(rows_[1].tolist(), [0, 0, 0, 200, 128, 128, 228])
        self.assertEqual(rows_[2].tolist(), [0] + [255] * 6)

    def test_every_letter_of_every_caption_can_be_written(self) -> None:
        """Each has ink, and no two are alike."""
        font = png.font()
        letters = {one for word in words.WORDS for one in word}
        self.assertTrue(all(font[one].any() for one in letters))
        self.assertEqual(len({font[one].tobytes() for one in letters}), len(letters))


if __name__ == "__main__":
    unittest.main()
