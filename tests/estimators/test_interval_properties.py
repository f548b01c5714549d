"""Hypothesis over the tables: what every interval keeps, whatever the sample. Coverage itself is in `test_exact_coverage`."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estimators import (
    BANDS,
    Betting,
    Certified,
    ClopperPearson,
    EqualLocalLevels,
    Interval,
    MaurerPontil,
    OrderFree,
    audit_counts,
    certify_auc,
    certify_counts_entropy,
    certify_counts_jsd,
    certify_likelihood_ratio,
    certify_pooled,
    certify_roc,
    certify_table_mi,
)
from mari_theory.strategies import (
    FiniteLaw,
    bounded_samples,
    confidences,
    finite_pairs,
    likelihood_rows,
    permutations,
)
from tests.estimators.exact import METHODS, ORDER_FREE

Pair = tuple[FiniteLaw, FiniteLaw]
LN2 = math.log(2)
BETTING = [n for n in METHODS if n.startswith("betting")]
quick = settings(deadline=None, max_examples=20)
mp = mpmath.mp.clone()
mp.dps = 40


@st.composite
def samples(draw: Any, name: str, most: int = 12) -> Any:
    """A sample that the method takes: 0s and 1s for Clopper-Pearson."""
    y = draw(bounded_samples(most))
    return np.round(y) if name == "clopper-pearson" else y


@st.composite
def counts(draw: Any, cells: int, most: int = 40) -> Any:
    """Counts of `cells` symbols, at least one observation."""
    return np.array(draw(st.lists(st.integers(0, most), min_size=cells, max_size=cells).filter(any)))


def inside(inner: Interval, outer: Interval, slack: float = 1e-12) -> bool:
    return outer.lower <= inner.lower + slack and inner.upper <= outer.upper + slack


# Bounded means.


@pytest.mark.parametrize("name", METHODS)
@quick
@given(data=st.data(), confidence=confidences())
def test_the_estimate_is_in_its_interval_and_the_interval_in_the_range(
    name: str, data: st.DataObject, confidence: float
) -> None:
    y = data.draw(samples(name))
    made = METHODS[name].interval(y, confidence)
    assert 0.0 <= made.lower <= made.upper <= 1.0
    assert made.lower <= float(y.mean()) + 1e-15 and float(y.mean()) - 1e-15 <= made.upper
    assert made.confidence == confidence


@pytest.mark.parametrize("name", [n for n in METHODS if n not in BETTING])
@quick
@given(data=st.data(), first=confidences(), second=confidences())
def test_more_confidence_widens(name: str, data: st.DataObject, first: float, second: float) -> None:
    """Betting is left out: its stakes grow with ln(2/delta), and where they meet their cap an end can move inwards.

    Without caps it cannot: ln K is concave in a common factor s of the stakes and 0 at s = 0, so that a mean not rejected at
    level L has ln K < s L at s^2 L, s > 1. The mixture of `OrderFree` follows when ln(1/smallest weight) <= the geometric mean of
    both levels; no exception is known below that.
    """
    y = data.draw(samples(name))
    low, high = sorted((first, second))
    assert inside(METHODS[name].interval(y, low), METHODS[name].interval(y, high), 1e-9)


@pytest.mark.parametrize("name", BETTING)
@quick
@given(data=st.data(), confidence=st.floats(0.5, 0.99))
def test_betting_without_caps_widens_with_confidence(name: str, data: st.DataObject, confidence: float) -> None:
    """What holds in place of nesting: an end whose stakes are all below their cap at the higher confidence moves outwards.

    Unless the lower confidence has the trivial answer, given where the ends contradict the sample: more of it may say more.
    Running sums of squares are at least 1/4, so no stake is above sqrt(8 ln(2/delta)/ln 2); the cap at m is 0.9/m.
    """
    y = data.draw(samples(name))
    narrow = METHODS[name].interval(y, confidence)
    wide = METHODS[name].interval(y, 1 - (1 - confidence) / 4)
    stake = math.sqrt(8 * math.log(8 / (1 - confidence)) / LN2)
    if (narrow.lower, narrow.upper) == (0.0, 1.0):
        return
    if stake * narrow.lower < 0.9:
        assert wide.lower <= narrow.lower + 1e-9
    if stake * (1 - narrow.upper) < 0.9:
        assert wide.upper >= narrow.upper - 1e-9


@pytest.mark.parametrize("name", METHODS)
@quick
@given(data=st.data(), confidence=confidences())
def test_mirrored_samples_have_mirrored_intervals(name: str, data: st.DataObject, confidence: float) -> None:
    """Up to the roots' tolerance; the bins of `OrderFree` are finer near 0 than near 1, which costs a mirrored sample a little."""
    y = np.round(data.draw(samples(name)) * 1024) / 1024
    a, b = METHODS[name].interval(y, confidence), METHODS[name].interval(1 - y, confidence)
    assert (a.lower, a.upper) == pytest.approx((1 - b.upper, 1 - b.lower), abs=1e-3 if name == "order-free" else 1e-6)


