"""Settings of every method on a real model, chosen on a validation request that the audit never looks at.

The request has its own authors to forget, its own seed, one original and three oracles. A setting's score is the largest, over the rungs
of the audit, of what lies beyond the floor as a share of the rung's margin; among settings that keep retain accuracy the smallest wins.
"""

from __future__ import annotations

from experiments.studies.base import Settings, Study
from experiments.studies.data import Data
from experiments.studies.selection.grid import ENDS, section_labels
from experiments.studies.selection.page import page


def _measure(settings: Settings, data: Data) -> None:
    from experiments.studies.selection.measure import measure

    measure(settings, data)


STUDY = Study(
    name="selection",
    sections=(ENDS, *section_labels()),
    options=(),
    measure=_measure,
    page=page,
)
