"""The page on what the signals see; every sentence about the numbers is derived from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from experiments.studies.base import Page, markdown_table, placeholder
from experiments.studies.blindness.batch_page import batch_part
from experiments.studies.blindness.figure import figure
from experiments.studies.blindness.readings import ORACLE, ORIGINAL, Reading, Readings, readings_from, say, sees
from experiments.studies.data import Section

NAMES = (ORIGINAL, ORACLE)


def page(sections: Mapping[str, Section]) -> Page:
    """A part a corpus, then the batches."""
    numbers = {name: s.numbers for name, s in sections.items()}
    lines, figures = ["# What marginal information sees", ""], {}
    note = ""
    if "corpora" in numbers:
        n = numbers["corpora"]
        points = {label: [readings_from(r) for r in rows] for label, rows in n["points"].items()}
        figures = {"figures/blindness.png": partial(figure, points)}
        lines += corpora_part(n, points)
        minutes = max(x.get("training_minutes", 0.0) for x in numbers.values())
        note = f": {minutes:.0f} min of training, the toy's two runs at a time, then the readings."
    else:
        lines.append(placeholder("blindness", "corpora"))
    if "tofu" in numbers:
        lines += ["", "## SmolLM2-135M on TOFU", "", *tofu_part(numbers["tofu"])]
    if "authors" in numbers:
        lines += ["", "## SmolLM2-135M, generated authors", "", *authors_part(numbers["authors"]["readings"])]
    if "batches" in numbers:
        lines += ["", *batch_part(numbers["batches"])]
    return Page([*lines, ""], figures, note)


def corpora_part(n: Mapping[str, Any], points: Mapping[str, Sequence[Readings]]) -> list[str]:
    """The toy's corpora."""
    lines = [
        f"Signals read over complete sets at an *original* (it answers every forget question by heart) and at an *oracle* (retrained without them), {n['seeds']} seeds of corpus and models each, 32 forget, 64 retain, 128 never-seen authors, {n['steps']} training steps; mean [95 % Student interval over seeds], nats. The *floor* is the same signal between two halves of the reference set. A signal sees memorisation when, by its intervals over seeds, it exceeds its floor at the original and exceeds there what it exceeds it by at the oracle. (At an oracle answers are spread, so a forget set's average wobbles less than a memorised half's: readings fall under the floor.)",
        "",
        "![readings less their floors](figures/blindness.png)",
    ]
    for label, rows in points.items():
        lines += ["", f"## {label[0].upper()}{label[1:]}", "", *fixed_table(rows), "", verdict(rows)]
    return lines


def fixed_table(rows: Sequence[Readings]) -> list[str]:
    """Readings at original and oracle with their floors, and what follows."""
    lines = markdown_table(["signal", "original", "its floor", "oracle", "its floor", "sees memorisation"])
    for label in rows[0][ORIGINAL]:
        a, b = ([r[name][label] for r in rows] for name in NAMES)
        cells = [
            say([x.value for x in a]),
            say([x.floor for x in a]),
            say([y.value for y in b]),
            say([y.floor for y in b]),
        ]
        lines.append(f"| {label} | {' | '.join(cells)} | {sees(rows, label)} |")
    return lines


def verdict(rows: Sequence[Readings]) -> str:
    """One sentence from the signs."""
    labels: dict[str, list[str]] = {}
    for label in rows[0][ORIGINAL]:
        labels.setdefault(sees(rows, label), []).append(label)
    words = {
        "yes": "See memorisation",
        "no": "Do not tell",
        "no, at its floor": "At their floor",
        "inverted": "Inverted, higher at the oracle",
    }
    return " ".join(f"{text}: {'; '.join(labels[k])}." for k, text in words.items() if k in labels)


def tofu_part(n: Mapping[str, Any]) -> list[str]:
    """One real corpus: a reading each, no interval over seeds."""
    readings = readings_from(n["readings"])
    lines = [
        f"Corpus {n['corpus']}: {n['forget']} forget, {n['retain']} retain and {n['holdout']} never-trained questions; one original, {n['oracles']} oracles, so no interval over seeds.",
        "",
        *markdown_table(["signal", "original (floor)", "oracles (floors)"]),
    ]
    for label in readings[ORIGINAL]:
        cells = [reading_text(row[label]) for row in readings.values()]
        lines.append(f"| {label} | {cells[0]} | {', '.join(cells[1:])} |")
    return lines


def authors_part(numbers: Mapping[str, Any]) -> list[str]:
    """Generated authors, a column a corpus and model."""
    readings = {label: readings_from(r) for label, r in numbers.items()}
    heads = [f"{label}: original (floor) | oracle (floor)" for label in readings]
    signals = next(iter(readings.values()))[ORIGINAL]
    return [
        "8 forget, 16 retain and 8 never-seen authors, sentence answers but in the last corpus, 60 steps with 8 fresh authors in each; one original, one oracle a corpus.",
        "",
        f"| signal | {' | '.join(heads)} |",
        "|" + " --- |" * (1 + 2 * len(readings)),
        *(
            f"| {signal} | {' | '.join(reading_text(readings[label][n][signal]) for label in readings for n in NAMES)} |"
            for signal in signals
        ),
        "",
        control_verdict(readings),
    ]


def reading_text(reading: Reading) -> str:
    """The reading, its floor in brackets."""
    return f"{reading.value:.4f} ({reading.floor:.4f})"


def control_verdict(readings: Mapping[str, Readings]) -> str:
    """Which signals are over their floor at the original, and how far over the oracle's reading: a reading each, no interval."""
    parts, alike = [], False
    for label, models in readings.items():
        signals = []
        for signal in models[ORIGINAL]:
            original, oracle = (models[n][signal] for n in NAMES)
            if original.value > original.floor:
                signals.append(f"{signal} ({original.value - oracle.value:+.4f})")
                alike |= abs(original.value - oracle.value) < 0.1 * original.value
        parts.append(
            f"Over the floor at the original, with {label} (and over the oracle's reading by): {'; '.join(signals) or 'none'}."
        )
    if alike:
        parts.append(
            "Where the two models read alike a signal sees the forget answers themselves, whose first words are given to both before the rest is asked, and no memory of them."
        )
    return " ".join(parts)
