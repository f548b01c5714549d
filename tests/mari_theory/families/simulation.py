"""How far a simulated mean may be from the truth."""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import norm


def close(terms: np.ndarray, truth: float, tests: int) -> bool:
    """The mean of i.i.d. terms within the normal limit for a table of `tests` rows at 1e-6 altogether, 20 % spare."""
    limit = float(norm.isf(0.5e-6 / tests)) * 1.2
    return abs(float(terms.mean()) - truth) <= limit * float(terms.std()) / math.sqrt(terms.size) + 1e-12
