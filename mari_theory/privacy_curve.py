"""What a budget implies, as differential privacy's accountants read it: delta at a grid of epsilon, for composing and for f-DP curves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mari_theory.detectability import delta
from mari_theory.errors import require
from mari_theory.units import LN2, Floats

MOST = 100_000
"""Points of a curve at most."""


@dataclass(frozen=True)
class PrivacyCurve:
    """delta(epsilon) of every pair of laws within a budget, at epsilon = `spacing * steps`, both orders (T8)."""

    jsd: float
    """The budget, nats."""
    spacing: float
    """Between two epsilons."""
    steps: tuple[int, ...]
    """Whole numbers, rising, from below 0 to above."""
    deltas: Floats
    """Not rising, each an upper bound, shape (steps,)."""

    @property
    def epsilons(self) -> Floats:
        """Where the curve is known, shape (steps,)."""
        return self.spacing * np.array(self.steps, dtype=float)


def privacy_curve(jsd: float, spacing: float = 0.01, largest: float = 5.0) -> PrivacyCurve:
    r"""The curve of a budget, in the form that `dp-accounting` connects the dots of, and `riskcal` after it.

    .. math:: \delta(e) = \max \{b - e^e a : JSD(Bern(a), Bern(b)) \le jsd\}, \quad \delta(-e) = 1 - e^{-e} + e^{-e} \delta(e),

    the second since the set of tests is the same with the arms exchanged (T8). What it says of k outputs is no more than composition of
    the worst pair: read T10 for the sharp number.

    ``pld_pmf.create_pmf_pessimistic_connect_dots(curve.spacing, curve.steps, curve.deltas)`` makes dp-accounting's privacy loss distribution.

    Parameters: `jsd` in [0, ln 2]; `spacing` > 0; `largest` epsilon, at least `spacing`. Raises `ArgumentError`.

    >>> curve = privacy_curve(0.01, spacing=0.5, largest=1.0)
    >>> curve.steps
    (-2, -1, 0, 1, 2)
    >>> [round(float(x), 3) for x in curve.deltas]
    [0.644, 0.423, 0.141, 0.048, 0.033]
    """
    require(0.0 <= jsd <= LN2, "jsd", "a number in [0, ln 2]", jsd)
    require(bool(np.isfinite(spacing) and spacing > 0), "spacing", "a positive number", spacing)
    require(
        bool(np.isfinite(largest)) and spacing <= largest <= MOST * spacing,
        "largest",
        f"spacing to {MOST} spacings",
        largest,
    )
    above = np.arange(round(largest / spacing) + 1)
    up = np.asarray(delta(spacing * above, jsd))
    scale = np.exp(-spacing * above[1:])
    down = (1.0 - scale + scale * up[1:]) * (1 + 1e-15)
    rising = np.minimum(np.concatenate([down[::-1], up]), 1.0)
    steps = (*(-above[:0:-1]).tolist(), *above.tolist())
    # Each value is an upper bound by itself; rounding must not let the curve rise.
    return PrivacyCurve(float(jsd), float(spacing), steps, np.maximum.accumulate(rising[::-1])[::-1])
