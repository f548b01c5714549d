"""Reviewers' objections to marginal-information unlearning, each answered by numbers; one file an objection.

Sections about finished audits (`mari audit --preset tiny`, `--preset smollm2`) read those; a section whose audit is missing is not measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from experiments.studies.base import Option, Page, Settings, Study, measure_each, placeholder
from experiments.studies.data import Data, Section

SECTIONS = ("marginal", "general-text", "scenarios", "detectors", "cost", "stability")


def objection(section: str) -> Any:
    """The module of one: TITLE, NEEDS, `measure(settings)` and `part(numbers)`."""
    return import_module(f"experiments.studies.objections.{section.replace('-', '_')}")


def _measure(settings: Settings, data: Data) -> None:
    import torch

    from experiments.models.load import quiet

    quiet()
    torch.set_num_threads(2)
    measure_each({name: objection(name).measure for name in settings.sections}, settings, data)


def page(sections: Mapping[str, Section]) -> Page:
    """A part an objection."""
    lines = [
        "# Objections, answered by numbers",
        "",
        "Every table below is made by the command at the end of the page; the sentences around the numbers are computed from them.",
    ]
    for name in SECTIONS:
        module = objection(name)
        measured = name in sections
        text = module.part(sections[name].numbers) if measured else [placeholder("objections", name, module.NEEDS)]
        lines += ["", f"## {module.TITLE}", "", *text]
    return Page([*lines, ""])


STUDY = Study(
    name="objections",
    sections=SECTIONS,
    options=(
        Option("tiny", Path("runs/tiny"), "a finished `mari audit --preset tiny`"),
        Option("smollm2", Path("runs/smollm2"), "a finished `mari audit --preset smollm2`"),
    ),
    measure=_measure,
    page=page,
)
