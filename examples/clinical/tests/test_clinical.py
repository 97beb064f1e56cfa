"""The numerical code of the example, against what it must be: slopes, curves, rules, splits."""

import unittest

import numpy as np

import decide
import fold
import logistic
import measures
import prepare
import split


def some(seed: int, patients: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Return measurements, (patients, 3), and labels that follow the first one, but not always."""
    rng = np.random.default_rng(seed)
    measured = rng.standard_normal((patients, 3))
    labels = (measured[:, 0] + rng.standard_normal(patients) > 0).astype(np.int64)
    return measured, labels


class Fitting(unittest.TestCase):
    """Logistic regression."""

    def setUp(self) -> None:
        """Draw a problem and a point away from its optimum."""
        measured, self.labels = some(0)
        self.rows = logistic.with_ones(measured)
        self.weights = np.array([0.3, -0.2, 0.5, 0.1])

    def difference(self, of, at: int) -> np.ndarray:
        """Return the slope of a function of the weights by finite differences."""
        step = np.zeros(4)
        step[at] = 1e-5
        return (of(self.weights + step) - of(self.weights - step)) / 2e-5

    def test_the_gradient_is_the_slope_of_the_loss(self) -> None:
        """By finite differences, for every weight."""
        gradient, _ = logistic.slope(self.weights, self.rows, self.labels, 2.0)
        loss = lambda weights: logistic.loss(weights, self.rows, self.labels, 2.0)  # noqa: E731
        for at in range(4):
            self.assertAlmostEqual(gradient[at], self.difference(loss, at), places=5)

    def test_the_hessian_is_the_slope_of_the_gradient(self) -> None:
        """By finite differences, row by row."""
        _, hessian = logistic.slope(self.weights, self.rows, self.labels, 2.0)
        slope = lambda weights: logistic.slope(weights, self.rows, self.labels, 2.0)[0]  # noqa: E731
        for at in range(4):
            self.assertTrue(np.allclose(hessian[at], self.difference(slope, at), atol=1e-5))

    def test_a_fit_is_flat(self) -> None:
        """No weight can be bettered, whatever the penalty; a larger one gives shorter weights."""
        lengths = []
        for penalty in (0.1, 1.0, 10.0):
            weights = logistic.fit(self.rows, self.labels, penalty)
            gradient, _ = logistic.slope(weights, self.rows, self.labels, penalty)
            self.assertLess(np.abs(gradient).max(), 1e-8)
            lengths.append(np.abs(weights[:-1]).sum())
        self.assertEqual(lengths, sorted(lengths, reverse=True))

    def test_patients_who_can_be_told_apart_are_fitted_too(self) -> None:
        """The penalty keeps the weights finite."""
        rows = logistic.with_ones(np.array([[-2.0], [-1.0], [1.0], [2.0]]))
        weights = logistic.fit(rows, np.array([0, 0, 1, 1]), 0.1)
        self.assertTrue(np.isfinite(weights).all())


class Measuring(unittest.TestCase):
    """Curves, rates, calibration."""

    def test_the_area_is_the_share_of_pairs_in_the_right_order(self) -> None:
        """Equal scores count one half."""
        rng = np.random.default_rng(1)
        scores, labels = rng.integers(6, size=50) / 5, rng.integers(2, size=50)
        ahead = scores[labels == 1][:, None] - scores[labels == 0][None, :]
        pairs = ((ahead > 0) + 0.5 * (ahead == 0)).mean()
        curve = measures.roc(scores, labels, np.ones(50))
        self.assertAlmostEqual(measures.area(*curve), pairs)

    def test_a_weight_of_two_is_a_patient_twice(self) -> None:
        """So a resample needs no copies."""
        measured, labels = some(2, 20)
        scores, weights = measured[:, 0], np.arange(20) % 3
        at = np.repeat(np.arange(20), weights)
        once = measures.area(*measures.roc(scores, labels, weights))
        copied = measures.area(*measures.roc(scores[at], labels[at], np.ones(len(at))))
        self.assertAlmostEqual(once, copied)

    def test_the_rates_count_each_kind_by_itself(self) -> None:
        """Two of three malignant masses flagged, one of two benign ones not."""
        flagged, labels = np.array([1, 1, 0, 1, 0]), np.array([1, 1, 1, 0, 0])
        sensitivity, specificity = measures.rates(flagged, labels, np.ones(5))
        self.assertAlmostEqual(sensitivity, 2 / 3)
        self.assertAlmostEqual(specificity, 1 / 2)

    def test_true_odds_are_calibrated(self) -> None:
        """Labels drawn with the predicted probability have slope 1 and intercept 0."""
        rng = np.random.default_rng(3)
        chance = rng.uniform(0.05, 0.95, 20_000)
        labels = (rng.uniform(size=20_000) < chance).astype(np.int64)
        slope, intercept = measures.calibration(chance, labels)
        self.assertAlmostEqual(slope, 1, delta=0.05)
        self.assertAlmostEqual(intercept, 0, delta=0.05)


class Deciding(unittest.TestCase):
    """Cleaning, splitting, scaling, thresholds."""

    def test_what_cannot_be_used_is_dropped_and_counted(self) -> None:
        """Incomplete, impossible, and twice."""
        row = np.arange(31.0)
        table = np.array([row, row + 1, row, np.where(row == 3, np.nan, row), row - 5])
        kept, dropped = prepare.clean(table)
        self.assertTrue(np.array_equal(kept, [row, row + 1]))
        self.assertEqual(dropped, {"incomplete": 1, "negative": 1, "twice": 1})

    def test_a_group_is_ten_measurements(self) -> None:
        """In the order of the file."""
        kept, names = prepare.choose(np.arange(60.0).reshape(2, 30), ["worst"])
        self.assertTrue(np.array_equal(kept[0], np.arange(20, 30)))
        self.assertEqual((names[0], len(names)), ("worst_radius", 10))

    def test_folds_have_equal_shares_of_each_label(self) -> None:
        """To within one patient, and each patient is in one of them."""
        labels = np.array([1] * 23 + [0] * 41)
        dealt = split.stratified(labels, 5, np.random.default_rng(4))
        for label, least in ((1, 4), (0, 8)):
            counts = np.bincount(dealt[labels == label], minlength=5)
            self.assertTrue(((counts == least) | (counts == least + 1)).all())

    def test_inner_folds_leave_out_who_is_judged(self) -> None:
        """Those have none."""
        rng = np.random.default_rng(5)
        labels = np.array([0, 1] * 20)
        outer = split.stratified(labels, 4, rng)
        inner = split.nested(labels, outer, 2, 3, rng)
        self.assertTrue(np.array_equal(inner == split.JUDGED, outer == 2))

    def test_what_is_not_known_by_its_name_is_refused(self) -> None:
        """A misspelt param is no other choice."""
        with self.assertRaisesRegex(SystemExit, "sensitivity or fixed"):
            decide.threshold({"rule": "fixd", "at": 0.5}, np.zeros(2), np.array([0, 1]))
        with self.assertRaisesRegex(SystemExit, "training or everyone"):
            fold.main("", "", "0", "everybody", "[1]", "", "", "")

    def test_who_is_judged_does_not_scale(self) -> None:
        """An outlier among them moves neither mean nor spread."""
        measured, known = some(6)[0], np.arange(60) < 50
        before = fold.scale(measured, known)[1:]
        measured[55] = 1e6
        self.assertTrue(np.array_equal(before, fold.scale(measured, known)[1:]))

    def test_the_threshold_is_the_highest_that_is_sensitive_enough(self) -> None:
        """Three of four malignant masses are flagged from 0.4, and from no higher score."""
        scores, labels = np.array([0.9, 0.6, 0.4, 0.1, 0.5]), np.array([1, 1, 1, 1, 0])
        rule = {"rule": "sensitivity", "at_least": 0.75}
        self.assertEqual(decide.threshold(rule, scores, labels), 0.4)
        self.assertEqual(decide.threshold({"rule": "fixed", "at": 0.5}, scores, labels), 0.5)

    def test_labels_that_mean_nothing_are_not_predicted(self) -> None:
        """The scores of patients who were left out are no better than a coin: nothing leaks."""
        rng = np.random.default_rng(8)
        measured, labels = rng.standard_normal((400, 5)), np.arange(400) % 2
        inner = split.stratified(labels, 5, rng)
        scores = fold.inner_scores(measured, labels, inner, 1.0, everyone=False)
        self.assertAlmostEqual(
            measures.area(*measures.roc(scores, labels, np.ones(400))), 0.5, delta=0.1
        )

    def test_a_training_patient_is_scored_by_models_that_did_not_see_them(self) -> None:
        """To turn a label over changes the scores of others, and not the patient's own."""
        measured, labels = some(7)
        inner = np.arange(60) % 3
        before = fold.inner_scores(measured, labels, inner, 1.0, everyone=False)
        labels[9] = 1 - labels[9]
        after = fold.inner_scores(measured, labels, inner, 1.0, everyone=False)
        self.assertEqual(before[9], after[9])
        self.assertTrue((before[inner != 0] != after[inner != 0]).all())


if __name__ == "__main__":
    unittest.main()
