"""Certificates of two arms at small n: every sample or every table of counts, weighed exactly, as in `test_exact_coverage`."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.stats import binom

from estimators import (
    BANDS,
    BoundedDifferences,
    BoundedMean,
    ClopperPearson,
    EqualLocalLevels,
    FastRate,
    Interval,
    OrderFree,
    audit_counts,
    certify_auc,
    certify_counts_entropy,
    certify_counts_jsd,
    certify_critic_jsd,
    certify_critic_mi,
    certify_likelihood_ratio,
    certify_path_information,
    certify_pooled,
    certify_roc,
    certify_table_mi,
    discrete_intervals,
    likelihood_ratio,
)
from estimators.bands import Band, coverage
from estimators.two_sample import accuracy_p_value
from mari_theory import jensen_shannon, total_variation
from mari_theory.families import MarkovPair
from mari_theory.strategies import (
    FiniteLaw,
    categorical,
    finite_pairs,
    finite_samples,
    law_of,
    likelihood_rows,
    product_samples,
)
from tests.estimators.exact import (
    CONFIDENCES,
    METHODS,
    ORDER_FREE,
    ROUNDING,
    inflate,
    multinomial,
    parts,
    simplex,
    two_arms,
)

LN2 = math.log(2)
Pair = tuple[FiniteLaw, FiniteLaw]
PAIRS: dict[str, Pair] = {
    "z channel": (law_of(range(2), [1, 0]), law_of(range(2), [7, 3])),
    "close": (law_of(range(2), [9, 1]), law_of(range(2), [7, 3])),
    "nearly disjoint": (law_of(range(2), [97, 3]), law_of(range(2), [3, 97])),
    "apart": (law_of(range(2), [4, 1]), law_of(range(2), [1, 4])),
    "same": (law_of(range(2), [1, 1]), law_of(range(2), [1, 1])),
    "erasure": (law_of(range(3), [1, 9, 0]), law_of(range(3), [0, 9, 1])),
    "three": (law_of(range(3), [90, 9, 1]), law_of(range(3), [50, 10, 40])),
}


@dataclass(frozen=True)
class Remembered:
    """A bounded-mean interval that answers a sample it has seen (in any order, where order is nothing) from memory."""

    method: BoundedMean
    seen: dict[Any, Interval]

    @property
    def name(self) -> str:
        """Of the method."""
        return self.method.name

    def interval(self, y: Any, confidence: float = 0.95, lower: float = 0.0, upper: float = 1.0) -> Interval:
        """The method's."""
        y = np.sort(y) if self.name in ORDER_FREE else y
        key = (y.tobytes(), confidence, lower, upper)
        if key not in self.seen:
            self.seen[key] = self.method.interval(y, confidence, lower, upper)
        return self.seen[key]


def outside(interval: Interval, truth: float) -> bool:
    """A miss by more than rounding."""
    return not interval.lower - ROUNDING <= truth <= interval.upper + ROUNDING


def both(pair: Pair, n: int, m: int) -> list[tuple[list[int], list[int], float]]:
    """Every sample of n from P and m from Q with its probability."""
    first, second = (list(finite_samples(law, size)) for law, size in zip(pair, (n, m), strict=True))
    return [(list(map(int, x)), list(map(int, y)), float(a * b)) for (x, a), (y, b) in itertools.product(first, second)]


def optimal_roc(pair: Pair) -> tuple[Callable[[Any], Any], float]:
    """The curve of the likelihood-ratio detector and its area, from the definition."""
    q_over_p = sorted(
        zip(*(x.weights for x in pair), strict=True), key=lambda w: w[1] / w[0] if w[0] else math.inf, reverse=True
    )
    fpr, tpr = ([Fraction(0), *itertools.accumulate(w[i] for w in q_over_p)] for i in (0, 1))
    area = sum((b - a) * (c + d) / 2 for a, b, c, d in zip(fpr, fpr[1:], tpr, tpr[1:], strict=False))
    start = max(t for f, t in zip(fpr, tpr, strict=True) if f == 0)
    kept = [(0.0, float(start)), *((float(f), float(t)) for f, t in zip(fpr, tpr, strict=True) if f > 0)]
    xs, ys = zip(*kept, strict=True)
    return lambda x: np.interp(x, xs, ys), float(area)


# Known likelihoods: JSD, total variation, AUC and ROC of the likelihood ratio.


ANY_ORDER = ("hoeffding", "order-free")
"""Methods for which rows need no design: independent terms, each arm with half the weight."""
LIKELIHOOD_METHODS = [n for n in METHODS if n != "clopper-pearson"]


