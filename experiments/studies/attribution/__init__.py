"""Does an answer still tell whose data it came from? The classifier DareU lowers, one retrained on each model's own answers, and retraining itself."""

from __future__ import annotations

from pathlib import Path

from experiments.studies.attribution.page import page
from experiments.studies.base import Numbers, Option, Settings, Study, measure_each
from experiments.studies.data import Data


def _models(settings: Settings) -> Numbers:
    from experiments.studies.attribution.measure import attributions, few_models, method_models

    if settings.quick:
        return attributions(few_models(settings.run), "models of its own, of a few steps", 1000)
    return attributions(method_models(settings.folder("methods")), "models of `mari study methods`")


def _owners(settings: Settings) -> Numbers:
    from experiments.studies.attribution.owners import leave_one_out

    return leave_one_out(settings)


def _smollm2(settings: Settings) -> Numbers:
    from experiments.studies.attribution.measure import audited

    return audited(settings.folder("smollm2"), settings.count("draws"))


def _measure(settings: Settings, data: Data) -> None:
    if "smollm2" in settings.sections and not settings.quick:
        from experiments.studies.attribution.measure import finished

        finished(settings.folder("smollm2"))  # what is missing is said before anything is measured
    measure_each({"models": _models, "owners": _owners, "smollm2": _smollm2}, settings, data, slow=("smollm2",))


STUDY = Study(
    name="attribution",
    sections=("models", "owners", "smollm2"),
    options=(
        Option(
            "methods", Path("runs/studies/methods/run"), "folder with the models of a finished `mari study methods`"
        ),
        Option("smollm2", Path("runs/smollm2"), "folder of a finished `mari audit --preset smollm2`"),
        Option("seeds", 4, "seeds of corpus and models that owners are left out of", least=3),
        Option("draws", 600, "answers of a row of the audit", least=8),
    ),
    measure=_measure,
    page=page,
)
