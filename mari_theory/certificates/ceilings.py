"""What certified ends allow any detector: the tightest certified source of each number, rounded to the safe side (T5 to T10, T16)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from mari_theory.detectability import delta, max_accuracy, max_auc, max_total_variation, max_tpr, min_outputs

RATES = (0.001, 0.01)
DELTA_ROUNDING = 1e-9
"""The tangent bound that proves delta in balls needs this much room."""
LN2 = math.log(2.0)
JSD, TV, ROC = "jensen-shannon-divergence", "total-variation", "roc-band"


def ceilings(
    jsd_upper: float, tv_upper: float | None = None, roc_upper: Callable[[float], float] | None = None, auc_upper: float | None = None
) -> dict[str, Any]:
    """Ceilings and the source of each. A source's upper side fails with probability at most half its level, and no number has more than two.

    `tv_upper`: certified total variation; `roc_upper(fpr)`, `auc_upper`: the certified ROC band.

    >>> made = ceilings(0.2, 0.5)
    >>> made["max_accuracy"], made["sources"]["max_accuracy"]
    (0.75, 'total-variation')
    """
    jsd_upper = min(max(jsd_upper, 0.0), LN2)

    def outputs(accuracy: float) -> float | None:
        n = float(min_outputs(accuracy, jsd_upper))
        return None if math.isinf(n) else n

    found: dict[str, dict[str, float]] = {
        "max_accuracy": {JSD: float(max_accuracy(jsd_upper))},
        "max_auc": {JSD: float(max_auc(jsd_upper))},
        "max_influence": {JSD: min(float(max_total_variation(jsd_upper)), 1.0)},
        "delta_at_epsilon_1": {JSD: min(float(delta(1.0, jsd_upper)) + DELTA_ROUNDING, 1.0) if jsd_upper > 0 else 0.0},
        **{f"max_tpr_at_fpr_{a}": {JSD: float(max_tpr(a, jsd_upper))} for a in RATES},
    }
    if tv_upper is not None:
        found["max_influence"][TV] = tv_upper
        found["max_accuracy"][TV] = accuracy_of(tv_upper)
        found["delta_at_epsilon_1"][TV] = tv_upper
    if auc_upper is not None:
        found["max_auc"][ROC] = auc_upper
    if roc_upper is not None:
        for a in RATES:
            found[f"max_tpr_at_fpr_{a}"][ROC] = roc_upper(a)
    best = {k: min(v.items(), key=lambda item: item[1]) for k, v in found.items()}
    return {
        **{k: value for k, (_, value) in best.items()},
        "outputs_for_accuracy_0.75": outputs(0.75),
        "outputs_for_accuracy_0.9": outputs(0.9),
        "sources": {k: source for k, (source, _) in best.items()},
    }


def accuracy_of(tv: float) -> float:
    """(1 + TV)/2, rounded up."""
    return min(math.nextafter(0.5 + 0.5 * tv, 2.0), 1.0) if 0.5 * tv != (0.5 + 0.5 * tv) - 0.5 else 0.5 + 0.5 * tv