@pytest.mark.parametrize("name", METHODS)
@quick
@given(data=st.data(), confidence=confidences(), shift=st.sampled_from([-3.0, 0.5]), span=st.sampled_from([0.25, 2.0]))
def test_intervals_move_with_the_range(
    name: str, data: st.DataObject, confidence: float, shift: float, span: float
) -> None:
    y = np.round(data.draw(samples(name)) * 1024) / 1024
    unit = METHODS[name].interval(y, confidence)
    made = METHODS[name].interval(shift + span * y, confidence, shift, shift + span)
    assert (made.lower, made.upper) == pytest.approx((shift + span * unit.lower, shift + span * unit.upper), abs=1e-9)


@pytest.mark.parametrize("name", ORDER_FREE)
@quick
@given(data=st.data(), confidence=confidences())
def test_the_order_does_not_matter(name: str, data: st.DataObject, confidence: float) -> None:
    """To the last bit where the data are counted; the sums of Hoeffding and of Maurer and Pontil round by the order."""
    y = data.draw(samples(name))
    shuffled = y[data.draw(permutations(y.size))]
    a, b = METHODS[name].interval(y, confidence), METHODS[name].interval(shuffled, confidence)
    if name in ("order-free", "clopper-pearson"):
        assert (a.lower, a.upper) == (b.lower, b.upper)
    elif name == "hoeffding":
        assert (a.lower, a.upper) == pytest.approx((b.lower, b.upper), abs=1e-15)
    else:  # the root of a variance near 0 turns a rounding of 1e-16 of the variance's terms into its square root
        assert (a.lower, a.upper) == pytest.approx((b.lower, b.upper), abs=1e-14)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("n", [1, 2, 3, 50])
def test_degenerate_samples(name: str, n: int) -> None:
    """Constants are in their own interval, and the end at which they sit is the range's."""
    for confidence in (0.05, 0.5, 0.95, 0.9999):
        zeros, ones = (METHODS[name].interval(np.full(n, v), confidence) for v in (0.0, 1.0))
        assert zeros.lower == 0.0 and ones.upper == 1.0
        assert zeros.upper == pytest.approx(1 - ones.lower, abs=1e-9)
        if name != "clopper-pearson":
            for value in (1e-300, 1e-12, 0.3, 1 / 3, 1 - 2**-53):
                made = METHODS[name].interval(np.full(n, value), confidence)
                assert made.lower <= value <= made.upper


@pytest.mark.parametrize("name", METHODS)
def test_more_of_the_same_narrows(name: str) -> None:
    """At n = 1 next to nothing is known; a thousand zeros leave little."""
    widths = [METHODS[name].interval(np.zeros(n)).width for n in (1, 10, 100, 1000)]
    assert widths == sorted(widths, reverse=True) and widths[0] > 0.9 and widths[-1] < 0.05


# Outward rounding: the same ends at 40 digits lie inside.


def binomial_tail(n: int, k: int, p: Fraction) -> Fraction:
    """P(at least k of n)."""
    return sum((math.comb(n, j) * p**j * (1 - p) ** (n - j) for j in range(k, n + 1)), Fraction(0))


