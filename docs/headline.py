"""The README's table: at most six rows of the audit on a real model, what counts as none beside each number."""

from __future__ import annotations

import math

from experiments.audit.report import excess_text, table
from experiments.audit.results import Run
from experiments.measures.result import NonInferiority, Row
from mari_theory.rounding import down, up

NEAREST = 4
"""Methods shown, those nearest to a retraining; beside them the original and the floor."""


def headline(run: Run) -> str:
    """How much farther than a retraining at most, rung by rung, what is left of the rest, and what it cost."""
    rungs = [name for name, x in run.the("original").excess.items() if x.method == "exact"]
    shares = list(run.the("original").utility)
    margins = {name: run.the("original").excess[name].margin for name in rungs}
    heads = ["model", *(f"{name} (margin {margins[name]:g})" for name in rungs), *(f"{x} accuracy" for x in shares)]
    rows = [
        [
            label,
            *(excess_text(run, row, name) for name in rungs),
            *(_kept(row.utility.get(x)) for x in shares),
            _cost(run, row),
        ]
        for label, row in _shown(run, rungs)
    ]
    command = f"`{run.effort.command}`, {run.effort.date}, {run.effort.machine}, {run.corpus.name}, mari {run.version}."
    return "\n".join([*table([*heads, "cost"], rows), "", " ".join(_caveats(run, rungs)), "", command])


def cost(run: Run) -> str:
    """What an audit took, and where."""
    e = run.effort
    minutes = math.ceil(e.seconds / 60)
    return (
        f"The toy's audit takes {minutes} minutes and {up(e.peak_memory_gib, 1)} GiB of memory ({e.machine}; {e.date})."
    )


def distance(row: Row, rungs: list[str]) -> float:
    """The largest share of a margin that a row may lie beyond a retraining."""
    return max(row.excess[name].upper / row.excess[name].margin for name in rungs)


def _shown(run: Run, rungs: list[str]) -> list[tuple[str, Row]]:
    nearest = sorted(run.methods, key=lambda row: distance(row, rungs))[:NEAREST]
    return [
        ("before unlearning", run.the("original")),
        *((row.name, row) for row in nearest),
        ("retrained without the data", run.the("oracle")),
    ]


def _caveats(run: Run, rungs: list[str]) -> list[str]:
    """What the table alone would hide."""
    passes = [name for name in rungs if run.the("original").excess[name].verdict == "as a retraining"]
    told = [r for r in run.methods if r.oracle.verdict == "detectable"]
    out = []
    if passes:
        out.append(
            f"On {' and '.join(passes)} the model before unlearning passes too: with these margins they show no forgetting here."
        )
    if told:
        best = min(run.methods, key=lambda r: r.oracle.claim.upper)
        percent = up(100 * best.oracle.implies.max_accuracy, 1)
        out.append(
            f"Who sees whole sampled answers tells {len(told)} of {len(run.methods)} methods from a retraining; "
            f"the nearest is {best.name}, where that succeeds at most {percent} % of the time."
        )
    return out


def _kept(u: NonInferiority | None) -> str:
    if u is None or u.lower is None:
        return "-"
    return f"{100 * u.accuracy:.1f} % ({down(100 * u.lower, 1, '+')} at least)"


def _cost(run: Run, row: Row) -> str:
    if row.kind == "original" or row.seconds is None or not run.retraining_seconds:
        return "-"
    return f"{100 * row.seconds / run.retraining_seconds:.0f} % of a retraining"
