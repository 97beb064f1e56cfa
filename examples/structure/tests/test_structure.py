"""The numerical code of the example, against what it must be: slopes, tables, measures, folds."""

import unittest

import numpy as np

import align
import crop
import features
import fold
import net
import pairs
import residues
import score
from prepare import distances, split


def spiral(length: int) -> np.ndarray:
    """Return the alpha carbons of a helix, (length, 3)."""
    turn = np.deg2rad(100) * np.arange(length)
    return np.stack([2.3 * np.cos(turn), 2.3 * np.sin(turn), 1.5 * np.arange(length)], axis=1)


class Learning(unittest.TestCase):
    """The network."""

    def test_the_gradients_are_the_slopes_of_the_loss(self) -> None:
        """By finite differences, in every array of weights."""
        rng = np.random.default_rng(0)
        weights = net.begin(5, 4, 4, rng)
        weights = {name: value.astype(np.float64) for name, value in weights.items()}
        given = rng.standard_normal((2, 7, 6, 5))
        bins, contacts = rng.integers(3, size=(2, 7, 6)), rng.random((2, 7, 6)) < 0.3
        asked = rng.random((2, 7, 6)) < 0.8

        def surprise() -> float:
            return net.loss(net.forward(weights, given)[0], bins, contacts, asked)[0]

        scores, kept = net.forward(weights, given)
        slopes = net.backward(weights, kept, net.loss(scores, bins, contacts, asked)[1])
        self.assertEqual(set(slopes), set(weights))
        for name, value in weights.items():
            for at in rng.integers(value.size, size=4):
                old = value.flat[at]
                value.flat[at] = old + 1e-6
                up = surprise()
                value.flat[at] = old - 1e-6
                down = surprise()
                value.flat[at] = old
                self.assertAlmostEqual((up - down) / 2e-6, slopes[name].flat[at], places=6, msg=name)

    def test_what_is_not_asked_teaches_nothing(self) -> None:
        """Its slope is zero."""
        scores = np.random.default_rng(1).standard_normal((1, 2, 2, 4))
        asked = np.array([[[True, False], [True, True]]])
        _, slope = net.loss(scores, np.zeros((1, 2, 2), int), asked, asked)
        self.assertEqual(np.abs(slope[0, 0, 1]).max(), 0)


class Aligning(unittest.TestCase):
    """Relatives, and what they show."""

    def test_the_table_is_symmetric_and_its_chances_add_up(self) -> None:
        """Tryptophan is kept best, and nothing is replaced by itself."""
        table, chances = residues.blosum(), residues.substitution()
        self.assertTrue((table == table.T).all())
        self.assertEqual(residues.LETTERS[table.diagonal().argmax()], "W")
        self.assertTrue(np.allclose(chances.sum(axis=1), 1) and (chances.diagonal() == 0).all())

    def test_plus_wants_minus(self) -> None:
        """Glutamate is commoner beside lysine than lysine is."""
        lysine = residues.beside(1.0)[residues.LETTERS.index("K")]
        self.assertGreater(lysine[residues.LETTERS.index("E")], lysine[residues.LETTERS.index("K")])

    def test_a_family_begins_with_the_chain_and_its_partners_share_information(self) -> None:
        """A pair that changes together has the highest corrected information of all."""
        rng = np.random.default_rng(2)
        native = rng.integers(20, size=20)
        others = [np.array([], int) for _ in native]
        others[3], others[15] = np.array([15]), np.array([3])
        made = align.family(native, others, 500, rng)
        self.assertTrue((made[0] == native).all())
        left = features.corrected(features.information(made))
        self.assertEqual(set(np.unravel_index(left.argmax(), left.shape)), {3, 15})

    def test_information_is_what_the_formula_says(self) -> None:
        """Two columns that are the same have the entropy of one, which is log 2 here."""
        made = np.array([[0, 0, 5], [1, 1, 5]] * 200, np.uint8)
        shared = features.information(made)
        self.assertAlmostEqual(shared[0, 1], np.log(2), delta=0.02)
        self.assertAlmostEqual(shared[0, 2], 0, delta=0.02)


class Judging(unittest.TestCase):
    """Splits, crops, measures and folds."""

    def test_a_chain_is_either_held_out_or_not(self) -> None:
        """And as many are as are asked for."""
        names = [str(at) for at in range(10)]
        parts = split(names, 3, 0)
        self.assertEqual(sorted(parts["held_out"] + parts["training"]), names)
        self.assertEqual(len(parts["held_out"]), 3)

    def test_a_square_over_the_end_of_a_chain_is_not_asked_there(self) -> None:
        """A chain of five in a square of eight."""
        known = {
            "a.residues": np.zeros(5),
            "a.distances": distances(spiral(5)),
            "a.contacts": np.ones((5, 5), bool),
        }
        shown = {"a.single": np.ones((5, 2)), "a.pair": np.ones((5, 5))}
        square = crop.cut(known, shown, "a", 8, np.random.default_rng(3))
        asked = square["bins"] != pairs.LEFT_OUT
        self.assertTrue(asked[:5, :5].all())
        self.assertEqual(asked.sum(), 25)

    def test_precision_counts_the_likeliest_pairs(self) -> None:
        """To know everything is 1 when there are enough contacts, to know the contrary is 0."""
        contacts = distances(np.random.default_rng(4).standard_normal((30, 3)) * 8) < 12
        self.assertEqual(score.precision(contacts.astype(float), contacts), 1)
        self.assertEqual(score.precision(-contacts.astype(float), contacts), 0)

    def test_lddt_of_the_truth_is_one_in_any_place(self) -> None:
        """Also of its mirror image; and noise makes it less."""
        places = spiral(30)
        true = distances(places)
        self.assertAlmostEqual(score.lddt(true, places * [1, 1, -1] + 7), 1)
        noise = np.random.default_rng(5).standard_normal(places.shape)
        self.assertLess(score.lddt(true, places + noise), 0.9)

    def test_true_distances_fold_to_the_truth(self) -> None:
        """Within what lDDT can see."""
        true = distances(spiral(40))
        places = fold.fold(true, np.ones_like(true))
        self.assertGreater(score.lddt(true, places), 0.95)


if __name__ == "__main__":
    unittest.main()