@quick
@given(n=st.integers(1, 30), share=st.floats(0, 1), confidence=confidences())
def test_clopper_pearson_ends_in_rational_arithmetic(n: int, share: float, confidence: float) -> None:
    """At the ends as they are stored, no more than delta/2 is left in the tail, but for the last bit of 1 - delta/2."""
    k = round(share * n)
    made = ClopperPearson().counts(k, n, confidence)
    half = (1 - Fraction(confidence)) / 2 + Fraction(1, 2**53)
    assert made.lower == 0 or binomial_tail(n, k, Fraction(made.lower)) <= half
    assert made.upper == 1 or binomial_tail(n, n - k, 1 - Fraction(made.upper)) <= half


@quick
@given(y=bounded_samples(12), confidence=confidences())
def test_hoeffding_and_maurer_pontil_are_rounded_outwards(y: np.ndarray, confidence: float) -> None:
    values = [mp.mpf(float(v)) for v in y]
    n, delta = len(values), 1 - mp.mpf(confidence)
    mean = mp.fsum(values) / n
    halves = {"hoeffding": mp.sqrt(mp.log(2 / delta) / (2 * n))}
    if n > 1:
        level = mp.log(4 / delta)
        variance = mp.fsum((v - mean) ** 2 for v in values) / (n - 1)
        halves["maurer-pontil"] = mp.sqrt(2 * variance * level / n) + 7 * level / (3 * (n - 1))
    for name, half in halves.items():
        made = METHODS[name].interval(y, confidence)
        assert made.lower <= max(mean - half, 0) and min(mean + half, 1) <= made.upper


def betting_capital(y: list[Any], m: Any, delta: Any, anytime: bool) -> Any:
    """The largest ln K_t(m) of the gambler on larger means, from the definition at 40 digits."""
    n, total, spread = len(y), mp.mpf("0.5"), mp.mpf("0.25")
    log_k = best = mp.mpf(0)
    for i, value in enumerate(y, 1):
        horizon = i * mp.log(1 + i) if anytime else n
        stake = mp.sqrt(2 * mp.log(2 / delta) * i / (spread * horizon))
        log_k += mp.log(1 + min(stake, mp.mpf(0.9) / m) * (value - m))
        best = max(best, log_k)
        total += value
        spread += (value - total / (i + 1)) ** 2
    return best


@pytest.mark.parametrize("name", BETTING)
@quick
@given(y=bounded_samples(8), confidence=confidences())
def test_betting_has_the_capital_at_its_ends(name: str, y: np.ndarray, confidence: float) -> None:
    """Rounded outwards: at each end, as it is stored, the capital at 40 digits has reached 2/delta."""
    made, delta = METHODS[name].interval(y, confidence), 1 - mp.mpf(confidence)
    values = [mp.mpf(float(v)) for v in y]
    for end, x in ((mp.mpf(made.lower), values), (1 - mp.mpf(made.upper), [1 - v for v in values])):
        if end > 0:
            assert betting_capital(x, end, delta, name == "betting-anytime") >= mp.log(2 / delta)


@quick
@given(y=bounded_samples(8), confidence=confidences())
def test_the_order_free_mixture_has_the_capital_at_its_ends(y: np.ndarray, confidence: float) -> None:
    made, delta, n = OrderFree().interval(y, confidence), 1 - mp.mpf(confidence), y.size
    level = mp.log(2 / delta)
    depth = max(2, math.ceil(2 * math.log(n + 1) / math.log(3)))
    weights = [1 / mp.mpf(j + 1) for j in range(depth)]
    values = [mp.mpf(float(v)) for v in y]
    for end, x in ((mp.mpf(made.lower), values), (1 - mp.mpf(made.upper), [1 - v for v in values])):
        if end > 0:
            stakes = [min(mp.sqrt(8 * level * mp.mpf(3) ** j / n), mp.mpf(0.9) / end) for j in range(depth)]
            capital = [mp.fprod(1 + stake * (v - end) for v in x) for stake in stakes]
            mixed = mp.fsum(w * k for w, k in zip(weights, capital, strict=True)) / mp.fsum(weights)
            assert mixed >= 2 / delta


