"""Readings of every seed as the page shows them: a row a model and set of prompts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from experiments.studies.base import markdown_table

FORGET = "forget"
"""Prompts: the forget questions as they are."""
PASSED = "as a retraining"
"""Verdict of an excess within the margin (`experiments.measures.result.Excess`)."""
HEADS = [
    "model",
    "prompts",
    "JSD at most",
    "worst owner at most",
    "beyond a retraining at most",
    PASSED,
    "true answers",
]


@dataclass(frozen=True)
class Reading:
    """What the certificate of a model says, and what the model says of the true answers to some items."""

    jsd: float
    """Certified upper end of the divergence of one answer to the oracle's, averaged over the prompts, nats."""
    worst: float
    """The same for the worst owner."""
    beyond: float
    """Upper end of how much farther that average is than another retraining's, nats."""
    verdict: str
    """Of that excess beside the margin."""
    exact: float
    """Share of the items whose true answer is the likeliest."""


Rows = dict[str, dict[str, Reading]]
"""Model -> prompts -> reading, of one seed."""


def stored(rows: Rows) -> dict[str, Any]:
    """As JSON holds them."""
    return {name: {prompts: asdict(r) for prompts, r in row.items()} for name, row in rows.items()}


def rows_of(numbers: Mapping[str, Any]) -> list[Rows]:
    """Of every seed of a section."""
    return [{k: {p: Reading(**r) for p, r in row.items()} for k, row in s["rows"].items()} for s in numbers["seeds"]]


def passing(readings: Sequence[Reading]) -> int:
    """How many are certified as near as a retraining."""
    return sum(r.verdict == PASSED for r in readings)


def spread(values: Sequence[float], digits: int = 4, plus: bool = False) -> str:
    """Mean, and the ends over seeds.

    >>> spread([0.1, 0.3], 1)
    '0.2 (0.1 to 0.3)'
    """
    form = f"{'+' if plus else ''}.{digits}f"
    return f"{np.mean(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def table(numbers: Mapping[str, Any], what: str = "prompts") -> list[str]:
    """A line a model and set of prompts (or whatever else its readings differ by)."""
    seeds, lines = rows_of(numbers), markdown_table(["model", what, *HEADS])
    for name, row in seeds[0].items():
        for key in row:
            found = [s[name][key] for s in seeds]
            cells = [spread([getattr(r, x) for r in found]) for x in ("jsd", "worst", "beyond")]
            cells += [f"{passing(found)} of {len(found)}", spread([r.exact for r in found], 2)]
            lines.append(f"| {name} | {key} | {' | '.join(cells)} |")
    return lines
