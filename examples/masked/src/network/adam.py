"""Adam: steps scaled by the slopes' running mean and spread (Kingma and Ba, 2015)."""

import numpy as np

KEEP_MEAN, KEEP_SQUARE = 0.9, 0.99
TINY = 1e-8
DECAY = 0.01  # of matrices, apart from the slopes (Loshchilov and Hutter, 2019)
CLIP = 1.0  # longest slope of all weights together


class Adam:
    """What is remembered between steps of one training."""

    def __init__(self, weights: dict[str, np.ndarray], peak: float, steps: int) -> None:
        """Begin: the rate climbs to PEAK in a tenth of the steps, then falls to nothing."""
        self.peak, self.steps, self.step = peak, steps, 0
        self.mean = {name: np.zeros_like(weight) for name, weight in weights.items()}
        self.square = {name: np.zeros_like(weight) for name, weight in weights.items()}

    def rate(self) -> float:
        """Return the rate of this step."""
        climb = max(1, self.steps // 10)
        left = (self.steps - self.step) / max(1, self.steps - climb)
        return self.peak * min((self.step + 1) / climb, left)

    def move(self, weights: dict[str, np.ndarray], slopes: dict[str, np.ndarray]) -> None:
        """Change the weights that have a slope, in place."""
        length = float(np.sqrt(sum(float((slope * slope).sum()) for slope in slopes.values())))
        shrink = min(1.0, CLIP / (length + TINY))
        rate = self.rate()
        self.step += 1
        mean_part, square_part = 1 - KEEP_MEAN**self.step, 1 - KEEP_SQUARE**self.step
        for name in sorted(slopes):
            slope = slopes[name] * shrink
            mean, square, weight = self.mean[name], self.square[name], weights[name]
            mean += (1 - KEEP_MEAN) * (slope - mean)
            square += (1 - KEEP_SQUARE) * (slope * slope - square)
            if weight.ndim == 2:
                weight *= 1 - rate * DECAY
            weight -= rate / mean_part * mean / (np.sqrt(square / square_part) + TINY)