def likelihood_misses(pair: Pair, n: int, m: int, confidence: float, name: str) -> dict[str, float]:
    """Probability that each of the four statements of `certify_likelihood_ratio` is wrong."""
    arms, (curve, area) = categorical(*pair), optimal_roc(pair)
    design = None if name in ANY_ORDER else "iid"
    missed = dict.fromkeys(("jsd", "total variation", "auc", "roc"), 0.0)
    seen: dict[Any, dict[str, bool]] = {}
    for x, y, chance in both(pair, n, m):
        if design is None:
            x, y = sorted(x), sorted(y)
        key = (*x, -1, *y)
        if key not in seen:
            made = certify_likelihood_ratio(*likelihood_rows(*pair, x, y), confidence, METHODS[name], design)
            truth = curve(made.roc.fpr)
            held = np.all((made.roc.tpr_low <= truth + ROUNDING) & (truth <= made.roc.tpr_high + ROUNDING))
            seen[key] = {
                "jsd": outside(made.jsd.interval, arms.jsd()),
                "total variation": outside(made.total_variation.interval, arms.total_variation()),
                "auc": outside(made.auc.interval, area),
                "roc": not held,
            }
        for statement, wrong in seen[key].items():
            missed[statement] += chance * wrong
    return missed


def check_likelihoods(pair: str, name: str, n: int, m: int, confidence: float) -> None:
    missed = likelihood_misses(PAIRS[pair], n, m, confidence, name)
    assert max(missed.values()) <= 1 - confidence + ROUNDING, missed


@pytest.mark.parametrize("pair", ["z channel", "nearly disjoint"])
@pytest.mark.parametrize("name", LIKELIHOOD_METHODS)
def test_likelihood_ratio_statements_hold(pair: str, name: str) -> None:
    check_likelihoods(pair, name, 2, 2, 0.5)
    check_likelihoods(pair, name, 2, 3, 0.8)


@pytest.mark.parametrize("name", ANY_ORDER)
def test_arms_of_different_sizes_count_half_each(name: str) -> None:
    for n, m in ((1, 4), (3, 1)):
        for pair in ("z channel", "apart"):
            check_likelihoods(pair, name, n, m, 0.5)


@pytest.mark.long
@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("name", LIKELIHOOD_METHODS)
def test_likelihood_ratio_statements_hold_for_every_pair(pair: str, name: str) -> None:
    for confidence in CONFIDENCES:
        for n, m in ((2, 2), (3, 3), (4, 4), (1, 4)) if len(PAIRS[pair][0].values) == 2 else ((2, 2), (3, 2)):
            check_likelihoods(pair, name, n, m, confidence)


@settings(deadline=None, max_examples=4)
@given(pair=finite_pairs(2))
def test_likelihood_ratio_statements_hold_for_any_pair(pair: Pair) -> None:
    for name in ("betting", "order-free"):
        missed = likelihood_misses(pair, 2, 2, 0.5, name)
        assert max(missed.values()) <= 0.5 + ROUNDING, missed


@pytest.mark.parametrize("name", ANY_ORDER)
@pytest.mark.parametrize("draws", [1, pytest.param(2, marks=pytest.mark.long)])
@pytest.mark.parametrize("prompts", [("z channel", "same"), ("nearly disjoint", "close")])
def test_prompts_in_equal_proportions_need_no_common_law(name: str, draws: int, prompts: tuple[str, str]) -> None:
    """So many draws for each of two prompts in each arm: independent rows of two laws; the quantity is the mean over the prompts."""
    pairs = [PAIRS[x] for x in prompts]
    truths = [sum(getattr(categorical(*x), of)() for x in pairs) / 2 for of in ("jsd", "total_variation")]
    drawn = [
        [
            (tuple(map(int, x)), float(w))
            for x, w in product_samples([pair[arm] for pair in pairs for _ in range(draws)])
        ]
        for arm in (0, 1)
    ]
    logs = [categorical(*pair).log_likelihoods(np.array([0, 1])) for pair in pairs for _ in range(draws)]
    n = len(logs)
    for confidence in (0.2, 0.5):
        missed = [0.0, 0.0]
        seen: dict[Any, list[bool]] = {}
        for (x, a), (y, b) in itertools.product(*drawn):
            rows = [(logs[i % n][0][v], logs[i % n][1][v]) for i, v in enumerate((*x, *y))]
            key = (*sorted(rows[:n]), *sorted(rows[n:]))
            if key not in seen:
                made = certify_likelihood_ratio(
                    np.array([r[0] for r in rows]),
                    np.array([r[1] for r in rows]),
                    np.repeat([0, 1], n),
                    confidence,
                    METHODS[name],
                )
                seen[key] = [
                    outside(i, t)
                    for i, t in zip((made.jsd.interval, made.total_variation.interval), truths, strict=True)
                ]
            missed = [m + a * b * wrong for m, wrong in zip(missed, seen[key], strict=True)]
        assert max(missed) <= 1 - confidence + ROUNDING


