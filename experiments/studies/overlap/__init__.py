"""Overlap: does a method remove only what the forget set adds, and keep what the retained data supports?

Corpora where a share of the forget facts is also stated by what stays, in other words: oracles still know these (`shared`) and not the
others (`exclusive`). And running text of own invention, to be forgotten beside documents on its topic or on another. Every method is read
on both sides by exact certificates against the oracles: too far with a higher measured loss is over-forgetting, with a lower one
under-forgetting.
"""

from __future__ import annotations

from experiments.studies.base import Option, Settings, Study
from experiments.studies.data import Data
from experiments.studies.overlap.cases import CASES
from experiments.studies.overlap.page import page


def _measure(settings: Settings, data: Data) -> None:
    from experiments.studies.overlap.measure import measure

    measure(settings, data)


STUDY = Study(
    name="overlap",
    sections=tuple(CASES),
    options=(Option("seeds", 3, "seeds of corpus and models on the toy"),),
    measure=_measure,
    page=page,
)
