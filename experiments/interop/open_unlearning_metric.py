"""The `choice` channel as a metric inside OpenUnlearning: a handler with its interface, registered under any name there.

In a configuration there: `handler: mari_choice`, under `pre_compute` the metrics `forget_Q_A_Prob` (`access_key: correct`) and
`forget_Q_A_PERT_Prob` (`access_key: wrong`), and under `reference_logs.retain_model_logs` the same two of a retrained model with the same keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from estimators.exact import ROUNDING, arm_law
from experiments.interop.open_unlearning import metric
from mari_theory import jensen_shannon
from mari_theory.errors import require
from mari_theory.units import LN2, Floats

Computed = Mapping[str, Mapping[str, Any]]
"""Access key -> what the metric of this key returned."""
KEYS = ("correct", "wrong")


def mari_choice(
    model: Any, *, pre_compute: Computed, reference_logs: Mapping[str, Computed], **others: Any
) -> dict[str, Any]:
    """Upper end of the mean divergence to the retrained model on the `choice` channel, nats, and both ends item by item (T1, T35).

    Items that either log leaves out are left out. Raises `ArgumentError` where a log is missing, of other items or of another number of answers.
    """
    require("retain_model_logs" in reference_logs, "reference_logs", "retain_model_logs", sorted(reference_logs))
    own, retrained = (
        _losses(pre_compute, "pre_compute"),
        _losses(reference_logs["retain_model_logs"], "retain_model_logs"),
    )
    require(own.keys() == retrained.keys(), "retain_model_logs", f"the {len(own)} items of this model", len(retrained))
    items = {}
    for name, losses in own.items():
        both = (losses, retrained[name])
        if any(x is None for x in both):
            continue
        p, q = (arm_law(-x[None]) for x in both if x is not None)
        require(p.shape == q.shape, f"item {name}", f"{p.size} answers in both logs", q.size)
        value = float(jensen_shannon(p, q))
        items[int(name)] = {"jsd_lower": max(value - ROUNDING, 0.0), "jsd_upper": min(value + ROUNDING, LN2)}
    require(bool(items), "pre_compute", "losses of at least one item in both logs", "none")
    return metric(float(np.mean([x["jsd_upper"] for x in items.values()])), items)


def _losses(computed: Computed, where: str) -> dict[str, Floats | None]:
    """Item -> mean losses a token, the true answer first; None where the log leaves it out."""
    for key in KEYS:
        require(key in computed, where, f"the access keys {' and '.join(KEYS)}", sorted(computed))
    true, wrong = (computed[key]["value_by_index"] for key in KEYS)
    require(true.keys() == wrong.keys(), where, "the same items under both keys", (len(true), len(wrong)))
    out: dict[str, Floats | None] = {}
    for name in true:
        losses = [] if None in (true[name], wrong[name]) else [true[name]["avg_loss"], *wrong[name]["avg_loss"]]
        out[str(name)] = None if not losses or None in losses else np.asarray(losses, dtype=np.float64)
    for name, row in out.items():
        require(row is None or bool(np.isfinite(row).all()), f"{where}, item {name}", "finite losses", row)
    return out
