"""AUC where both arms scored the same items: refused without ids, covered with them. False-alarm budgets 1e-6 a test."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import binom, kendalltau

from estimators import INTERVALS, certify_auc, certify_roc
from estimators.roc import alignment
from mari_theory import ArgumentError

TOFU = Path("../shared/data/openunlearning")


def allowed(replicates: int, rate: float) -> int:
    """Most misses at this rate but for one in a million."""
    return int(binom.isf(1e-6, replicates, rate))


def row_by_row(p: np.ndarray, q: np.ndarray) -> tuple[float, float]:
    """The interval before: row i of P against row i of Q."""
    made = INTERVALS["betting"].interval(0.5 * (1 + np.sign(q - p)), 0.95)
    return made.lower, made.upper


def test_aligned_rows_gave_a_wrong_interval_and_are_refused(rng: np.random.Generator) -> None:
    """z and z + .1: truth .528; row by row [.99, 1]."""
    truth = float(ndtr(0.1 / math.sqrt(2)))
    for _ in range(50):
        z = rng.normal(size=400)
        assert row_by_row(z, z + 0.1)[0] > truth
        for call in (certify_auc, certify_roc):
            with pytest.raises(ArgumentError, match="items_p") as e:
                call(z, z + 0.1)
            assert "\n" not in str(e.value) and "--paired" in str(e.value)


@pytest.mark.parametrize("noise", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("name", ["betting", "hoeffding", "maurer-pontil"])
def test_ids_cover(name: str, noise: float, rng: np.random.Generator) -> None:
    """p = z + e, q = z + .1 + e': shared difficulty, in shuffled files; at 90 %, 400 runs, and narrower the more is shared."""
    truth = float(ndtr(0.1 / math.sqrt(2 + 2 * noise**2)))
    missed, widths = 0, []
    for _ in range(400):
        z = rng.normal(size=150)
        p, q = z + noise * rng.normal(size=150), z + 0.1 + noise * rng.normal(size=150)
        i, j = rng.permutation(150), rng.permutation(150)
        made = certify_auc(p[i], q[j], 0.9, INTERVALS[name], items_p=i, items_q=j)
        missed += truth not in made.interval
        widths.append(made.interval.width)
        assert made.extra == {"shared_items": 150, "terms": 75}
    assert missed <= allowed(400, 0.1)
    if name == "betting":
        independent = certify_auc(rng.normal(size=75), rng.normal(size=75), 0.9).interval.width
        assert np.mean(widths) < independent * (0.5 if noise == 0 else 1.0)


@pytest.mark.parametrize(("n", "m", "shared"), [(100, 100, 50), (100, 40, 40), (41, 90, 31), (60, 60, 0), (2, 2, 1)])
def test_partly_shared_items_cover(n: int, m: int, shared: int, rng: np.random.Generator) -> None:
    truth, missed = float(ndtr(0.5 / math.sqrt(2.5))), 0
    for _ in range(300):
        z = rng.normal(size=n + m - shared)
        a, b = np.arange(n), np.arange(n - shared, n + m - shared)
        p, q = z[a] + 0.5 * rng.normal(size=n), z[b] + 0.5 + 0.5 * rng.normal(size=m)
        made = certify_auc(p, q, 0.9, items_p=a, items_q=b)
        missed += truth not in made.interval
    assert made.extra["shared_items"] == shared
    assert missed <= allowed(300, 0.1)


def test_a_permutation_of_aligned_rows_is_not_enough(rng: np.random.Generator) -> None:
    """Terms s(q_pi(i) - p_i), pi fixed, put each item into two terms; with q = -p they add up to more variance than independent ones."""
    n, signs = 200, []
    for _ in range(300):
        p = rng.normal(size=n)
        pi = np.roll(np.arange(n), 1)  # fixed before the data, no fixed point
        signs.append(np.mean(0.5 * (1 + np.sign(-p[pi] - p))))
    assert np.var(signs) > 1.2 * 0.25 / n  # independent terms have .25/n
    # By disjoint pairs of items the same antithetic arms are covered.
    missed = 0
    for _ in range(300):
        p = rng.normal(size=n)
        missed += 0.5 not in certify_auc(p, -p, 0.9, items_p=np.arange(n), items_q=np.arange(n)).interval
    assert missed <= allowed(300, 0.1)


