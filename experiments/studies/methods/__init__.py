"""One protocol for every method: equal numbers of settings, selected on one request, reported on another, three seeds, matched forgetting.

A run ends at the first look at which the forget loss has reached the never-seen holdout's (matched forgetting), else after all steps.
Selection: the smallest exact divergence to the oracle average among settings that keep 95 % of the original's retain probability; where
none does, the setting that keeps most. The report never looks at the validation request.
"""

from __future__ import annotations

from experiments.studies.base import Option, Settings, Study
from experiments.studies.data import Data
from experiments.studies.methods.grid import ENDS, section_labels
from experiments.studies.methods.page import page


def _measure(settings: Settings, data: Data) -> None:
    from experiments.studies.methods.measure import measure

    measure(settings, data)


STUDY = Study(
    name="methods",
    sections=(ENDS, *section_labels()),
    options=(Option("seeds", 3, "seeds of every selected setting"),),
    measure=_measure,
    page=page,
)
