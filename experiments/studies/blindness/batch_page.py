"""What the page says of the penalty at three batch sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from experiments.studies.base import markdown_table
from experiments.studies.blindness.readings import interval, say

CONTROL, PENALTY, DEBIASED, BANKED = "retain-only", "penalty", "debiased penalty", "penalty with a memory bank"
PENALISED = (PENALTY, DEBIASED, BANKED)
HEADS = [
    "batch (retain + forget)",
    "objective",
    "reads in batches, last 20 steps",
    "the same in full",
    "pooled information",
    "forget p",
    "forget exact",
    "retain p",
    "JSD to the oracle",
    "JSD less its control's",
]
Rows = Sequence[Mapping[str, Mapping[str, Mapping[str, float]]]]
"""Seed -> batch -> objective -> numbers."""


def batch_part(n: Mapping[str, Any]) -> list[str]:
    """Question, table and what follows."""
    return [
        "## Does the minibatch penalty forget through its finite-sample bias?",
        "",
        f"From the original of the first corpus, {n['steps']} steps, pooled penalty of weight {n['weight']:g}. A batch's pooled law is a few answers, and its divergence has a floor of the order of 1/batch that flat predictions lower: that floor is what the debiased penalty takes away (retain against retain in the same batch) and what a memory bank of {n['bank']} past batches makes {n['bank'] + 1} times smaller. If the bias does the work, forgetting beyond the control shrinks as batches grow and vanishes when it is subtracted.",
        "",
        *batch_table(n["rows"]),
        "",
        tracking(n["rows"]),
        "",
        bias_verdict(n["rows"]),
    ]


def batch_table(rows: Rows) -> list[str]:
    """Numbers a method row, then what the penalty adds to its control."""
    lines = markdown_table(HEADS)
    for batch in rows[0]:
        for name in (CONTROL, *PENALISED):
            r = [x[batch][name] for x in rows]
            control = [x[batch][CONTROL] for x in rows]
            gap = [a["jsd"] - c["jsd"] for a, c in zip(r, control, strict=True)]
            cells = [say([x[k] for x in r]) for k in ("information", "forget", "exact", "retain", "jsd")]
            control_row = name == CONTROL
            pair = ["-", "-"] if control_row else [say([x[k] for x in r]) for k in ("reads", "in_full")]
            lines.append(f"| {batch} | {name} | {' | '.join([*pair, *cells])} | {'-' if control_row else say(gap)} |")
    return lines


def tracking(rows: Rows) -> str:
    """Which estimate is nearest to the full pass, at each batch size."""
    parts = []
    for batch in rows[0]:
        off = {n: float(np.mean([abs(x[batch][n]["reads"] - x[batch][n]["in_full"]) for x in rows])) for n in PENALISED}
        gaps = ", ".join(f"{n} {v:.4f}" for n, v in sorted(off.items(), key=lambda kv: kv[1]))
        parts.append(f"at {batch}: {gaps}")
    text = f"How far what is penalised lies from the full pass at the end (mean absolute gap): {'; '.join(parts)}."
    low = [b for b in rows[0] if np.mean([x[b][DEBIASED]["reads"] for x in rows]) < 0]
    if low:
        text += f" The debiased reading is unbiased only as long as nothing optimises it: as a penalty it ends below zero at {', '.join(low)}, since raising the floor lowers it as well."
    return text


def bias_verdict(rows: Rows) -> str:
    """Whether the debiased penalty loses the effect, and whether it shrinks with the batch."""
    batches = list(rows[0])
    gaps = {
        (name, b): interval([x[b][CONTROL]["jsd"] - x[b][name]["jsd"] for x in rows])
        for b in batches
        for name in PENALISED
    }
    parts = []
    for name in PENALISED:
        effects = ", ".join(
            f"{gaps[name, b][0]:+.4f} [{gaps[name, b][1]:+.4f}, {gaps[name, b][2]:+.4f}] at {b}" for b in batches
        )
        parts.append(f"The {name} brings the model nearer to the oracle than its control by {effects}.")
    shares = {
        name: ", ".join(
            f"{100 * gaps[name, b][0] / gaps[PENALTY, b][0]:.0f} % at {b}" for b in batches if gaps[PENALTY, b][1] > 0
        )
        or "nothing to compare"
        for name in PENALISED[1:]
    }
    means = [gaps[PENALTY, b][0] for b in batches]
    shrinks = (
        "shrinks as batches grow"
        if means == sorted(means, reverse=True)
        else "does not shrink steadily as batches grow"
    )
    parts.append(
        f"The penalty's effect {shrinks}; where it helps, subtracting the floor leaves {shares[DEBIASED]} of it, the memory bank {shares[BANKED]}."
    )
    return " ".join(parts)
