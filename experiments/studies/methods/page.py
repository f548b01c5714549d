"""The page of the methods study: the table of all methods, best first, and where they lie between original and oracles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from experiments.methods import make_method, retain_terms
from experiments.studies.base import Page, markdown_table, placeholder
from experiments.studies.data import Section
from experiments.studies.methods.grid import ENDS, read_grid, section_labels
from experiments.unlearning.reason import Reason
from mari_theory.figure_style import BAND, COLOURS, pyplot
from mari_theory.rounding import span

HEADS = [
    "method",
    "from",
    "setting selected",
    "certified JSD to oracle (mean of seeds)",
    "exact, each seed",
    "best attack AUC",
    "author-level AUC",
    "forget p",
    "retain p",
    "matched at step",
    "seconds",
]
MEANS = ("lower", "upper", "attack", "author", "forget", "retain", "seconds")


def page(sections: Mapping[str, Section]) -> Page:
    """Table, ends and figure."""
    lines = ["# Every method, one protocol", ""]
    methods = sorted((s.numbers for name, s in sections.items() if name != ENDS), key=lambda n: n["place"])
    if not methods or ENDS not in sections:
        return Page([*lines, placeholder("methods", ENDS), ""])
    ends = sections[ENDS].numbers
    floor, original = list(ends["oracles"].values()), ends["original"]
    seeds = sorted({len(n["seeds"]) for n in methods})
    lines += [
        f"{len(methods)} rows, {min(n['settings'] for n in methods)} settings each (`experiments/studies/methods/grid.yaml`), selected on one request of authors by exact divergence to the oracle average among settings that keep {100 * ends['kept']:.0f} % of retain probability, reported on another request with {' or '.join(map(str, seeds))} seeds. A run stops where the forget loss reaches the never-seen holdout's, so methods are compared at matched forgetting; `never` says it did not get there, `not stopped` that the row runs all steps. Lower is better in both columns of numbers; attack AUC is the larger of AUC and 1 - AUC; author-level, of authors scored by the mean loss of their questions. `from`: an objective as its paper states it, as the released code has it, or ours. {retain_terms({label: make_method(m[0].name, **m[0].settings) for label, m in read_grid().items()})}",
        "",
        *table(methods),
        "",
        *rewards(methods),
        *(line for name in section_labels() if name not in sections for line in (placeholder("methods", name), "")),
        f"Original: exact JSD {original['exact']:.4f}, attack {original['attack']:.3f}, retain p {original['retain']:.3f}. Oracles against the others: JSD {ends_of(floor, 'exact', 4)}, attack {ends_of(floor, 'attack', 3)}, author-level {ends_of(floor, 'author', 3)}: the place where a deletion should end.",
        "",
        "![every method](methods.png)",
        "",
    ]
    note = f": {ends['training_minutes']:.0f} min of training and {ends['measuring_minutes']:.0f} min of selecting and measuring, {ends['workers']} processes at a time; seconds are wall time, beside whatever else ran."
    return Page(lines, {"methods.png": partial(figure, methods, floor)}, note)


def ends_of(rows: Sequence[Mapping[str, Any]], key: str, digits: int) -> str:
    """Smallest and largest."""
    values = [r[key] for r in rows]
    return f"{min(values):.{digits}f} to {max(values):.{digits}f}"


def table(methods: Sequence[Mapping[str, Any]]) -> list[str]:
    """Markdown rows, best first by the mean certified upper end."""
    lines = markdown_table(HEADS)
    for n in sorted(methods, key=lambda n: np.mean([r["upper"] for r in n["seeds"]])):
        r = n["seeds"]
        mean = {k: float(np.mean([x[k] for x in r])) for k in MEANS}
        exact = ", ".join(f"{x['exact']:.4f}" for x in r)
        fallback = "never" if n["stops"] else "not stopped"
        steps = ", ".join(
            str(x["steps"]) if x["stopped"] == Reason.FORGET_LOSS else f"{fallback} ({x['steps']})" for x in r
        )
        if "trained" in r[0]:
            steps += f"; trained: {', '.join('yes' if x['trained'] else 'no' for x in r)}"
        lines.append(
            f"| {n['label']} | {n['from']} | {n['setting']} | {span(mean['lower'], mean['upper'])} | {exact} "
            f"| {mean['attack']:.3f} | {mean['author']:.3f} | {mean['forget']:.3f} | {mean['retain']:.3f} | {steps} | {mean['seconds']:.0f} |"
        )
    return lines


def rewards(methods: Sequence[Mapping[str, Any]]) -> list[str]:
    """What methods that are paid were paid, for those measured since it is kept."""
    rows = [
        f"- {n['label']}: {'; '.join(', '.join(f'{x:.2f}' for x in r['reward']) for r in n['seeds'])}"
        for n in methods
        if "reward" in n["seeds"][0]
    ]
    if not rows:
        return []
    return [
        "Reward, mean of the batches since the look before, at most 0, seed after seed. `trained: yes`: there are eight looks or more, the last quarter of them lies above the first look, and the quarter before it was at most a tenth of that rise lower.",
        "",
        *rows,
        "",
    ]


def figure(methods: Sequence[Mapping[str, Any]], oracles: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Certified divergence against best attack, a point a seed; the oracles are where a deletion should end."""
    plt = pyplot()
    plot, axes = plt.subplots(figsize=(9, 5.6))
    for k, n in enumerate(methods):
        x, y = [v["exact"] for v in n["seeds"]], [v["attack"] for v in n["seeds"]]
        colour, mark = COLOURS[k % len(COLOURS)], "os^Dv"[k // len(COLOURS)]
        axes.plot(x, y, mark, color=colour, ms=6, label=n["label"], alpha=0.85)
    axes.plot(
        [r["exact"] for r in oracles],
        [r["attack"] for r in oracles],
        "*",
        color="black",
        mfc="none",  # hollow: what reaches the oracles lies under them
        mew=1.6,
        ms=15,
        label="oracles (against each other)",
    )
    axes.axvspan(0, max(r["exact"] for r in oracles), color=BAND, lw=0, zorder=0)
    axes.set(
        xscale="log",
        xlabel="JSD to the oracle average, exact (nats, log scale)",
        ylabel="best membership attack AUC",
        title="Every method at its selected setting, a point a seed; down and left is better",
    )
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8)
    plot.savefig(path)
    plt.close(plot)
