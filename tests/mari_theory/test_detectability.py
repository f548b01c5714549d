from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import mari_theory as mt
from mari_theory.enclosures.balls import (
    accuracy_holds,
    auc_holds,
    binary_jsd_ball,
    jensen_shannon_enclosure,
    outward,
    phi_ball,
    precision,
    tpr_holds,
)

LN2 = math.log(2)
BUDGETS = [1e-12, 1e-8, 1e-4, 1e-3, 0.01, 0.1, 0.3, 0.6, 0.69, LN2 - 1e-9]


def phi_exact(t: mpmath.mpf) -> mpmath.mpf:
    return ((1 + t) * mpmath.log(1 + t) + (1 - t) * (mpmath.log(1 - t) if t < 1 else 0)) / 2


@pytest.mark.parametrize("budget", BUDGETS)
def test_accuracy_is_exact_and_never_below_the_truth(budget: float) -> None:
    with mpmath.workdps(50):
        low, high = mpmath.mpf(0), mpmath.mpf(1)
        for _ in range(160):
            middle = (low + high) / 2
            low, high = (middle, high) if phi_exact(middle) <= budget else (low, middle)
        truth = (1 + high) / 2
    made = float(mt.max_accuracy(budget))
    assert made >= truth
    assert made - truth < 1e-12


@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("fpr", [0.0, 1e-6, 1e-3, 0.01, 0.3, 0.999, 1.0])
def test_tpr_is_exact_and_never_below_the_truth(budget: float, fpr: float) -> None:
    made = float(mt.max_tpr(fpr, budget))
    assert tpr_holds(made, fpr, budget)
    if made < 1.0:
        assert not tpr_holds(made - 1e-12 - 1e-12 * made, fpr, budget) or made - fpr < 1e-11


@pytest.mark.parametrize("budget", BUDGETS[:-1])
def test_auc_is_exact_and_never_below_the_truth(budget: float) -> None:
    made = float(mt.max_auc(budget))
    assert auc_holds(made, budget)
    assert not auc_holds(made - 1e-12, budget)


def test_auc_frontier_matches_the_integrals_of_the_theorem() -> None:
    for k in (0.3, 2.0, 9.0):
        with mpmath.workdps(30):

            def w(a: mpmath.mpf, k: float = k) -> mpmath.mpf:
                return 2 * mpmath.exp(k * (1 - a)) / (1 + mpmath.exp(k))

            budget = mpmath.quad(lambda a: w(a) / (2 - w(a)) * mpmath.log(w(a)) + mpmath.log(2 - w(a)), [0, 0.5, 1]) / 2
            area = mpmath.quad(lambda a, k=k: mpmath.log((2 - w(a)) / (2 - w(0))) / k, [0, 0.5, 1])
        assert float(mt.max_auc(float(budget))) == pytest.approx(float(area), abs=1e-10)


def test_small_budget_law_of_the_auc() -> None:
    assert (float(mt.max_auc(1e-10)) - 0.5) / math.sqrt(2e-10 / 3) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("above", [2.0**-52, 1e-12, 1e-6])
def test_an_auc_barely_above_a_half_needs_no_more_than_its_small_budget_law(above: float) -> None:
    """Rounded down: 1/2 + k/6 at k^2/24; comparing areas instead of their distance from 1/2 asked for half as much again."""
    auc = 0.5 + above
    for found in (float(mt.min_jsd_from_auc(auc)), float(mt.min_jsd_from_auc(np.array([auc]))[0])):
        assert 1 - 1e-6 < found / (1.5 * (auc - 0.5) ** 2) <= 1 + above**2


@pytest.mark.parametrize(
    "function",
    [mt.max_accuracy, mt.max_auc, mt.max_total_variation, lambda j: mt.max_tpr(0.01, j), lambda j: mt.delta(1.0, j)],
)
def test_ends_monotone_and_vectorised(function: Callable[[Any], Any]) -> None:
    grid = np.concatenate([[0.0], np.geomspace(1e-10, LN2, 200)])
    values = np.asarray(function(grid))
    assert np.all(np.diff(values) >= -1e-15)
    assert values[-1] == 1.0
    assert [float(function(float(x))) for x in grid[::50]] == values[::50].tolist()


def test_ends_at_zero_budget() -> None:
    assert float(mt.max_accuracy(0.0)) == 0.5
    assert float(mt.max_auc(0.0)) == 0.5
    assert float(mt.max_tpr(0.25, 0.0)) == 0.25
    assert float(mt.delta(0.0, 0.0)) == 0.0
    assert math.isinf(float(mt.min_outputs(0.75, 0.0)))
    assert float(mt.min_outputs(0.75, LN2)) == 1.0


