"""What matched-reference MarI takes to reach the oracle floor: sentence-length answers on the toy, SmolLM2 on authors it can be calibrated for, SmolLM2 on TOFU."""

from __future__ import annotations

from pathlib import Path

from experiments.studies.base import Option, Settings, Study, measure_each
from experiments.studies.data import Data
from experiments.studies.matched.page import PARTS, page


def _measure(settings: Settings, data: Data) -> None:
    from experiments.studies.matched.measure import measure_authors, measure_tofu, measure_toy

    makers = {"toy": measure_toy, "authors": measure_authors, "tofu": measure_tofu}
    measure_each(makers, settings, data, slow=("authors", "tofu"))


STUDY = Study(
    name="matched",
    sections=tuple(PARTS),
    options=(Option("smollm2", Path("runs/smollm2"), "a finished `mari audit --preset smollm2`"),),
    measure=_measure,
    page=page,
)