def test_the_order_of_the_rows_does_not_matter(rng: np.random.Generator) -> None:
    z = rng.normal(size=101)
    ids = np.array([f"item {i}" for i in range(101)])
    first = certify_auc(z, z + 0.5, items_p=ids, items_q=ids)
    i, j = rng.permutation(101), rng.permutation(101)
    assert certify_auc(z[i], z[j] + 0.5, items_p=ids[i], items_q=ids[j]) == first


def test_sorted_arms_do_no_harm(rng: np.random.Generator) -> None:
    """One sorted arm, at 90 %: row by row the terms drift. Two sorted arms are refused, and covered with ids."""
    truth, missed = float(ndtr(0.5 / math.sqrt(2))), 0
    for _ in range(300):
        p, q = np.sort(rng.normal(size=150)), 0.5 + rng.normal(size=150)
        missed += truth not in certify_auc(p, q, 0.9).interval
        missed += truth not in certify_auc(p, np.sort(q), 0.9, items_p=range(150), items_q=range(150, 300)).interval
    assert missed <= allowed(600, 0.1)
    with pytest.raises(ArgumentError, match="move together"):
        certify_auc(p, np.sort(q))


def test_value_leaves_out_the_same_item() -> None:
    p, q = np.array([0.0, 2.0, 1.0]), np.array([1.0, 0.0, 1.0])
    ids = [7, 8, 9]
    pairs = [(i, j) for i in range(3) for j in range(3) if i != j]
    expected = np.mean([0.5 * (1 + np.sign(q[j] - p[i])) for i, j in pairs])
    assert certify_auc(p, q, items_p=ids, items_q=ids).value == pytest.approx(expected, abs=1e-15)
    assert certify_auc(p, q, items_p=ids, items_q=[1, 2, 3]).value == certify_auc(p, q).value


@pytest.mark.parametrize("ids", [False, True])
def test_the_paired_comparison_is_its_own_quantity(ids: bool, rng: np.random.Generator) -> None:
    """P(q > p on the same item) = Phi(.1/(.3 sqrt 2)), where the AUC is Phi(.1/sqrt(2.18)); 90 %."""
    truth, missed = float(ndtr(0.1 / (0.3 * math.sqrt(2)))), 0
    for _ in range(300):
        z = rng.normal(size=150)
        p, q = z + 0.3 * rng.normal(size=150), z + 0.1 + 0.3 * rng.normal(size=150)
        if ids:
            i = rng.permutation(150)
            made = certify_auc(p, q[i], 0.9, items_p=np.arange(150), items_q=i, comparison="paired")
        else:
            made = certify_auc(p, q, 0.9, comparison="paired")
        missed += truth not in made.interval
    assert missed <= allowed(300, 0.1)
    assert "same item" in made.quantity and made.value == np.mean(q > p)


def test_the_roc_band_holds_for_shared_items(rng: np.random.Generator) -> None:
    """Each arm's band at half the level; 100 runs at 90 %, all rates together, and the AUC besides."""
    from scipy.special import ndtri

    rates, missed, missed_auc = np.linspace(0.01, 0.99, 99), 0, 0
    for _ in range(100):
        z = rng.normal(size=150)
        p, q = z, 0.6 * z + 0.8 * rng.normal(size=150) + 1
        made = certify_roc(p, q, 0.9, items_p=range(150), items_q=range(150))
        truth = ndtr(1 + ndtri(rates))
        missed += any(float(t) not in made.tpr_at(float(a)) for a, t in zip(rates, truth, strict=True))
        missed_auc += float(ndtr(1 / math.sqrt(2))) not in made.auc.interval
    assert max(missed, missed_auc) <= allowed(100, 0.1)


@pytest.mark.parametrize("n", [3, 8, 30, 80])
def test_the_tail_bound_of_tau_is_above_the_exact_tail(n: int) -> None:
    """Exact law of the inversions of a uniform permutation, by convolution; within a factor 60 down to 1e-6."""
    law = np.ones(1)
    for k in range(2, n + 1):
        law = np.convolve(law, np.full(k, 1 / k))
    pairs = n * (n - 1) // 2
    tau = np.abs(1 - 2 * np.arange(pairs + 1) / pairs)
    order = np.argsort(-tau)
    exact = np.cumsum(law[order])
    bound = np.minimum(1, 2 * np.exp(-9 * n * (n - 1) * tau[order] ** 2 / (4 * (2 * n + 5))))
    last = np.append(np.diff(tau[order]) < -1e-12, True)  # both signs of a tau counted
    assert np.all(exact[last] <= bound[last])
    assert n < 30 or np.all(bound[last & (exact > 1e-6)] < 60 * exact[last & (exact > 1e-6)])
    if n == 8:
        some = np.random.default_rng(0).permutation(8)
        assert kendalltau(range(8), some).statistic == pytest.approx(alignment(np.arange(8.0), some.astype(float))[0])


