"""Studies: questions about unlearning, each a folder with what measures (into `data.json`) and what draws (from it).

`STUDY_QUESTIONS` is the table of contents; `load_study` imports one.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from mari_theory.errors import require

if TYPE_CHECKING:
    from experiments.studies.base import Study

STUDY_QUESTIONS: dict[str, str] = {
    "methods": "Which method comes nearest to a retrained model, every one under one protocol?",
    "selection": "Which settings do the methods take on a real model?",
    "matched": "What does matched-reference MarI take to reach the distance that oracles have from each other?",
    "overlap": "Does a method remove only what the forget set adds, and keep what the retained data support?",
    "blindness": "What does the paper's signal see of memorisation, and which signal does see it?",
    "objections": "Reviewers' objections to marginal-information unlearning, each answered by numbers",
    "limits": "What does a certificate over the forget questions not see?",
    "rounds": "What becomes of earlier deletion requests when others follow?",
    "attribution": "Does an answer still tell whose data it came from?",
}
"""Name -> the question in one line."""


def load_study(name: str) -> Study:
    """The study of this name. Raises `ArgumentError` on another.

    >>> load_study("rounds").sections
    ('rounds',)
    """
    require(name in STUDY_QUESTIONS, "study", ", ".join(STUDY_QUESTIONS), name)
    study: Study = import_module(f"experiments.studies.{name}").STUDY
    return study