@pytest.mark.parametrize(
    ("pair", "wrong"),
    [
        ("nearly disjoint", lambda y, t: (y / 20, t)),
        ("nearly disjoint", lambda y, t: (y, t / 20)),
        ("apart", lambda y, t: (t * LN2, t)),
    ],
    ids=["JSD terms too small", "TV terms too small", "TV terms for JSD"],
)
def test_wrong_terms_are_caught(monkeypatch: pytest.MonkeyPatch, pair: str, wrong: Any) -> None:
    """With 3 rows an arm only the terms can be tested, not the level: a level twice too large still spends less than delta.
    `test_exact_coverage` has the level."""
    real = likelihood_ratio.information_terms
    monkeypatch.setattr(likelihood_ratio, "information_terms", lambda log_p, log_q: wrong(*real(log_p, log_q)))
    missed = likelihood_misses(PAIRS[pair], 3, 3, 0.2, "order-free")
    assert max(missed["jsd"], missed["total variation"]) > 0.8 + 1e-3


# Per-token sums along a chain: P(path) is a product, all paths are enumerated.

CHAIN = MarkovPair((0.5, 0.5), ((0.95, 0.05), (0.2, 0.8)), (0.9, 0.1), ((0.5, 0.5), (0.3, 0.7)), 2)


def path_misses(n: int, confidence: float, method: BoundedMean) -> float:
    paths = np.array(list(itertools.product([0, 1], repeat=CHAIN.length)))
    laws = [np.exp(x) for x in CHAIN.log_likelihoods(paths)]
    assert [x.sum() for x in laws] == pytest.approx([1, 1])
    information, missed, arm = CHAIN.path_information(paths), 0.0, np.repeat([0, 1], n)
    for rows in itertools.product(range(len(paths)), repeat=2 * n):
        made = certify_path_information(information[list(rows)], arm, CHAIN.length, confidence, method)
        chance = math.prod(laws[a][i] for a, i in zip(arm, rows, strict=True))
        missed += float(chance * outside(made.interval, CHAIN.jsd()))
    return missed


@pytest.mark.parametrize("name", ["betting", "order-free"])
def test_path_information_holds_along_a_chain(name: str) -> None:
    for n, confidence in ((1, 0.2), (1, 0.5), (2, 0.2)):
        assert path_misses(n, confidence, Remembered(METHODS[name], {})) <= 1 - confidence + ROUNDING


# Bands for a distribution function.


def joint_chance(below: Sequence[Fraction], above: Sequence[Fraction]) -> Fraction:
    """P(below_i <= U_(i) <= above_i for all i) for n sorted uniforms, by Steck's determinant, in rational arithmetic.

    n! det[(above_i - below_j)_+^{j-i+1} / (j-i+1)!], an upper Hessenberg matrix with ones under the diagonal.
    """
    n = len(below)
    minors = [Fraction(1)]
    for k in range(1, n + 1):
        column = [
            max(above[i] - below[k - 1], Fraction(0)) ** (k - i)
            / math.factorial(k - i)
            * minors[i]
            * (-1) ** (k - 1 - i)
            for i in range(k)
        ]
        minors.append(sum(column, Fraction(0)))
    return math.factorial(n) * minors[n]


def band_chance(band: Band, n: int, confidence: float) -> Fraction:
    low, high = band.limits(n, confidence)
    return joint_chance([Fraction(float(x)) for x in low[1:]], [Fraction(float(x)) for x in high[:-1]])


def test_the_determinant_by_hand() -> None:
    """Two uniforms: both in [a, b] has chance (b - a)^2; the smaller under 1/2 and the larger over 1/2, 1/2."""
    half, one, zero = Fraction(1, 2), Fraction(1), Fraction(0)
    assert joint_chance([Fraction(1, 5)] * 2, [Fraction(9, 10)] * 2) == Fraction(49, 100)
    assert joint_chance([zero, half], [half, one]) == half
    assert joint_chance([half, half], [Fraction(1, 4), one]) == 0


@pytest.mark.parametrize("n", [1, 2, 3, 6, 12])
@pytest.mark.parametrize("name", BANDS)
def test_bands_hold_at_their_level_in_rational_arithmetic(name: str, n: int) -> None:
    for confidence in CONFIDENCES:
        exact = band_chance(BANDS[name], n, confidence)
        assert exact >= Fraction(confidence)
        if name == "equal-local-levels":
            low, high = BANDS[name].limits(n, confidence)
            assert exact <= confidence + 2e-4  # all of the level is spent
            assert coverage(n, np.arange(1, n + 1), low[1:], high[:-1]) == pytest.approx(float(exact), abs=1e-10)


@pytest.mark.parametrize(("name", "factor"), [("equal-local-levels", 1.01), ("dkw", 1.5)])
def test_a_band_at_a_level_too_large_is_caught(name: str, factor: float) -> None:
    """Equal local levels are exact: 1 % shows. Massart's constant is for large n; at 12 a level half as large again shows."""
    for confidence in CONFIDENCES:
        assert band_chance(BANDS[name], 12, 1 - factor * (1 - confidence)) < Fraction(confidence)