def test_independent_arms_are_not_refused(rng: np.random.Generator) -> None:
    """The bound at 1e-2 instead of 1e-6: at most 1 % of independent arms, ties and unequal arms included; 3,000 runs."""
    refused = 0
    for r in range(3000):
        n = int(rng.integers(2, 200))
        p, q = rng.normal(size=n), rng.exponential(size=n)
        if r % 3 == 0:
            p, q = np.round(p), np.round(q)
        if r % 3 == 1:
            p = np.ones(n)
        refused += alignment(p, q)[1] < 1e-2
    assert refused <= allowed(3000, 0.01)


@pytest.mark.parametrize("n", [16, 100, 1000])
def test_alignment_is_seen_from_sixteen_rows(n: int, rng: np.random.Generator) -> None:
    z = rng.normal(size=n)
    for q in (z + 0.1, -z, np.exp(z)):
        assert alignment(z, q)[1] < 1e-6
    assert alignment(z[:15], z[:15])[1] > 1e-6
    assert alignment(np.round(z > 0).astype(float), (z > 0).astype(float))[1] < 1e-6 or n == 16


def test_one_row_more_does_not_hide_the_alignment(rng: np.random.Generator) -> None:
    z = rng.normal(size=300)
    with pytest.raises(ArgumentError, match="move together"):
        certify_auc(z[:-1], z + 0.1)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda z: certify_auc(np.stack([z, z], 1), z), "one score a row, got 2 columns"),
        (lambda z: certify_roc(z, np.stack([z, z], 1)), "one score a row"),
        (lambda z: certify_auc(z, z, items_p=range(50)), "both arms"),
        (lambda z: certify_auc(z, z, items_p=range(49), items_q=range(50)), "each of the 50 rows"),
        (lambda z: certify_auc(z, z, items_p=[0] * 50, items_q=range(50)), "once in an arm"),
        (lambda z: certify_auc(z, z, items_p=list("ab") * 25, items_q=range(50)), "once in an arm"),
        (lambda z: certify_auc(z, z, items_p=[f"{i}" for i in range(50)], items_q=range(50)), "one kind"),
        (lambda z: certify_auc(z[:1], z[:1], items_p=[1], items_q=[1]), "two different items"),
        (lambda z: certify_auc(z, z[:9], comparison="paired"), "same order"),
        (lambda z: certify_auc(z[:1], z[:1], items_p=[1], items_q=[2], comparison="paired"), "an item in both"),
        (lambda z: certify_auc(z, z, 1.0), "confidence"),
    ],
)
def test_bad_input_is_refused_in_one_line(
    call: Callable[[np.ndarray], object], words: str, rng: np.random.Generator
) -> None:
    with pytest.raises(ArgumentError, match=words) as e:
        call(rng.normal(size=50))
    assert "\n" not in str(e.value)


def tofu_scores(model: str) -> dict[str, float]:
    folder = TOFU / f"tofu_Llama-3.2-1B-Instruct_{model}"
    rows = json.loads((folder / "TOFU_EVAL.json").read_text())["forget_truth_ratio"]["value_by_index"]
    return {i: r["score"] for i, r in rows.items() if r is not None and r["score"] is not None}


@pytest.mark.skipif(not TOFU.is_dir(), reason="needs the evaluation logs")
def test_evaluation_logs_of_two_models_on_the_same_items(rng: np.random.Generator) -> None:
    """Truth ratio, full against retrained, 400 items: row by row the interval misses the value of all pairs; with ids it holds it."""
    full, retrained = tofu_scores("full/evals_forget10"), tofu_scores("retain90")
    ids = sorted(full.keys() & retrained.keys())
    p, q = (np.array([s[i] for i in ids]) for s in (full, retrained))
    with pytest.raises(ArgumentError, match="move together"):
        certify_auc(p, q)
    made = certify_auc(p, q, items_p=ids, items_q=ids)
    low, high = row_by_row(p, q)
    assert made.value in made.interval and not low <= made.value <= high
    missed = 0
    for _ in range(200):  # subsets of the 400: the finite population's value, at 90 %
        few = rng.choice(len(ids), 150, replace=False)
        sub = [ids[i] for i in few]
        missed += made.value not in certify_auc(p[few], q[few], 0.9, items_p=sub, items_q=sub).interval
    assert missed <= allowed(200, 0.1)