@pytest.mark.parametrize("budget", [1e-4, 0.02, 0.3])
def test_delta_against_a_fine_grid(budget: float) -> None:
    epsilons = np.array([0.0, 0.3, 1.0, 4.0])
    coarse = np.geomspace(1e-12, 1.0, 2001)
    for epsilon, made in zip(epsilons, mt.delta(epsilons, budget), strict=True):
        # b - e^epsilon a is concave in a: between the neighbours of the best point lies the best of all, on a finer grid than any on [0, 1].
        a = coarse
        for _ in range(2):
            at = int((mt.max_tpr(a, budget) - math.exp(epsilon) * a).argmax())
            a = np.linspace(a[max(at - 1, 0)], a[min(at + 1, a.size - 1)], 2001)
        best = float((mt.max_tpr(a, budget) - math.exp(epsilon) * a).max())
        assert best - 1e-13 <= made <= best + 1e-8


def test_outputs_needed_and_accuracy_reached_are_inverse() -> None:
    for budget in (0.001, 0.01, 0.2):
        for accuracy in (0.6, 0.75, 0.9):
            n = float(mt.min_outputs(accuracy, budget))

            def hellinger(k: float, b: float = budget) -> float:
                return 0.5 * (1 + math.sqrt(1 - (1 - b / LN2) ** (2 * k)))

            assert hellinger(n) >= accuracy - 1e-9
            assert n == 1 or hellinger(n - 1) < accuracy


def test_back_from_accuracy_and_auc() -> None:
    for budget in (0.001, 0.1, 0.6):
        assert float(mt.min_jsd_from_accuracy(mt.max_accuracy(budget))) == pytest.approx(budget, rel=1e-9)
        assert float(mt.min_jsd_from_auc(mt.max_auc(budget))) == pytest.approx(budget, rel=1e-8)
    assert float(mt.min_jsd_from_rates(0.2, 0.9)) <= float(mt.binary_jsd(0.2, 0.9))


@pytest.mark.parametrize(
    "function",
    [mt.max_accuracy, mt.max_auc, mt.max_total_variation, lambda j: mt.max_tpr(0.05, j), lambda j: mt.delta(0.5, j)],
)
def test_gradients_through_the_budget(function: Callable[[Any], Any]) -> None:
    torch = pytest.importorskip("torch")
    budget = torch.tensor([0.01, 0.2], dtype=torch.float64, requires_grad=True)
    function(budget).sum().backward()
    step = 1e-6
    x = np.array([0.01, 0.2])
    above, below = function(np.stack([x + step, x - step]))
    assert budget.grad.tolist() == pytest.approx(((above - below) / (2 * step)).tolist(), rel=1e-4)


@pytest.mark.parametrize("budget", [-0.1, 0.8, float("nan"), float("inf")])
def test_impossible_budgets_are_refused(budget: float) -> None:
    for function in (
        mt.max_accuracy,
        mt.max_auc,
        lambda j: mt.max_tpr(0.1, j),
        lambda j: mt.delta(1.0, j),
        lambda j: mt.min_outputs(0.7, j),
    ):
        with pytest.raises(mt.ArgumentError, match="jsd"):
            function(budget)


@pytest.mark.parametrize("fpr", [-0.1, 1.1, float("nan")])
def test_impossible_rates_are_refused(fpr: float) -> None:
    with pytest.raises(mt.ArgumentError, match="fpr"):
        mt.max_tpr(fpr, 0.1)


def test_enclosures_contain_200_digits(rng: np.random.Generator) -> None:
    for _ in range(50):
        p, q = rng.dirichlet(np.full(6, 0.5), size=2)
        low, high = jensen_shannon_enclosure(p, q, 0.3)
        with mpmath.workdps(60):
            a, b = ([mpmath.mpf(float(x)) for x in v] for v in (p, q))
            a, b = [x / mpmath.fsum(a) for x in a], [x / mpmath.fsum(b) for x in b]
            w = mpmath.mpf(0.3)
            truth = mpmath.fsum(
                (1 - w) * x * mpmath.log(x / ((1 - w) * x + w * y)) + w * y * mpmath.log(y / ((1 - w) * x + w * y))
                for x, y in zip(a, b, strict=True)
            )
        assert low <= truth <= high
        assert high - low < 1e-15
    with precision():
        from flint import arb

        low, high = outward(phi_ball(arb(0.3)))
        assert low <= float(mt.phi(0.3)) + 1e-16 and float(mt.phi(0.3)) - 1e-16 <= high
        low, high = outward(binary_jsd_ball(arb(0), arb(0.5)))
        assert low - 1e-16 <= float(mt.binary_jsd(0.0, 0.5)) <= high + 1e-16


def test_one_part_in_a_million_below_is_refuted() -> None:
    accuracy, auc = float(mt.max_accuracy(0.05)), float(mt.max_auc(0.05))
    assert accuracy_holds(accuracy, 0.05) and not accuracy_holds(accuracy - 1e-6, 0.05)
    assert auc_holds(auc, 0.05) and not auc_holds(auc - 1e-6, 0.05)