@pytest.mark.parametrize("name", BANDS)
def test_bands_hold_for_laws_with_atoms(name: str) -> None:
    for confidence, n, k in itertools.product(CONFIDENCES, (1, 4, 9), (2, 3)):
        low, high = BANDS[name].limits(n, confidence)
        seen, laws = parts(n, k), simplex(k)
        below = np.cumsum(seen, axis=1)[:, :-1]
        truth = np.cumsum(laws, axis=1)[:, :-1]
        for law, f in zip(laws, truth, strict=True):
            missed = np.any((low[below] > f + ROUNDING) | (high[below] < f - ROUNDING), axis=1)
            assert multinomial(seen, law[None])[0][missed].sum() <= 1 - confidence + ROUNDING


# ROC bands and AUC of any score.


def roc_holds(made: Any, curve: Callable[[Any], Any]) -> bool:
    """The whole monotone curve lies in the steps: from each grid point's low value to its high value."""
    truth = curve(made.fpr)
    return bool(np.all((made.tpr_low <= truth + ROUNDING) & (truth <= made.tpr_high + ROUNDING)))


def orders_of(n: int, m: int) -> list[tuple[int, ...]]:
    """Every way that n scores of P (0) and m of Q (1) can be interleaved, smallest first."""
    return [tuple(int(i in ones) for i in range(n + m)) for ones in itertools.combinations(range(n + m), m)]


def order_chance(arms: Sequence[int], power: int) -> Fraction:
    """Probability of one interleaving when P has any continuous F and Q has F^power (the largest of `power` draws).

    Given sorted labels, the chance is the product of a_i / (a_1 + ... + a_i) over the exponents a, times the permutations in an arm.
    """
    total, chance = 0, Fraction(math.factorial(sum(arms)) * math.factorial(len(arms) - sum(arms)))
    for arm in arms:
        exponent = power if arm else 1
        total += exponent
        chance *= Fraction(exponent, total)
    return chance


def roc_misses(band: Band, n: int, m: int, power: int, confidence: float) -> Fraction:
    """The ROC band depends on the order of the scores alone, so continuous scores have an exact coverage too."""
    missed = Fraction(0)
    for arms in orders_of(n, m):
        ranks = np.arange(float(n + m))
        of_q = np.array(arms, dtype=bool)
        made = certify_roc(ranks[~of_q], ranks[of_q], confidence, band)
        missed += order_chance(arms, power) * (not roc_holds(made, lambda x: 1 - (1 - x) ** power))
    return missed


@pytest.mark.parametrize("name", BANDS)
@pytest.mark.parametrize("power", [1, 2, 20])
def test_roc_band_of_continuous_scores(name: str, power: int) -> None:
    assert sum(order_chance(arms, power) for arms in orders_of(3, 4)) == 1
    for confidence in (0.5, 0.8):
        missed = roc_misses(BANDS[name], 3, 4, power, confidence)
        assert missed <= 1 - Fraction(confidence)


@pytest.mark.parametrize("name", BANDS)
@pytest.mark.parametrize("pair", PAIRS)
def test_roc_band_of_scores_with_ties(name: str, pair: str) -> None:
    """The score is the symbol; the curve runs straight across a tie."""
    p, q = (x.floats() for x in PAIRS[pair])
    fpr, tpr = (np.append(0.0, np.cumsum(x[::-1])) for x in (p, q))
    n = 4 if p.size == 2 else 2

    def curve(x: Any) -> Any:
        return np.where(x > 0, np.interp(x, fpr, tpr), max(t for f, t in zip(fpr, tpr, strict=True) if f == 0))

    for confidence in (0.5, 0.8):
        total = 0.0
        rows = parts(n, p.size)
        of_p, of_q = multinomial(rows, p[None])[0], multinomial(rows, q[None])[0]
        for (c, a), (d, b) in itertools.product(zip(rows, of_p, strict=True), zip(rows, of_q, strict=True)):
            if a * b > 0:
                of_c, of_d = (np.repeat(np.arange(float(p.size)), x) for x in (c, d))
                total += a * b * (not roc_holds(certify_roc(of_c, of_d, confidence, BANDS[name]), curve))
        assert total <= 1 - confidence + ROUNDING


def auc_miss(pair: Pair, n: int, m: int, confidence: float, method: BoundedMean) -> float:
    p, q = (x.floats() for x in pair)
    truth = float(sum(q[j] * (p[:j].sum() + p[j] / 2) for j in range(q.size)))
    made = Remembered(method, {})
    return sum(
        chance
        * outside(certify_auc(np.array(x, dtype=float), np.array(y, dtype=float), confidence, made).interval, truth)
        for x, y, chance in both(pair, n, m)
    )


@pytest.mark.parametrize("name", LIKELIHOOD_METHODS)
def test_auc_of_scores_with_ties(name: str) -> None:
    for pair, (n, m), confidence in itertools.product(("z channel", "nearly disjoint"), ((2, 2), (4, 3)), (0.5, 0.8)):
        assert auc_miss(PAIRS[pair], n, m, confidence, METHODS[name]) <= 1 - confidence + ROUNDING


