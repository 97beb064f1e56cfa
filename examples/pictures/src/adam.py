"""Adam: each weight moves by its mean slope, over the root of its mean squared slope."""

import numpy as np

MEAN, SQUARE = 0.9, 0.99  # how much of the past the two means keep
SMALL = 1e-8
LONGEST = 1.0  # a gradient that is longer, over all weights together, is cut to this


class Adam:
    """The means of the slopes of some weights, which it changes in place."""

    def __init__(self, weights: dict[str, np.ndarray]) -> None:
        """Begin with weights that have not moved."""
        self.weights, self.updates = weights, 0
        self.mean = {name: np.zeros_like(one) for name, one in weights.items()}
        self.square = {name: np.zeros_like(one) for name, one in weights.items()}

    def update(self, gradient: dict[str, np.ndarray], rate: float) -> None:
        """Move every weight against its slope."""
        self.updates += 1
        length = sum(float((one * one).sum()) for one in gradient.values()) ** 0.5
        cut = min(1.0, LONGEST / (length + SMALL))
        for name, slope in gradient.items():
            mean, square = self.mean[name], self.square[name]
            mean += (1 - MEAN) * (cut * slope - mean)
            square += (1 - SQUARE) * ((cut * slope) ** 2 - square)
            size = np.sqrt(square / (1 - SQUARE**self.updates)) + SMALL
            self.weights[name] -= rate / (1 - MEAN**self.updates) * mean / size
