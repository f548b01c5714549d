"""Does an answer still tell whose data it came from? The classifier DareU lowers, and one retrained on each model's own answers."""

from __future__ import annotations

from pathlib import Path

from experiments.studies.attribution.page import page
from experiments.studies.base import Option, Settings, Study
from experiments.studies.data import Data


def _measure(settings: Settings, data: Data) -> None:
    from experiments.studies.attribution.measure import attributions, few_models, method_models

    if settings.quick:
        data.keep("models", attributions(few_models(settings.run), "models of its own, of a few steps", 1000))
    else:
        report = method_models(settings.folder("methods"))
        data.keep("models", attributions(report, "models of `mari study methods`"))


STUDY = Study(
    name="attribution",
    sections=("models",),
    options=(
        Option(
            "methods", Path("runs/studies/methods/run"), "folder with the models of a finished `mari study methods`"
        ),
    ),
    measure=_measure,
    page=page,
)