ITEMS: dict[str, tuple[tuple[float, float, float], ...]] = {
    "difficulty shared": ((0.0, 1.0, 0.5), (1.0, 2.0, 0.5)),
    "rare reversal": ((0.0, 1.0, 0.9), (1.0, 0.0, 0.1)),
    "three kinds": ((0.0, 0.0, 0.6), (0.0, 1.0, 0.1), (2.0, 1.0, 0.3)),
}
"""Laws of an item's two scores: (score in P, score in Q, probability)."""


@pytest.mark.parametrize("law", ITEMS)
@pytest.mark.parametrize("name", ["betting", "order-free", "hoeffding"])
def test_auc_of_items_in_both_arms(law: str, name: str) -> None:
    """Both quantities from 4 items whose scores are dependent within an item: another item's score, the same item's."""
    kinds, n, method = ITEMS[law], 4, Remembered(METHODS[name], {})
    p, q, w = (np.array(x) for x in zip(*kinds, strict=True))
    beats = 0.5 * (1 + np.sign(q[None, :] - p[:, None]))
    truths = {"independent": float(w @ beats @ w), "paired": float(w @ np.diag(beats))}
    for confidence in (0.2, 0.5):
        missed = dict.fromkeys(truths, 0.0)
        for rows in itertools.product(range(len(kinds)), repeat=n):
            x, y, chance = p[list(rows)], q[list(rows)], float(np.prod(w[list(rows)]))
            made = {
                "independent": certify_auc(x, y, confidence, method, items_p=np.arange(n), items_q=np.arange(n)),
                "paired": certify_auc(x, y, confidence, method, comparison="paired"),
            }
            for quantity, truth in truths.items():
                missed[quantity] += chance * outside(made[quantity].interval, truth)
        assert max(missed.values()) <= 1 - confidence + ROUNDING, missed


# Detectors: exact binomial ends, and what their counts prove.


@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_clopper_pearson_counts(n: int) -> None:
    for confidence in CONFIDENCES:
        made = [ClopperPearson().counts(k, n, confidence) for k in range(n + 1)]
        low, high = (np.array([getattr(i, end) for i in made]) for end in ("lower", "upper"))
        grid = np.concatenate([np.linspace(0, 1, 201), low - 2e-12, high + 2e-12]).clip(0, 1)
        chance = binom.pmf(np.arange(n + 1)[:, None], n, grid)
        for side in ((chance * (low[:, None] > grid)).sum(0), (chance * (high[:, None] < grid)).sum(0)):
            assert side.max() <= (1 - confidence) / 2 + 1e-10  # the last digits of the grid next to a jump
            assert side.max() > 0.999 * (1 - confidence) / 2


def audit_misses(n: int, m: int, confidence: float) -> tuple[float, float]:
    """Largest probability that the bound on TV, on JSD, is above the truth; the symbol itself is the detector."""
    made = [[audit_counts(a, n, b, m, confidence) for b in range(m + 1)] for a in range(n + 1)]
    laws = simplex(2)
    of_n, of_m = multinomial(parts(n, 2)[::-1], laws), multinomial(parts(m, 2)[::-1], laws)
    worst_of = [0.0, 0.0]
    for p, a in zip(laws, of_n, strict=True):
        for q, b in zip(laws, of_m, strict=True):
            truths = float(total_variation(p, q)), float(jensen_shannon(p, q))
            for k, name in enumerate(("total_variation_lower", "jsd_lower")):
                wrong = np.array([[getattr(x, name) > truths[k] + ROUNDING for x in row] for row in made])
                worst_of[k] = max(worst_of[k], float(a @ wrong @ b))
    return worst_of[0], worst_of[1]


@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 5), (12, 12)])
def test_audit_counts_prove_no_more_than_is_true(n: int, m: int) -> None:
    for confidence in CONFIDENCES:
        made = audit_misses(n, m, confidence)
        assert max(made) <= 1 - confidence + ROUNDING


# Counts: divergence, entropy, mutual information.


def divergences(laws_p: np.ndarray, laws_q: np.ndarray) -> np.ndarray:
    return np.array([[float(jensen_shannon(p, q)) for q in laws_q] for p in laws_p])


def check_counts_jsd(n: int, m: int, k: int, confidence: float) -> tuple[float, float]:
    laws = simplex(k)
    made = two_arms(lambda c, d: certify_counts_jsd(c, d, confidence).interval, n, m, k)
    below, above = made.misses(laws, laws, divergences(laws, laws))
    return float(below.max()), float(above.max())


@pytest.mark.parametrize(("n", "m", "k"), [(1, 1, 2), (2, 5, 2), (8, 8, 2), (2, 2, 3)])
def test_counts_jsd(n: int, m: int, k: int) -> None:
    for confidence in CONFIDENCES:
        assert max(check_counts_jsd(n, m, k, confidence)) <= (1 - confidence) / 2 + ROUNDING