# Counts: relabelling, exchange of the arms, confidence, the estimate inside.

COUNTED: dict[str, Callable[[np.ndarray, np.ndarray, float], Certified]] = {
    "JSD": lambda c, d, confidence: certify_counts_jsd(c, d, confidence),
    "entropy": lambda c, d, confidence: certify_counts_entropy(c, confidence),
    "mutual information": lambda c, d, confidence: certify_table_mi(np.stack([c, d]), confidence),
    "pooled": lambda c, d, confidence: certify_pooled(c / c.sum(), d / d.sum(), int(c.sum()), int(d.sum()), confidence),
}


@pytest.mark.parametrize("name", COUNTED)
@quick
@given(c=counts(4), d=counts(4), order=permutations(4), confidence=confidences())
def test_names_of_symbols_do_not_matter(
    name: str, c: np.ndarray, d: np.ndarray, order: np.ndarray, confidence: float
) -> None:
    a, b = COUNTED[name](c, d, confidence), COUNTED[name](c[order], d[order], confidence)
    assert a.value == pytest.approx(b.value, abs=1e-14)
    assert (a.interval.lower, a.interval.upper) == pytest.approx((b.interval.lower, b.interval.upper), abs=1e-9)


@pytest.mark.parametrize("name", ["JSD", "mutual information", "pooled"])
@quick
@given(c=counts(3), d=counts(3), confidence=confidences())
def test_arms_may_be_exchanged(name: str, c: np.ndarray, d: np.ndarray, confidence: float) -> None:
    a, b = COUNTED[name](c, d, confidence), COUNTED[name](d, c, confidence)
    assert (a.interval.lower, a.interval.upper) == pytest.approx((b.interval.lower, b.interval.upper), abs=1e-9)


@quick
@given(table=counts(6), confidence=confidences())
def test_a_table_may_be_transposed(table: np.ndarray, confidence: float) -> None:
    a, b = (certify_table_mi(t, confidence).interval for t in (table.reshape(2, 3), table.reshape(2, 3).T))
    assert (a.lower, a.upper) == pytest.approx((b.lower, b.upper), abs=1e-9)


@pytest.mark.parametrize("name", COUNTED)
@quick
@given(c=counts(3), d=counts(3), first=confidences(), second=confidences())
def test_certificates_of_counts_hold_their_estimate_and_widen(
    name: str, c: np.ndarray, d: np.ndarray, first: float, second: float
) -> None:
    """Mutual information widens as long as one and the same bound is chosen; confidence is part of the choice."""
    low, high = sorted((first, second))
    a, b = COUNTED[name](c, d, low), COUNTED[name](c, d, high)
    for made in (a, b):
        assert made.interval.lower - 1e-12 <= made.value <= made.interval.upper + 1e-12
    if a.interval.method == b.interval.method:
        assert inside(a.interval, b.interval, 1e-9)


def test_degenerate_counts() -> None:
    """One observation, one symbol, empty cells."""
    for confidence in (0.05, 0.5, 0.9999):
        assert 0.0 in certify_counts_jsd([1, 0], [1, 0], confidence).interval
        assert LN2 in certify_counts_jsd([10**6, 0], [0, 10**6], confidence).interval
        assert certify_counts_jsd([5], [7], confidence).interval.lower == 0.0
        assert certify_counts_entropy([9], confidence).interval.upper <= 1e-12
        assert 0.0 in certify_counts_entropy([1, 0, 0], confidence).interval
        assert certify_table_mi([[3, 4]], confidence).interval.upper <= 1e-12
        assert 0.0 in certify_table_mi([[1, 0], [0, 0]], confidence).interval
        assert LN2 in certify_table_mi([[10**5, 0], [0, 10**5]], confidence).interval


