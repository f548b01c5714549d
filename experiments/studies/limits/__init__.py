"""Where certificates end: four ways for a model to pass the certificate over the forget questions and keep what it should have lost.

Every section trains the toy with some seeds, certifies exactly, from all outputs enumerated, and puts beside the certificate what it does not see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from experiments.studies.base import Numbers, Option, Page, Settings, Study, measure_each, placeholder
from experiments.studies.data import Data, Section
from experiments.studies.limits.readings import PASSED

SECTIONS = ("relearning", "trigger", "forget-set", "quantisation")


def limit(section: str) -> Any:
    """The module of one: TITLE, `measure(toy)`, `sentence(numbers)` and `part(numbers)`."""
    return import_module(f"experiments.studies.limits.{section.replace('-', '_')}")


def _measure(settings: Settings, data: Data) -> None:
    from experiments.studies.limits.seeds import each_seed

    makers: dict[str, Callable[[Settings], Numbers]] = {n: partial(each_seed, limit(n).measure) for n in SECTIONS}
    measure_each(makers, settings, data)


def sentences(sections: Mapping[str, Section]) -> dict[str, str]:
    """Section -> what its numbers say, in a few words."""
    measured = {name: limit(name).sentence(s.numbers) for name, s in sections.items()}
    return {name: measured.get(name, placeholder("limits", name)) for name in SECTIONS}


def page(sections: Mapping[str, Section]) -> Page:
    """A part a section, each with the sentence that its numbers make."""
    lines = ["# Where certificates end", ""]
    figures: dict[str, Callable[[Path], None]] = {}
    if sections:
        first = next(iter(sections.values())).numbers
        n, seeds = first["setup"], len(first["seeds"])
        lines.append(
            f"The toy with {n['forget']} forget and {n['retain']} retain authors, {n['steps']} training steps, {seeds} seeds of corpus and models. Certified: the divergence of one whole answer from a retraining's, all answers enumerated, so without sampling error; *beyond a retraining*: less that of another retraining on the same prompts, `{PASSED}` where at most {n['margin']:g} nats. *True answers*: share of them that are the likeliest. Mean (smallest to largest) over seeds; `more`, `less` and `comes back` are said where the 95 % Student interval of the difference over seeds lies on one side of 0."
        )
    if "relearning" in sections:
        from experiments.studies.limits.figure import figure

        figures["limits-relearning.png"] = partial(figure, sections["relearning"].numbers)
    for name, said in sentences(sections).items():
        body = [*limit(name).part(sections[name].numbers), ""] if name in sections else []
        lines += ["", f"## {limit(name).TITLE}", "", *body, said]
    return Page([*lines, ""], figures)


STUDY = Study(
    name="limits",
    sections=SECTIONS,
    options=(Option("seeds", 4, "seeds of corpus and models", least=2),),
    measure=_measure,
    page=page,
)