@pytest.mark.long
@pytest.mark.parametrize(("n", "m", "k"), [(40, 40, 2), (7, 9, 3), (3, 3, 5)])
def test_counts_jsd_at_larger_sizes(n: int, m: int, k: int) -> None:
    test_counts_jsd(n, m, k)


def test_an_unseen_alphabet_only_widens() -> None:
    a, b = (certify_counts_jsd([30, 0], [0, 30], 0.5, k).interval for k in (2, 50))
    assert b.lower <= a.lower and b.upper == a.upper


def entropy_misses(n: int, k: int, confidence: float) -> tuple[float, float]:
    rows, laws = parts(n, k), simplex(k)
    made = [certify_counts_entropy(c, confidence).interval for c in rows]
    truth = np.array([-sum(x * math.log(x) for x in p if x > 0) for p in laws])[:, None]
    chance = multinomial(rows, laws)
    low, high = (np.array([getattr(i, end) for i in made]) for end in ("lower", "upper"))
    below, above = (chance * (low > truth + ROUNDING)).sum(1), (chance * (high < truth - ROUNDING)).sum(1)
    return float(below.max()), float(above.max())


@pytest.mark.parametrize(("n", "k"), [(1, 2), (5, 2), (40, 2), (3, 3), (12, 3), (4, 5)])
def test_counts_entropy(n: int, k: int) -> None:
    for confidence in CONFIDENCES:
        assert max(entropy_misses(n, k, confidence)) <= (1 - confidence) / 2 + ROUNDING


TABLES: dict[str, tuple[tuple[float, ...], ...]] = {
    "independent": ((0.12, 0.28), (0.18, 0.42)),
    "identical": ((0.5, 0.0), (0.0, 0.5)),
    "nearly identical": ((0.499, 0.001), (0.001, 0.499)),
    "Z": ((0.5, 0.0), (0.25, 0.25)),
    "rare": ((0.97, 0.01), (0.0, 0.02)),
    "corner": ((1.0, 0.0), (0.0, 0.0)),
    "uniform": ((0.25, 0.25), (0.25, 0.25)),
}


def table_misses(n: int, confidence: float) -> float:
    rows = parts(n, 4)
    made = [certify_table_mi(c.reshape(2, 2), confidence).interval for c in rows]
    worst_of = 0.0
    for table in TABLES.values():
        joint = np.array(table)
        independent = np.outer(joint.sum(1), joint.sum(0))
        truth = float(np.sum(joint * np.log(np.where(joint > 0, joint, 1) / np.where(joint > 0, independent, 1))))
        chance = multinomial(rows, joint.reshape(1, 4))[0]
        worst_of = max(worst_of, sum(p for p, i in zip(chance, made, strict=True) if outside(i, truth)))
    return float(worst_of)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_table_mi(n: int) -> None:
    for confidence in CONFIDENCES:
        made = table_misses(n, confidence)
        assert made <= 1 - confidence + ROUNDING


def test_table_mi_where_the_ball_is_chosen() -> None:
    """The balls rule where K/n is small. Of Y = X one count tells the whole table, so that n = 40 is in reach."""
    n = 40
    for confidence in (0.5, 0.95):
        missed = dict.fromkeys((0.02, 0.5, 0.9), 0.0)
        for k in range(n + 1):
            made = certify_table_mi([[k, 0], [0, n - k]], confidence).interval
            assert made.method == "divergence-ball"
            for p in missed:
                truth = -p * math.log(p) - (1 - p) * math.log1p(-p)
                missed[p] += float(binom.pmf(k, n, p)) * outside(made, truth)
        assert max(missed.values()) <= 1 - confidence + ROUNDING


@pytest.mark.long
@pytest.mark.parametrize("n", [8, 14])
def test_table_mi_at_larger_sizes(n: int) -> None:
    test_table_mi(n)


# Pooled means.


def pooled_miss(n: int, m: int, k: int, confidence: float, bound: Any = None) -> float:
    laws = simplex(k)
    made = two_arms(lambda c, d: certify_pooled(c / n, d / m, n, m, confidence, bound=bound).interval, n, m, k)
    return float(made.misses(laws, laws, divergences(laws, laws))[1].max())


@pytest.mark.parametrize("bound", [FastRate(), BoundedDifferences()], ids=lambda b: b.name)
@pytest.mark.parametrize(("n", "m", "k"), [(1, 1, 2), (9, 9, 2), (1, 30, 2), (2, 2, 3)])
def test_pooled_one_hot_rows(bound: Any, n: int, m: int, k: int) -> None:
    """One-hot rows make the mean a table of counts: the hardest rows there are."""
    for confidence in CONFIDENCES:
        assert pooled_miss(n, m, k, confidence, bound) <= 1 - confidence + ROUNDING


