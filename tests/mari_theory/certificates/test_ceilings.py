"""Every ceiling that is printed can be proved by the checker, at the smallest budgets and next to certainty too."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mari_theory.certificates.ceilings import RATES, ceilings, delta_of, steepest_test
from mari_theory.enclosures.balls import accuracy_holds, auc_holds, delta_holds, outputs_hold, tpr_holds
from mari_theory.units import LN2

BUDGETS = [*np.geomspace(1e-12, 0.69, 40), *(LN2 - np.geomspace(1e-14, 3e-3, 60)), LN2]


@pytest.mark.parametrize("jsd", [float(x) for x in BUDGETS])
def test_the_checker_proves_what_is_claimed(jsd: float) -> None:
    claims = ceilings(jsd)
    assert accuracy_holds(claims["max_accuracy"], jsd) and auc_holds(claims["max_auc"], jsd)
    assert all(tpr_holds(claims[f"max_tpr_at_fpr_{a}"], a, jsd) for a in RATES)
    assert delta_holds(claims["delta_at_epsilon_1"], 1.0, jsd, steepest_test(1.0, jsd))
    for accuracy in (0.75, 0.9):
        n = claims[f"outputs_for_accuracy_{accuracy}"]
        assert n is None or outputs_hold(n, accuracy, jsd)


def test_delta_gives_away_less_than_two_millionths_next_to_certainty() -> None:
    just_before = delta_of(1.0, LN2 - 1.0001e-5)
    assert just_before < 1.0 == delta_of(1.0, LN2 - 0.9999e-5) and 1.0 - just_before < 2e-6
    assert math.isclose(delta_of(1.0, LN2), 1.0)