@quick
@given(a=st.integers(0, 30), b=st.integers(0, 30), confidence=confidences())
def test_an_audit_is_the_same_for_the_arms_and_for_the_complement(a: int, b: int, confidence: float) -> None:
    made = audit_counts(a, 30, b, 30, confidence)
    for other in (audit_counts(b, 30, a, 30, confidence), audit_counts(30 - a, 30, 30 - b, 30, confidence)):
        assert other.total_variation_lower == pytest.approx(made.total_variation_lower, abs=1e-12)
        assert other.jsd_lower == pytest.approx(made.jsd_lower, abs=1e-9)
    assert made.total_variation_lower <= abs(made.tpr - made.fpr)
    assert 0.0 <= made.jsd_lower <= LN2 * made.total_variation_lower + 1e-12


# Likelihoods and scores.


@st.composite
def rows(draw: Any, most: int = 5) -> Any:
    """A pair and symbols that its arms can draw."""
    pair = draw(finite_pairs())
    drawn = []
    for law in pair:
        support = [i for i, w in enumerate(law.weights) if w > 0]
        drawn.append(draw(st.lists(st.sampled_from(support), min_size=1, max_size=most)))
    return pair, drawn


INTERVAL_NAMES = [n for n in METHODS if n != "clopper-pearson"]


@pytest.mark.parametrize("name", INTERVAL_NAMES)
@settings(deadline=None, max_examples=10)
@given(made=rows(), order=permutations(3), confidence=confidences())
def test_likelihood_ratio_keeps_names_and_arms(
    name: str, made: tuple[Pair, list[list[int]]], order: np.ndarray, confidence: float
) -> None:
    """Symbols renamed: to the last bit, as only the rows are seen. Arms exchanged: JSD and TV up to the order of a sum."""
    (p, q), drawn = made
    design = None if name in ("hoeffding", "order-free") else "iid"

    def certify(first: FiniteLaw, second: FiniteLaw, symbols: list[list[int]]) -> Any:
        return certify_likelihood_ratio(*likelihood_rows(first, second, *symbols), confidence, METHODS[name], design)

    a = certify(p, q, drawn)
    new = [int(i) for i in np.argsort(order[order < len(p.values)])]
    old = np.argsort(new)
    renamed = [FiniteLaw(x.values, tuple(x.weights[int(i)] for i in old)) for x in (p, q)]
    b = certify(renamed[0], renamed[1], [[new[i] for i in x] for x in drawn])
    assert (b.jsd, b.total_variation, b.auc) == (a.jsd, a.total_variation, a.auc)
    c = certify(q, p, drawn[::-1])
    for one, other in ((a.jsd, c.jsd), (a.total_variation, c.total_variation)):
        assert other.value == pytest.approx(one.value, abs=1e-14)
        assert (other.interval.lower, other.interval.upper) == pytest.approx(
            (one.interval.lower, one.interval.upper), abs=1e-12
        )
    assert c.auc.value == pytest.approx(a.auc.value, abs=1e-12)
    for result, top in ((a.jsd, LN2), (a.total_variation, 1.0), (a.auc, 1.0)):
        assert 0.0 <= result.interval.lower <= result.interval.upper <= top
        assert design == "iid" or result is a.auc or inside(Interval(result.value, result.value, 0.5), result.interval)


@settings(deadline=None, max_examples=10)
@given(made=rows(8), first=confidences(), second=confidences())
def test_the_roc_band_of_the_likelihood_ratio_widens(
    made: tuple[Pair, list[list[int]]], first: float, second: float
) -> None:
    (p, q), drawn = made
    a, b = (certify_likelihood_ratio(*likelihood_rows(p, q, *drawn), c) for c in sorted((first, second)))
    assert inside(a.auc.interval, b.auc.interval)
    assert np.all(b.roc.tpr_low <= a.roc.tpr_low + 1e-12) and np.all(a.roc.tpr_high <= b.roc.tpr_high + 1e-12)


scores = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=8)