def test_pooled_soft_rows() -> None:
    """Rows that are distributions themselves: half the vocabulary, or one symbol."""
    rows = np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 0.2, 0.8]])
    laws, n = simplex(3), 3
    truth = divergences(laws @ rows, laws @ rows)
    for confidence in CONFIDENCES:
        made = two_arms(lambda c, d: certify_pooled(c @ rows / n, d @ rows / n, n, n, confidence).interval, n, n, 3)  # noqa: B023
        assert made.misses(laws, laws, truth)[1].max() <= 1 - confidence + ROUNDING


# Arms that depend on each other: row i of P and row i of Q are drawn together.

COUPLINGS: dict[str, tuple[float, float, float, float]] = {
    "antithetic": (0.0, 0.3, 0.7, 0.0),
    "antithetic, rare": (0.0, 0.02, 0.98, 0.0),
    "equal": (0.6, 0.0, 0.0, 0.4),
    "mostly equal": (0.5, 0.2, 0.0, 0.3),
    "opposed": (0.05, 0.05, 0.85, 0.05),
}
"""Probabilities of the symbols (0, 0), (0, 1), (1, 0), (1, 1) of the two arms."""


@pytest.mark.parametrize("name", COUPLINGS)
def test_dependent_arms(name: str) -> None:
    n, law = 8, np.array(COUPLINGS[name])
    rows = parts(n, 4)
    chance = multinomial(rows, law[None])[0]
    rows, chance = rows[chance > 0], chance[chance > 0]
    first, second = np.array([law[0] + law[1], law[2] + law[3]]), np.array([law[0] + law[2], law[1] + law[3]])
    truth = float(jensen_shannon(first, second))
    pairs = np.stack([rows[:, 0] + rows[:, 1], rows[:, 0] + rows[:, 2]], axis=1)
    for confidence in CONFIDENCES:
        missed, seen = np.zeros(3), dict[tuple[int, int], np.ndarray]()
        for (a, b), w in zip(pairs.tolist(), chance, strict=True):
            if (a, b) not in seen:
                c, d = np.array([a, n - a]), np.array([b, n - b])
                two = certify_counts_jsd(c, d, confidence, arms_independent=False).interval
                one = certify_pooled(c / n, d / n, n, n, confidence, arms_independent=False).interval
                seen[a, b] = np.array([two.lower > truth + ROUNDING, two.upper < truth - ROUNDING, outside(one, truth)])
            missed += w * seen[a, b]
        assert max(missed[0], missed[1]) <= (1 - confidence) / 2 + ROUNDING
        assert missed[2] <= 1 - confidence + ROUNDING


# Critics: lower bounds only.


def critic_misses(pair: Pair, n: int, confidence: float, method: BoundedMean) -> tuple[float, float]:
    """Probability of a bound above the truth, on JSD(P, Q) and on KL(P | Q), from the best critic: the posterior.

    The method sees a histogram, so counts are enough.
    """
    p, q = (x.floats() for x in pair)
    rows, made = parts(n, 2), Remembered(method, {})
    eta, ratio = q / (p + q), np.log(p / q)
    top = float(np.abs(ratio).max())
    truths = categorical(*pair).jsd(), float(p @ ratio)

    def excess(c: Any, d: Any) -> tuple[float, float]:
        x, y = np.repeat([0, 1], c), np.repeat([0, 1], d)
        bounds = (
            certify_critic_jsd(eta[x], eta[y], float(min(eta.min(), 1 - eta.max())), confidence, made),
            certify_critic_mi(ratio[x], ratio[y], top, confidence, made),
        )
        return bounds[0].interval.lower - truths[0], bounds[1].interval.lower - truths[1]

    wrong = np.array([[excess(c, d) for d in rows] for c in rows]) > ROUNDING
    of_p, of_q = (multinomial(rows, x[None])[0] for x in (p, q))
    return float(of_p @ wrong[..., 0] @ of_q), float(of_p @ wrong[..., 1] @ of_q)


CRITICS = {
    "close": (law_of(range(2), [8, 2]), law_of(range(2), [7, 3])),
    "far": (law_of(range(2), [9, 1]), law_of(range(2), [1, 9])),
}


@pytest.mark.parametrize("name", ["order-free", "hoeffding"])
@pytest.mark.parametrize("pair", CRITICS)
def test_critics_prove_no_more_than_is_true(pair: str, name: str) -> None:
    for confidence in (0.2, 0.5):
        assert max(critic_misses(CRITICS[pair], 10, confidence, METHODS[name])) <= 1 - confidence + ROUNDING


@pytest.mark.parametrize("n", [1, 5, 40])
def test_accuracy_p_values_are_valid(n: int) -> None:
    chance = binom.pmf(np.arange(n + 1), n, 0.5)
    p = np.array([accuracy_p_value(k, n) for k in range(n + 1)])
    for level in (*p, 0.01, 0.05, 0.5):
        assert chance[p <= level].sum() <= level + 1e-10


