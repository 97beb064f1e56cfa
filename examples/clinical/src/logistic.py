"""Logistic regression with an L2 penalty, fitted by Newton's method.

The loss is the summed cross-entropy plus penalty / 2 times the squared length of the weights. The
last weight is the intercept, which is not penalised: the share of malignant masses is no model.
"""

import numpy as np

STEPS = 100
FLAT = 1e-9  # the largest slope at which a fit has converged


def with_ones(measured: np.ndarray) -> np.ndarray:
    """Return the measurements with a column of ones for the intercept, (patients, inputs + 1)."""
    return np.hstack([measured, np.ones((len(measured), 1))])


def predict(weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the probability that each row is malignant, (patients)."""
    return 1 / (1 + np.exp(-np.clip(rows @ weights, -500, 500)))


def loss(weights: np.ndarray, rows: np.ndarray, labels: np.ndarray, penalty: float) -> float:
    """Return what is minimised."""
    given = rows @ weights
    entropy = np.logaddexp(0, given).sum() - given @ labels
    return float(entropy + penalty / 2 * weights[:-1] @ weights[:-1])


def slope(
    weights: np.ndarray, rows: np.ndarray, labels: np.ndarray, penalty: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return gradient, (inputs + 1), and Hessian, (inputs + 1, inputs + 1), of the loss."""
    chance = predict(weights, rows)
    shrink = np.full(len(weights), penalty)
    shrink[-1] = 0
    gradient = rows.T @ (chance - labels) + shrink * weights
    hessian = (rows.T * (chance * (1 - chance))) @ rows + np.diag(shrink)
    return gradient, hessian


def fit(rows: np.ndarray, labels: np.ndarray, penalty: float) -> np.ndarray:
    """Return the weights of least loss, (inputs + 1).

    A whole Newton step may go too far while the fit is poor: it is halved until the loss falls.
    """
    weights = np.zeros(rows.shape[1])
    for _ in range(STEPS):
        gradient, hessian = slope(weights, rows, labels, penalty)
        if np.abs(gradient).max() < FLAT:
            break
        step = np.linalg.solve(hessian, gradient)
        now = loss(weights, rows, labels, penalty)
        while loss(weights - step, rows, labels, penalty) > now + FLAT:
            step /= 2
        weights = weights - step
    return weights
