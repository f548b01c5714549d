"""The curve of a budget: it does not rise, is no less than any pair's within the budget, and accountants that read it agree with ours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mari_theory import ArgumentError, binary_jsd, delta, max_total_variation, privacy_curve, trade_off
from mari_theory.units import LN2

BUDGETS = (0.0, 5e-4, 0.01, 0.1, LN2)


@pytest.mark.parametrize("budget", BUDGETS)
def test_a_curve_does_not_rise_and_meets_delta(budget: float) -> None:
    curve = privacy_curve(budget, 0.05, 3.0)
    assert np.all(np.diff(curve.deltas) <= 0) and np.all((curve.deltas >= 0) & (curve.deltas <= 1))
    above = curve.epsilons >= 0
    assert np.allclose(curve.deltas[above], delta(curve.epsilons[above], budget), rtol=1e-12, atol=0)
    assert curve.steps == tuple(range(-60, 61))


@given(st.floats(0.001, 0.999), st.floats(0.001, 0.999))
def test_no_test_of_a_pair_within_the_budget_is_above_its_curve(a: float, b: float) -> None:
    curve = privacy_curve(min(float(binary_jsd(a, b)), LN2), 0.25, 2.0)
    assert np.all(b - np.exp(curve.epsilons) * a <= curve.deltas + 1e-12)


def test_the_other_side_is_the_same_set_of_tests() -> None:
    """On a fine grid of tests at the edge of the budget, for epsilon below 0: sharp, too."""
    curve = privacy_curve(0.02, 0.5, 2.0)
    a = np.linspace(0, 1, 200_001)
    b = 1.0 - trade_off(a, 0.02)
    for e, bound in zip(curve.epsilons, curve.deltas, strict=True):
        assert np.max(b - np.exp(e) * a) == pytest.approx(bound, abs=2e-6)


@pytest.mark.parametrize("budget", BUDGETS[1:4])
def test_dp_accounting_and_riskcal_read_it_and_agree(budget: float) -> None:
    pld_pmf = pytest.importorskip("dp_accounting.pld.pld_pmf")
    from dp_accounting.pld.privacy_loss_distribution import PrivacyLossDistribution

    analysis = pytest.importorskip("riskcal.analysis")
    curve = privacy_curve(budget, 0.01, 8.0)
    dots = pld_pmf.create_pmf_pessimistic_connect_dots(curve.spacing, np.array(curve.steps), curve.deltas)
    loss = PrivacyLossDistribution(dots)
    assert loss.get_delta_for_epsilon(0.5) == pytest.approx(float(delta(0.5, budget)), rel=1e-8)
    assert analysis.get_advantage_from_pld(loss) == pytest.approx(float(max_total_variation(budget)), rel=1e-8)
    for fpr in (0.01, 0.05, 0.3):
        # Dots are connected from above: never more type II error than ours, and at this spacing hardly less.
        assert -1e-4 <= analysis.get_beta_from_pld(loss, alpha=fpr) - float(trade_off(fpr, budget)) <= 1e-9


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((-0.1,), "jsd"),
        ((0.8,), "jsd"),
        ((float("nan"),), "jsd"),
        ((0.1, 0.0), "spacing"),
        ((0.1, float("inf")), "spacing"),
        ((0.1, 0.1, 0.05), "largest"),
        ((0.1, 1e-9, 5.0), "largest"),
        ((0.1, 0.1, float("nan")), "largest"),
    ],
    ids=str,
)
def test_nonsense_is_refused_by_name(arguments: tuple[float, ...], name: str) -> None:
    with pytest.raises(ArgumentError, match=f"^{name}: expected"):
        privacy_curve(*arguments)
