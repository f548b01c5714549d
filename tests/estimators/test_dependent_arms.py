"""T17 and T29 where the two arms depend on each other: exact miss probabilities with antithetic arms, and which words the claim carries."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from estimators import BoundedDifferences, FastRate, certify_counts_jsd, certify_pooled
from mari_theory import ArgumentError, binary_jsd

INDEPENDENT, DEPENDENT = "independent of each other", "may depend on each other"


def antithetic(a: float, n: int, confidence: float, bound: FastRate, arms_independent: bool) -> float:
    """Exact miss probability of the certified interval where p_i = 1[U_i < a] and q_i = 1 - p_i."""
    truth, k = float(binary_jsd(a, 1 - a)), np.arange(n + 1)
    near = k[np.abs(k - a * n) < 8 * np.sqrt(n * a * (1 - a)) + 2]
    missed = 0.0
    for i in near.tolist():
        p = np.array([i, n - i]) / n
        made = certify_pooled(p, p[::-1].copy(), n, n, confidence, bound=bound, arms_independent=arms_independent)
        missed += float(binom.pmf(i, n, a)) * (truth not in made.interval)
    return missed


def test_the_counterexample_to_the_independent_form() -> None:
    """a = 0.7, n = 10,000, delta = 1e-4, l = 0.065: it misses with probability 1.264e-4; the dependent form with 6e-9."""
    bound = FastRate(multipliers=(0.065,))
    assert antithetic(0.7, 10_000, 1 - 1e-4, bound, True) == pytest.approx(1.264e-4, rel=1e-3)
    assert antithetic(0.7, 10_000, 1 - 1e-4, bound, False) < 1e-8


@pytest.mark.parametrize("a", [0.5, 0.6, 0.9])
@pytest.mark.parametrize("n", [30, 1000])
@pytest.mark.parametrize("level", [0.05, 0.5])
def test_the_dependent_form_covers(a: float, n: int, level: float) -> None:
    for bound in (FastRate(), FastRate(multipliers=(0.3,)), FastRate(multipliers=(0.05,))):
        assert antithetic(a, n, 1 - level, bound, False) <= level


@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("a", [0.5, 0.7, 0.95])
def test_counts_cover_with_antithetic_and_with_identical_arms(a: float, same: bool) -> None:
    n, missed = 200, 0.0
    truth = 0.0 if same else float(binary_jsd(a, 1 - a))
    for i in range(n + 1):
        other = [i, n - i] if same else [n - i, i]
        made = certify_counts_jsd([i, n - i], other, 0.8, arms_independent=False)
        missed += float(binom.pmf(i, n, a)) * (truth not in made.interval)
    assert missed <= 0.2


def test_the_dependent_interval_is_wider_at_both_ends_and_says_so() -> None:
    one, two = (certify_counts_jsd([900, 100], [100, 900], arms_independent=k).interval for k in (True, False))
    assert two.lower < one.lower and one.upper < two.upper
    assert two.method == "counts-fast-rate-dependent-arms" and DEPENDENT in " ".join(two.assumptions)
    assert INDEPENDENT in " ".join(one.assumptions)
    p = np.array([0.5, 0.5])
    apart, together = (certify_pooled(p, p, 100, 100, arms_independent=k).interval for k in (True, False))
    assert apart.upper < together.upper and together.method == "pooled-fast-rate-dependent-arms"
    assert INDEPENDENT in " ".join(apart.assumptions) and DEPENDENT in " ".join(together.assumptions)


def test_bounded_differences_and_wrong_multipliers_are_refused() -> None:
    p = np.array([0.5, 0.5])
    with pytest.raises(ArgumentError, match="independent arms for pooled-bounded-differences"):
        certify_pooled(p, p, 100, 100, bound=BoundedDifferences(), arms_independent=False)
    with pytest.raises(ArgumentError, match="multipliers"):
        FastRate(multipliers=(0.5, 1.0))
