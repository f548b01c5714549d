"""One page in plain words, generated from certificates: what was asked, what was done, what can be said, and what cannot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from experiments.audit.reading import alarms
from experiments.audit.results import Run
from experiments.measures.result import Row
from mari_theory.certificates import words
from mari_theory.certificates.certificate import Certificate
from mari_theory.rounding import down, span, up

ANSWERS = {
    "equivalent within margin": "No more than the margin allows: the model answers the questions to forget as a model does that was retrained without the data, for the {unit} farthest away too.",
    "equivalent on average": "On average no more than the margin allows; for every single {unit} it was not shown.",
    "detectable": "Yes. The model can be told from one that was retrained without the data.",
    "inconclusive": "Not known. The evidence allows both; more outputs, or a wider margin that was fixed beforehand, may decide.",
    "refuted": "The measurement contradicts itself (a detector did better than its certificate allows). Nothing may be concluded.",
}
"""Verdict -> the answer to the question above it on the page: could anyone still tell?"""


@dataclass(frozen=True)
class Said:
    """What the page says beside the audit."""

    request: dict[str, Any]
    """Sources, digest and sizes of the data."""
    choice: str
    """How the method was chosen, a sentence."""
    model: dict[str, str]
    """Weight files of the unlearned model -> SHA-256."""
    certificates: dict[str, Certificate]
    """File stem -> certificate, as handed over."""


def statement(run: Run, said: Said) -> str:
    """HTML, self-contained; every number is an end of a certificate, rounded outwards."""
    row = run.methods[0]
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("statement.html").render(
        run=run,
        row=row,
        said=said,
        alarms=alarms(run),
        answer=answer(run, row),
        rows=[(r, who(r)) for r in run.rows],
        rungs=[(words.ACCESS[name], pair.certificate) for name, pair in row.rungs.items()],
        kept=kept(run, row),
        assumptions=[words.ASSUMPTIONS[a] for a in row.oracle.assumptions],
        access=words.ACCESS[row.oracle.claim.access],
        span=span,
        up=up,
        percent=lambda x: up(100 * x, 1),
    )


def answer(run: Run, row: Row) -> str:
    """The verdict as a sentence; why there is none where there is none."""
    certificate = row.oracle
    if certificate.verdict is None:
        return f"No verdict: {words.NO_VERDICT[str(certificate.no_verdict)]}."
    text = ANSWERS[certificate.verdict].format(unit=run.unit)
    return f"{text} But the model is damaged: see below." if row.damaged else text


def kept(run: Run, row: Row) -> str:
    """What is certain of what had to stay."""
    found = row.utility.get("retain")
    if found is None or found.lower is None or found.upper is None:
        return "With the data of one person alone nothing certain can be said of what had to stay."
    margin = f"{100 * run.config.utility_margin:g} points"
    ends = f"between {down(100 * found.lower, 1, '+')} and {up(100 * found.upper, 1, '+')} points beside retrained models (each end {100 * run.config.confidence:g} %)"
    if found.lost:
        return f"Damaged: accuracy on what had to stay is {ends}; more than {margin} are certainly lost."
    return f"Accuracy on what had to stay is {ends}; " + (
        f"a loss of more than {margin} is ruled out."
        if found.holds
        else f"a loss of more than {margin} is not ruled out."
    )


def who(row: Row) -> str:
    """A row in words that need no glossary."""
    return {
        "original": "the model before unlearning",
        "method": "the model after unlearning",
        "oracle": "a model retrained without the data (the yardstick)",
    }[row.kind]
