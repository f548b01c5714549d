"""The methods study: select on the validation request, report on another."""

from __future__ import annotations

import time
from typing import Any

from experiments.config import MethodConfig
from experiments.methods import make_method
from experiments.studies.base import Settings
from experiments.studies.data import Data
from experiments.studies.methods.grid import ENDS, read_grid, section_labels, setting_text
from experiments.studies.methods.protocol import measure_model, quick_look, request, spread, train
from experiments.unlearning.roles import oracle_names

RETAIN_SHARE = 0.95
"""Share of the original's retain probability that a setting must keep to be selected by divergence."""


def select(grid: dict[str, list[MethodConfig]], looks: dict[str, dict[str, float]]) -> dict[str, MethodConfig]:
    """The chosen setting of every method."""
    floor = RETAIN_SHARE * looks["original"]["retain"]
    out = {}
    for label, rows in grid.items():
        good = [r for r in rows if looks[r.label]["retain"] >= floor]
        if good:
            out[label] = min(good, key=lambda r: looks[r.label]["jsd"])
        else:
            out[label] = max(rows, key=lambda r: looks[r.label]["retain"])
    return out


def measure(settings: Settings, data: Data) -> None:
    """Train, select and report the asked methods; the original and the oracles stand in a section of their own."""
    labels = section_labels()
    names = [labels[s] for s in settings.sections if s != ENDS]
    if settings.quick and len(names) > 2:
        data.say(f"a quick run: only {names[0]} and {names[1]}, two settings each, one seed")
        names = names[:2]
    grid = {k: v[: 2 if settings.quick else None] for k, v in read_grid().items() if k in names}
    entries = [m for rows in grid.values() for m in rows]
    validation = request(11, 2, entries, settings.quick)
    training = train(validation, settings.run / "validation")
    began = time.perf_counter()
    data.say("selecting on the validation request")
    looks = spread(validation, settings.run / "validation", quick_look, ["original", *(m.label for m in entries)])
    top = select(grid, looks)
    selecting = time.perf_counter() - began
    seeds = 1 if settings.quick else settings.count("seeds")
    runs = [
        m.model_copy(update={"label": run_label(label, s), "seed": s}) for label, m in top.items() for s in range(seeds)
    ]
    report = request(12, 3, runs, settings.quick)
    records = train(report, settings.run / "report")
    began = time.perf_counter()
    oracles = oracle_names(report)
    data.say("measuring the report request")
    rows = spread(report, settings.run / "report", measure_model, ["original", *(m.label for m in runs), *oracles])
    seconds = sum(r["seconds"] for part in (training, records) for r in part.values())
    if ENDS in settings.sections or ENDS not in data.sections:
        data.keep(
            ENDS,
            {
                "original": rows["original"],
                "oracles": {o: rows[o] for o in oracles},
                "kept": RETAIN_SHARE,
                "training_minutes": seconds / report.workers / 60,
                "measuring_minutes": (selecting + time.perf_counter() - began) / 60,
                "workers": report.workers,
            },
        )
    places = {label: k for k, label in enumerate(labels.values())}
    sections = {label: section for section, label in labels.items()}
    for label, entry in top.items():
        seed_rows = [rows[run_label(label, s)] for s in range(seeds)]
        data.keep(
            sections[label],
            reported_method(label, entry, seed_rows) | {"place": places[label], "settings": len(grid[label])},
        )


def run_label(label: str, seed: int) -> str:
    """The label of one run of a method."""
    return f"{label} seed {seed}"


def reported_method(label: str, entry: MethodConfig, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What the page needs of one method."""
    return {
        "label": label,
        "from": make_method(entry.name, **entry.settings).origin,
        "setting": setting_text(entry),
        "stops": entry.loop["stop_at_holdout"],
        "seeds": rows,
    }
