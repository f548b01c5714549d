"""The page of the selection: every setting that was tried, and which was taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.studies.base import Page, markdown_table, placeholder
from experiments.studies.data import Section
from experiments.studies.selection.grid import ENDS
from mari_theory.rounding import up, up_to


def page(sections: Mapping[str, Section]) -> Page:
    """What was asked, and a line a setting."""
    lines = ["# Settings for a real model, chosen on a validation request", ""]
    if ENDS not in sections:
        return Page([*lines, placeholder("selection", ENDS), ""])
    ends = sections[ENDS].numbers
    authors, margins = ends["authors"], ends["margins"]
    passed = ", ".join(f"{name} {up(upper)}" for name, upper in ends["gate"].items())
    lines += [
        f"{ends['corpus']}: {authors['forget']} author to forget, {authors['retain']} that stay; the audit of `mari audit --preset smollm2` forgets another. One original, three oracles, one seed a setting. Learning rate of training {ends['rate']:g}"
        + (
            f" (perplexity {', '.join(f'{k} {v:.1f}' for k, v in ends['perplexity'].items())})"
            if ends["perplexity"]
            else ""
        )
        + f". Gate, retain side, beyond the floor at most: {passed}. *Beyond*: JSD to two oracles less that of a third, exact, at most. *Score*: the largest share of a margin ({', '.join(f'{k} {v:g}' for k, v in margins.items())}). Bold: taken, the smallest score among those that keep retain accuracy within 5 points of the oracles'; the preset has eight methods and the control. The last row was added after the others had been read here.",
        "",
        *_table(sections, list(margins)),
        "",
        f"Floor: {_numbers(ends['floor'])}. Original, beyond the floor: {_numbers(ends['original']['excess'])}, score {ends['original']['score']:.1f}. One retraining took {ends['retraining_seconds']:.0f} s. Seconds are wall time, beside whatever else ran.",
        "",
    ]
    return Page(lines)


def _numbers(found: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {up_to(value)}" for name, value in found.items())


def _table(sections: Mapping[str, Section], rungs: list[str]) -> list[str]:
    heads = [
        "method",
        "setting",
        *(f"beyond, {name}" for name in rungs),
        "score",
        "retain accuracy",
        "forget loss",
        "seconds",
    ]
    lines = markdown_table(heads)
    methods = sorted((s.numbers for name, s in sections.items() if name != ENDS), key=lambda n: n["place"])
    for n in methods:
        for k, row in enumerate(n["settings"]):
            lines.append(_line(n["label"], row, rungs, bold=k == n["chosen"]))
    return lines


def _line(label: str, row: Mapping[str, Any], rungs: list[str], bold: bool) -> str:
    cells = [label, row["setting"], *(up_to(row["excess"].get(name, float("nan"))) for name in rungs)]
    cells += [f"{row['score']:.1f}", f"{row['retain']:.3f}", f"{row['forget_loss']:.2f}", f"{row['seconds']:.0f}"]
    mark = "**" if bold else ""
    return "| " + " | ".join(f"{mark}{c}{mark}" for c in cells) + " |"