@pytest.mark.parametrize("name", INTERVAL_NAMES)
@settings(deadline=None, max_examples=10)
@given(p=scores, q=scores, confidence=confidences())
def test_the_auc_is_mirrored_when_scores_are(name: str, p: list[float], q: list[float], confidence: float) -> None:
    """It reads the order of the scores only: an increasing map changes nothing, a decreasing one mirrors the interval.

    Exchanged arms mirror the value; the interval too once ids say which rows meet.
    """
    method = METHODS[name]
    a = certify_auc(p, q, confidence, method)
    mapped = certify_auc(np.exp(p), np.exp(q), confidence, method)
    assert mapped.interval == a.interval and mapped.value == a.value
    turned = certify_auc(-np.array(p), -np.array(q), confidence, method)
    assert mirrored(turned, a)
    assert certify_auc(q, p, confidence, method).value == pytest.approx(1 - a.value, abs=1e-12)
    n = min(len(p), len(q))
    assert mirrored(
        certify_auc(q[:n], p[:n], confidence, method, comparison="paired"),
        certify_auc(p[:n], q[:n], confidence, method, comparison="paired"),
    )


def mirrored(a: Certified, b: Certified) -> bool:
    ends = (1 - b.interval.upper, 1 - b.interval.lower)
    return a.value == pytest.approx(1 - b.value) and (a.interval.lower, a.interval.upper) == pytest.approx(
        ends, abs=1e-6
    )


@settings(deadline=None, max_examples=10)
@given(items=st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=2, max_size=8), data=st.data())
def test_the_order_of_rows_with_ids_does_not_matter(items: list[tuple[int, int]], data: st.DataObject) -> None:
    """To the last bit, whatever the order of either arm."""
    p, q = (np.array(x, dtype=float) for x in zip(*items, strict=True))
    n = len(items)
    i, j = data.draw(permutations(n)), data.draw(permutations(n))
    a = certify_auc(p, q, 0.8, items_p=np.arange(n), items_q=np.arange(n))
    b = certify_auc(p[i], q[j], 0.8, items_p=i, items_q=j)
    assert b.interval == a.interval and b.value == pytest.approx(a.value, abs=1e-15)


@pytest.mark.parametrize("name", BANDS)
@settings(deadline=None, max_examples=10)
@given(p=scores, q=scores, data=st.data(), first=confidences(), second=confidences())
def test_the_roc_band_reads_ranks_and_widens(
    name: str, p: list[float], q: list[float], data: st.DataObject, first: float, second: float
) -> None:
    shuffled = [p[i] for i in data.draw(permutations(len(p)))]
    low, high = sorted((first, second))
    a, same, wide = (
        certify_roc(x, y, c, BANDS[name]) for x, y, c in ((p, q, low), (np.exp(shuffled), np.exp(q), low), (p, q, high))
    )
    assert np.array_equal(a.tpr_low, same.tpr_low) and np.array_equal(a.tpr_high, same.tpr_high)
    assert np.all(a.tpr_low <= a.tpr + 1e-12) and np.all(a.tpr <= a.tpr_high + 1e-12)
    # The local level is found by halving: 1e-4 of it is left open.
    assert np.all(wide.tpr_low <= a.tpr_low + 1e-4) and np.all(a.tpr_high <= wide.tpr_high + 1e-4)


@pytest.mark.parametrize("n", [1, 2, 9])
def test_bands_are_mirrored_and_ordered(n: int) -> None:
    for band in BANDS.values():
        low, high = band.limits(n, 0.9)
        assert low.size == high.size == n + 1
        assert low[0] == 0.0 and high[-1] == 1.0
        assert np.all(np.diff(low) >= 0) and np.all(np.diff(high) >= 0) and np.all(low < high)
        assert high == pytest.approx(1 - low[::-1], abs=1e-9)
    assert EqualLocalLevels().limits(1, 0.9)[1][0] == pytest.approx(0.95, abs=1e-4)


@pytest.mark.parametrize("method", [Betting(), MaurerPontil(), OrderFree()], ids=lambda m: m.name)
def test_a_constant_shows_how_fast_the_variance_is_learnt(method: Any) -> None:
    """Ten times the data: nearly ten times narrower, where Hoeffding gains the root of ten."""
    widths = [method.interval(np.full(n, 0.3)).width for n in (200, 2000)]
    assert 7 < widths[0] / widths[1] < 11
