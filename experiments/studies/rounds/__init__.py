"""Requests one after another on the toy: certificates of the rounds composed by T13, and what earlier requests do meanwhile."""

from __future__ import annotations

from experiments.studies.base import Option, Settings, Study
from experiments.studies.data import Data
from experiments.studies.rounds.page import page


def _measure(settings: Settings, data: Data) -> None:
    from experiments.studies.rounds.measure import measure_rounds

    data.keep("rounds", measure_rounds(settings.count("rounds"), settings.quick))


STUDY = Study(
    name="rounds",
    sections=("rounds",),
    options=(Option("rounds", 3, "requests that the forget authors are split into"),),
    measure=_measure,
    page=page,
)
