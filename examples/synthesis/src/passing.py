"""pass@k: how likely one of k candidates is right at least, estimated from n of which c are.

It is the estimator of Chen and others (2021), 1 - C(n - c, k) / C(n, k): the share of the choices of k out of
the n that have a right one in them. `1 - (1 - c / n) ** k` would be biased.
"""

import numpy as np


def pass_at(k: int, candidates: int, right: int) -> float:
    """Return the estimate; as a product, since the binomials themselves are too large for floats."""
    if candidates - right < k:
        return 1.0
    tried = np.arange(candidates - right + 1, candidates + 1)
    return float(1 - np.prod(1 - k / tried))
