"""T17 and T29 where the two arms depend on each other: exact miss probabilities with antithetic arms, and which words the claim carries."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom

import mari_theory as mt
from estimators import (
    BoundedDifferences,
    FastRate,
    certify_counts_jsd,
    certify_pooled,
)
from estimators.pooled import MULTIPLIERS, upper_slope
from mari_theory import ArgumentError, binary_jsd
from tests.estimators.exact import limit

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


LN2 = math.log(2)


@pytest.mark.parametrize("gap", [0.0, 0.3])
def test_pooled_upper_bound_covers_and_beats_the_baseline(rng: np.random.Generator, gap: float) -> None:
    vocab, n, missed = 400, 300, 0
    base = rng.dirichlet(np.ones(vocab))
    other = (1 - gap) * base + gap * rng.dirichlet(np.ones(vocab))
    truth = float(mt.jensen_shannon(base, other))
    for _ in range(100):
        p, q = (rng.dirichlet(50 * law, size=n).mean(0) for law in (base, other))
        made = certify_pooled(p, q, n, n, 0.9)
        missed += truth not in made.interval
        assert made.interval.upper < BoundedDifferences().upper(made.value, n, n, 0.9)
    assert missed <= limit(100, 0.1)


def test_pooled_one_hot_rows_cover(rng: np.random.Generator) -> None:
    """The hardest rows for T17: one-hot, that is plain counts."""
    law, missed = np.array([0.97, 0.02, 0.01]), 0
    for _ in range(300):
        p, q = (rng.multinomial(50, law) / 50 for _ in range(2))
        missed += 0.0 not in certify_pooled(p, q, 50, 50, 0.9).interval
    assert missed == 0
    other, truth, missed = np.array([0.5, 0.3, 0.2]), 0.0, 0
    truth = float(mt.jensen_shannon(law, other))
    for _ in range(300):
        p, q = rng.multinomial(50, law) / 50, rng.multinomial(50, other) / 50
        missed += truth not in certify_pooled(p, q, 50, 50, 0.9).interval
    assert missed <= limit(300, 0.1)


def test_the_fast_rate_constant_is_the_theorems() -> None:
    limit_at_0 = LN2**2 / (2 * LN2 - 1)
    assert pytest.approx(1.24375, abs=1e-5) == limit_at_0
    assert all(upper_slope(k) < limit_at_0 * k * k for k in MULTIPLIERS)
    # At a plug-in of 0 the best l maximises l - c_l; no other multiplier does better.
    best = FastRate(multipliers=MULTIPLIERS[:1]).upper(0.0, 1000, 2000, 0.95)
    assert best == pytest.approx(math.log(20) / (2000 * 0.222813), rel=1e-5)
    assert all(FastRate(multipliers=(k,)).upper(0.0, 1000, 2000, 0.95) > best for k in (0.45, 0.49, 0.3, 0.7))


@pytest.mark.parametrize("k", [1e-3, 0.1, 0.4712, 0.9, 1.0])
def test_the_lemma_behind_the_fast_rate_is_sharp_at_its_constant(k: float) -> None:
    """e^{lx} - 1 - lx <= c_l (e^x - 1 - x) for x >= -ln 2 and 0 < l <= 1, attained at x = -ln 2 (proof of T17)."""
    x = np.concatenate([np.linspace(-LN2, -1e-2, 400), np.linspace(1e-2, 6, 400)])
    ratio = (np.expm1(k * x) - k * x) / (np.expm1(x) - x)
    assert np.max(ratio) <= upper_slope(k) * (1 + 1e-9)
    assert np.max(ratio) > 0.999999 * upper_slope(k)
    assert np.all(np.diff(ratio) <= 1e-9)


def test_the_lemma_holds_for_random_laws(rng: np.random.Generator) -> None:
    """ln E_P e^{l (psi - E psi)} <= c_l KL(P || M) with psi = ln(M/P)."""
    p, q = rng.dirichlet(np.full(6, 0.3), size=(2, 5000))
    m = (p + q) / 2
    psi, kl = np.log(m / p), mt.kl(p, m)
    for k in (0.05, 0.4, 1.0):
        moment = np.log((p * np.exp(k * (psi + kl[:, None]))).sum(1))
        assert np.all(moment <= upper_slope(k) * kl + 1e-12)


def test_finite_populations_carry_rounding_only(rng: np.random.Generator) -> None:
    p, q = rng.dirichlet(np.ones(1000), size=2)
    made = certify_pooled(p, q, 1000, 2000, finite_population=True)
    assert float(mt.jensen_shannon(p, q)) in made.interval
    assert made.interval.width < 1e-4


@pytest.mark.parametrize(("n", "m"), [(0, 5), (5, -1)])
def test_pool_counts_are_checked(n: int, m: int) -> None:
    with pytest.raises(mt.ArgumentError, match="counts"):
        certify_pooled(np.array([1.0]), np.array([1.0]), n, m)
