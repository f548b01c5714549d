"""Weights rounded to few bits after the certificate was made: does what was forgotten come back?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.measures.robustness import quantised
from experiments.studies.blindness.readings import sign
from experiments.studies.limits.readings import FORGET, Rows, passing, rows_of, spread, stored, table
from experiments.studies.limits.seeds import TWIN, UNLEARNED, Toy

TITLE = "Quantisation: the certified model with its weights rounded"
WHOLE, FEW = "32 bits", "4 bits"
BITS = {WHOLE: None, "8 bits": 8, FEW: 4}
"""Weights -> what they are rounded to."""
ROW = 2**16
"""Inputs that share a scale: all of an output's."""
MODELS = (*(m.label for m in UNLEARNED), TWIN)


def measure(toy: Toy) -> dict[str, Any]:
    """Every unlearned model and a retraining, as certified and rounded."""
    rows: Rows = {name: {} for name in MODELS}
    for name, row in rows.items():
        for weights, bits in BITS.items():
            variant = name if bits is None else f"{name}, {weights}"
            toy.bank.models[variant] = toy.bank.use(name) if bits is None else quantised(toy.bank.use(name), bits, ROW)
            row[weights] = toy.reading(variant, toy.corpus.forget, FORGET)
    return {"rows": stored(rows)}


def sentence(n: Mapping[str, Any]) -> str:
    """Which rounded model knows more of the forgotten answers than before, beyond what rounding does to a retraining?"""
    rows, parts = rows_of(n), []
    gained = {name: [r[name][FEW].exact - r[name][WHOLE].exact for r in rows] for name in MODELS}
    words = {"yes": "comes back", "inverted": "is lost further", "no": "does not certainly come back"}
    for m in UNLEARNED:
        said = words[sign([a - b for a, b in zip(gained[m.label], gained[TWIN], strict=True)])]
        whole, few = ([r[m.label][key] for r in rows] for key in (WHOLE, FEW))
        parts.append(
            f"after {m.label} it {said} ({spread(gained[m.label], 2, plus=True)} of the true answers; JSD at most {spread([r.jsd for r in whole])} before and {spread([r.jsd for r in few])} after; as a retraining in {passing(whole)} and {passing(few)} of {len(rows)} seeds)"
        )
    return f"What was forgotten, at {FEW}: {'; '.join(parts)}. Rounding a retraining: {spread(gained[TWIN], 2, plus=True)}."


def part(n: Mapping[str, Any]) -> list[str]:
    """A line a model and number of bits."""
    return [
        f"Linear weights rounded to nearest, symmetric, one scale an output; read against the oracle with all its bits, so that the lines of `{TWIN}` show what rounding does by itself.",
        "",
        *table(n, "weights"),
    ]
