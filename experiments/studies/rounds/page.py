"""The page on requests one after another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.studies.base import Page, markdown_table, placeholder
from experiments.studies.data import Section


def page(sections: Mapping[str, Section]) -> Page:
    """Set-up and table."""
    lines = ["# Requests one after another", ""]
    if "rounds" not in sections:
        return Page([*lines, placeholder("rounds", "rounds"), ""])
    n = sections["rounds"].numbers
    return Page(
        [
            *lines,
            f"{n['rounds']} requests of {n['authors']} authors each, answers of which {100 * n['favourite']:.0f} % are their question's favourite; {n['steps']} steps a round at most, a round ends where its forget loss reaches the never-seen holdout's, or where the share of the holdout's answer tokens that greedy decoding gets right has fallen by more than {100 * n['drop']:g} % since the first round began (Forgetting-MarI's rule). An earlier request whose probability rises in a later round is being relearnt; the oracle's is {n['oracle']:.2f}. The last three columns are the divergence between the original and the final model on all forget prompts: bounded from the rounds' certificates (square roots add, T13; all certificates together at 95 %), certified directly, and exact.",
            "",
            *table(n["rows"], n["rounds"]),
            "",
        ]
    )


def table(rows: dict[str, dict[str, Any]], rounds: int) -> list[str]:
    """A row a method."""
    lines = markdown_table(
        [
            "method",
            *(f"request {k + 1}: forget p after each round" for k in range(rounds)),
            "held-out accuracy before: after each",
            "retain p",
            "exact JSD to the oracle",
            "T13 from the rounds' certificates",
            "certified directly",
            "exact",
        ]
    )
    for label, r in rows.items():
        paths = [
            f"{' '.join(f'{v:.2f}' for v in path)} ({ending})"
            for path, ending in zip(r["forget"], r["ended"], strict=True)
        ]
        accuracy = f"{r['before']:.3f}: {' '.join(f'{x:.3f}' for x in r['after'])}"
        retain = f"{r['retain']:.3f}"
        numbers = [f"{r[k]:.4f}" for k in ("to_oracle", "composed", "direct", "exact")]
        lines.append(f"| {' | '.join([label, *paths, accuracy, retain, *numbers])} |")
    return lines