# Power: what each enumeration can see.


def more_counts(patch: pytest.MonkeyPatch, times: float) -> None:
    """Clopper and Pearson's counts taken `times` times."""
    real: Any = ClopperPearson.counts
    patch.setattr(ClopperPearson, "counts", lambda self, k, n, c=0.95: real(self, int(times) * k, int(times) * n, c))


def more_rows(patch: pytest.MonkeyPatch, times: float) -> None:
    """T17 with N taken `times` times."""
    real: Any = FastRate.upper
    patch.setattr(
        FastRate, "upper", lambda self, value, n, m, *rest: real(self, value, int(times * n), int(times * m), *rest)
    )


def larger_arm(patch: pytest.MonkeyPatch, times: float) -> None:
    """T17 with the larger arm in place of the smaller."""
    real: Any = FastRate.upper
    patch.setattr(FastRate, "upper", lambda self, value, n, m, *rest: real(self, value, max(n, m), max(n, m), *rest))


def no_fluctuation(patch: pytest.MonkeyPatch, times: float) -> None:
    """T29's lower end without its bound on the fluctuation and without its slope."""
    patch.setattr(discrete_intervals, "divergence_level", lambda degrees, delta: 0.0)
    patch.setattr(discrete_intervals, "lower_slope", lambda multiplier: 0.0)


def smaller_step(patch: pytest.MonkeyPatch, times: float) -> None:
    """McDiarmid's constant of the entropy divided by `times`."""
    real = discrete_intervals.entropy_step
    patch.setattr(discrete_intervals, "entropy_step", lambda n: real(n) / times)


def more_terms(patch: pytest.MonkeyPatch, times: float) -> None:
    """The order-free interval for the terms repeated."""
    inflate(patch, OrderFree, int(times))


def looser(band: Band, factor: float) -> Any:
    class Looser:
        name = band.name

        def limits(self, n: int, confidence: float) -> Any:
            return band.limits(n, 1 - factor * (1 - confidence))

    return Looser()


Mutant = tuple[Callable[[pytest.MonkeyPatch, float], None], float, Callable[[], float], float]
MUTANTS: dict[str, Mutant] = {
    "audit, counts taken 4 times": (more_counts, 4, lambda: max(audit_misses(12, 12, 0.95)), 0.05),
    "AUC, pairs taken 4 times": (more_terms, 4, lambda: auc_miss(PAIRS["same"], 4, 3, 0.8, OrderFree()), 0.2),
    "critics, rows taken 48 times": (
        more_terms,
        48,
        lambda: min(critic_misses(CRITICS["far"], 5, 0.8, OrderFree())),
        0.2,
    ),
    "paths, pairs taken 64 times": (more_terms, 64, lambda: path_misses(1, 0.8, OrderFree()), 0.2),
    "pooled, rows taken 12 times": (more_rows, 12, lambda: pooled_miss(12, 12, 2, 0.95), 0.05),
    "pooled, the larger arm": (larger_arm, 1, lambda: pooled_miss(1, 30, 2, 0.8), 0.2),
    "counts, upper end of 12 times the rows": (more_rows, 12, lambda: check_counts_jsd(12, 12, 2, 0.95)[1], 0.025),
    "counts, upper end of the larger arm": (larger_arm, 1, lambda: check_counts_jsd(1, 60, 2, 0.95)[1], 0.025),
    "counts, lower end unguarded": (no_fluctuation, 1, lambda: check_counts_jsd(12, 12, 2, 0.8)[0], 0.1),
    "entropy, a quarter of the step": (smaller_step, 4, lambda: max(entropy_misses(5, 2, 0.8)), 0.1),
    "table, a thirtieth of the step": (smaller_step, 30, lambda: table_misses(5, 0.95), 0.05),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_mutants_are_caught(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The factors say how blunt an enumeration is: about the smallest that it can tell from the truth.

    Bounds that add several inequalities up (T17, T29, T30, both critics) spend a small share of delta on any law of two symbols.
    A level of T17 without the logarithm of its grid (N taken 1.9 to 5 times), a union bound forgotten, McDiarmid on the pooled
    divergence even at 16 times the rows: none can be seen at a size that can be enumerated. Their constants are held by the
    lemmas behind them (`test_certified`), not here.
    """
    mutate, times, miss, level = MUTANTS[name]
    assert miss() <= level + ROUNDING
    mutate(monkeypatch, times)
    assert miss() > level + 1e-3


def test_a_roc_band_at_four_times_its_level_is_caught() -> None:
    """A curve is a set of far fewer tests than two distribution functions: twice the level still covers it."""
    assert roc_misses(EqualLocalLevels(), 4, 4, 2, 0.5) <= 0.5
    assert roc_misses(looser(EqualLocalLevels(), 3.99), 4, 4, 2, 0.5) > 0.5
