"""One protocol for every method: equal numbers of settings, selected on one request, reported on another, three seeds, matched forgetting.

`mari bench methods`. A run ends at the first look at which the forget loss has reached the never-seen holdout's (matched forgetting), else after all
steps. Selection: the smallest exact divergence to the oracle average among settings that keep 95 % of the original's retain probability; where
none does, the setting that keeps most. The report never looks at the validation request.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from tqdm import tqdm

from benchmarks.pages import write_page
from experiments.audit.run import Study
from experiments.config import MethodConfig, RunConfig, load_config, slug
from experiments.data.items import Item
from experiments.measures.detectors import auc, either_way
from experiments.measures.enumeration import enumerate_divergence
from experiments.measures.items import ItemScores
from experiments.unlearning.reason import Reason
from experiments.unlearning.roles import Original, entries_of, oracle_arm, oracle_names, oracles_of
from experiments.unlearning.train import open_bank, train_many
from mari_theory.certificates.files import write_text
from mari_theory.errors import require
from mari_theory.figure_style import BAND, COLOURS, pyplot

GRID = Path(__file__).with_suffix(".yaml")
KEPT = 0.95
"""Share of the original's retain probability that a setting must keep to be selected by divergence."""

LOOK = 0.002
"""First tokens rarer than this are not continued while selecting: a model made flat by its method would otherwise take a minute each."""


def read_grid(path: Path = GRID) -> dict[str, list[MethodConfig]]:
    """Method label -> its settings, one configuration each. Raises `ArgumentError` on fewer than 8."""
    out = {}
    for row in yaml.safe_load(path.read_text(encoding="utf-8")):
        settings, loop = row.get("settings", {}), row.get("loop", {})
        axes = [("settings", k, v) for k, v in settings.items()] + [("loop", k, v) for k, v in loop.items()]
        made: list[MethodConfig] = []
        for values in itertools.product(*(v for _, _, v in axes)):
            parts: dict[str, dict[str, Any]] = {
                "settings": {},
                "loop": {"stop_at_holdout": row.get("stop", True)},
            }
            for (part, key, _), value in zip(axes, values, strict=True):
                parts[part][key] = value
            made.append(MethodConfig(label=f"{row['label']} #{len(made)}", name=row["name"], **parts))
        require(len(made) >= 8, row["label"], "at least 8 settings", len(made))
        out[row["label"]] = made
    return out


def request(seed: int, oracles: int, methods: list[MethodConfig], quick: bool) -> RunConfig:
    """The tiny preset with its own authors."""
    config = load_config("tiny", seed=seed)
    if quick:
        train = config.train.changed({"steps": 60})
        config = config.model_copy(update={"train": train, "unlearn": config.unlearn.changed({"steps": 12})})
    return config.model_copy(update={"oracles": oracles, "methods": methods})


def train(config: RunConfig, run: Path) -> dict[str, Any]:
    """Original, oracles, then every row; what is there already is kept."""
    drop_changed(config, run)
    for part in ("models", "scores", "certificates", "checkpoints"):
        (run / part).mkdir(parents=True, exist_ok=True)
    write_text(run / "config.yaml", config.dump())
    records = train_many(config, run, [Original(), *oracles_of(config)])
    return records | train_many(config, run, entries_of(config))


def drop_changed(config: RunConfig, run: Path) -> None:
    """Remove models kept under a label whose settings have changed since. Raises `ArgumentError` when anything else has."""
    if not (run / "config.yaml").is_file():
        return
    old = RunConfig(**yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8")))
    same = old.model_copy(update={"methods": []}) == config.model_copy(update={"methods": []})
    require(same, "--run", "a folder of the same study, or a new one", run)
    before = {m.label: m for m in old.methods}
    for m in config.methods:
        if before.get(m.label, m) != m:
            name = run / "models" / slug(m.label)
            shutil.rmtree(name, ignore_errors=True)
            for ending in (".json", "-measured.json"):
                Path(f"{name}{ending}").unlink(missing_ok=True)


def spread(
    config: RunConfig, run: Path, work: Callable[[str, str, str], dict[str, Any]], names: Sequence[str]
) -> dict[str, Any]:
    """`work(config, run, name)` of every name, in one-thread processes."""
    context = multiprocessing.get_context("spawn")
    given = partial(work, config.model_dump_json(), str(run))
    with ProcessPoolExecutor(config.workers, context, torch.set_num_threads, (1,)) as workers:
        return dict(zip(names, tqdm(workers.map(given, names), total=len(names), disable=None), strict=True))


def quick_look(config_json: str, run: str, name: str) -> dict[str, Any]:
    """Exact divergence to the oracle average and retain probability, enough to select by."""
    study = open_study(config_json, run)
    oracles, prompts = [slug(o) for o in study.oracles], study.prompts["forget"]
    low, high = enumerate_divergence(study.bank, oracles, [slug(name)], prompts, floor=LOOK)
    return {"jsd": 0.5 * (low + high), "retain": float(study.scores(name, "retain").probability.mean())}


@lru_cache(maxsize=1)
def open_study(config_json: str, run: str) -> Study:
    """One study a process."""
    config = RunConfig.model_validate_json(config_json)
    return Study(config, Path(run), config.make_corpus(), open_bank(config, Path(run)))


def select(grid: dict[str, list[MethodConfig]], looks: dict[str, dict[str, float]]) -> dict[str, MethodConfig]:
    """The chosen setting of every method."""
    floor = KEPT * looks["original"]["retain"]
    out = {}
    for label, rows in grid.items():
        good = [r for r in rows if looks[r.label]["retain"] >= floor]
        if good:
            out[label] = min(good, key=lambda r: looks[r.label]["jsd"])
        else:
            out[label] = max(rows, key=lambda r: looks[r.label]["retain"])
    return out


def measure(config_json: str, run: str, name: str) -> dict[str, Any]:
    """What the table shows of one model of the report request, kept once measured."""
    models = Path(run) / "models"
    kept = models / f"{slug(name)}-measured.json"
    if kept.is_file():
        return dict(json.loads(kept.read_text(encoding="utf-8")))
    study = open_study(config_json, run)
    draws = study.config.scoring.draws
    made = study.scored_pair(
        "oracle", name, oracle_arm(study.oracles, name), "forget", draws, detect=False, exact=False
    )
    claim, exact = made["certificates"]["oracle"]["claim"], study.coverage[-1]
    record = json.loads((models / f"{slug(name)}.json").read_text(encoding="utf-8"))
    retain = study.scores(name, "retain")
    row = {
        "lower": claim["lower"],
        "upper": claim["upper"],
        "exact": 0.5 * (exact["low"] + exact["high"]),
        "attack": max(a.advantage_auc for a in study.attacks(name)),
        "author": author_attack(study, name),
        "retain": float(retain.probability.mean()),
        "retain_exact": float(retain.exact.mean()),
        "forget": float(study.scores(name, "forget").probability.mean()),
        **{k: record[k] for k in ("steps", "stopped", "seconds")},
    }
    write_text(kept, json.dumps(row))
    return row


def author_attack(study: Study, name: str) -> float:
    """max(AUC, 1 - AUC) of the loss attack on authors: each scored by the mean loss of its questions."""
    means = [
        -author_means(study.scores(name, split), items)
        for split, items in (("forget", study.corpus.forget), ("holdout", study.unseen))
    ]
    return either_way(auc(*means))


def author_means(scores: ItemScores, items: Sequence[Item]) -> Any:
    """Mean loss an author."""
    owners = np.array([i.owner for i in items])
    return np.array([scores.loss[owners == o].mean() for o in dict.fromkeys(owners)])


def table(chosen: dict[str, MethodConfig], rows: dict[str, Any], seeds: int) -> list[str]:
    """Markdown rows, best first by the mean certified upper end."""
    head = "| method | setting selected | certified JSD to oracle (mean of seeds) | exact, each seed | best attack AUC | author-level AUC | forget p | retain p | matched at step | seconds |"
    lines = [head, "|" + " --- |" * 10]
    found = {label: [rows[f"{label} seed {s}"] for s in range(seeds)] for label in chosen}
    for label in sorted(found, key=lambda k: np.mean([r["upper"] for r in found[k]])):
        r = found[label]
        mean = {
            k: float(np.mean([x[k] for x in r]))
            for k in ("lower", "upper", "attack", "author", "forget", "retain", "seconds")
        }
        entry = chosen[label]
        setting = ", ".join(
            f"{k} {v:g}" if isinstance(v, float) else f"{k} {v}"
            for k, v in {**entry.settings, **entry.loop}.items()
            if k != "stop_at_holdout"
        )
        exact = ", ".join(f"{x['exact']:.4f}" for x in r)
        missed = "never" if entry.loop["stop_at_holdout"] else "not stopped"
        matched = ", ".join(
            str(x["steps"]) if x["stopped"] == Reason.FORGET_LOSS else f"{missed} ({x['steps']})" for x in r
        )
        lines.append(
            f"| {label} | {setting} | {mean['lower']:.4f} to {mean['upper']:.4f} | {exact} "
            f"| {mean['attack']:.3f} | {mean['author']:.3f} | {mean['forget']:.3f} | {mean['retain']:.3f} | {matched} | {mean['seconds']:.0f} |"
        )
    return lines


def figure(chosen: dict[str, MethodConfig], rows: dict[str, Any], oracles: list[str], seeds: int, path: Path) -> None:
    """Certified divergence against best attack, a point a seed; the oracles are where a deletion should end."""
    plt = pyplot()
    plot, axes = plt.subplots(figsize=(9, 5.6))
    for k, label in enumerate(chosen):
        r = [rows[f"{label} seed {s}"] for s in range(seeds)]
        x, y = [v["exact"] for v in r], [v["attack"] for v in r]
        colour, mark = COLOURS[k % len(COLOURS)], "os^Dv"[k // len(COLOURS)]
        axes.plot(x, y, mark, color=colour, ms=6, label=label, alpha=0.85)
    axes.plot(
        [rows[o]["exact"] for o in oracles],
        [rows[o]["attack"] for o in oracles],
        "*",
        color="black",
        mfc="none",  # hollow: what reaches the oracles lies under them
        mew=1.6,
        ms=15,
        label="oracles (against each other)",
    )
    axes.axvspan(0, max(rows[o]["exact"] for o in oracles), color=BAND, lw=0, zorder=0)
    axes.set(
        xscale="log",
        xlabel="JSD to the oracle average, exact (nats, log scale)",
        ylabel="best membership attack AUC",
        title="Every method at its selected setting, a point a seed; down and left is better",
    )
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8)
    plot.savefig(path)
    plt.close(plot)


def main(argv: list[str] | None = None) -> int:
    """Run the protocol and write docs/results/methods.md with its figure."""
    parser = argparse.ArgumentParser(prog="mari bench methods", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs/results/methods.md"))
    parser.add_argument("--run", type=Path, default=Path("runs/methods"), help="where models are kept; resumes there")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--method", action="append", help="only this label (repeatable)")
    parser.add_argument("--quick", action="store_true", help="a few steps of everything, to see that it runs")
    args = parser.parse_args(argv)
    require(args.seeds >= 1, "--seeds", "a number at least 1", args.seeds)
    grid = read_grid()
    for label in args.method or []:
        require(label in grid, "--method", ", ".join(grid), label)
    grid = {k: v for k, v in grid.items() if not args.method or k in args.method}
    settings = [m for rows in grid.values() for m in rows]
    validation = request(11, 2, settings, args.quick)
    training = train(validation, args.run / "validation")
    began = time.perf_counter()
    print("selecting on the validation request", file=sys.stderr)
    looks = spread(validation, args.run / "validation", quick_look, ["original", *(m.label for m in settings)])
    chosen = select(grid, looks)
    selecting = time.perf_counter() - began
    rows_config = [
        m.model_copy(update={"label": f"{label} seed {s}", "seed": s})
        for label, m in chosen.items()
        for s in range(args.seeds)
    ]
    report = request(12, 3, rows_config, args.quick)
    records = train(report, args.run / "report")
    began = time.perf_counter()
    oracles = oracle_names(report)
    print("measuring the report request", file=sys.stderr)
    rows = spread(report, args.run / "report", measure, ["original", *(m.label for m in rows_config), *oracles])
    workers = report.workers
    minutes = sum(r["seconds"] for part in (training, records) for r in part.values()) / workers / 60
    rest = (selecting + time.perf_counter() - began) / 60
    image = args.out.with_suffix(".png")
    args.out.parent.mkdir(parents=True, exist_ok=True)
    figure(chosen, rows, oracles, args.seeds, image)
    floor = [rows[o] for o in oracles]
    original = rows["original"]
    lines = [
        "# Every method, one protocol",
        "",
        f"{len(grid)} rows, {min(map(len, grid.values()))} settings each (`benchmarks/methods.yaml`), selected on one request of authors by exact divergence to the oracle average among settings that keep {100 * KEPT:.0f} % of retain probability, reported on another request with {args.seeds} seeds. A run stops where the forget loss reaches the never-seen holdout's, so methods are compared at matched forgetting; `never` says it did not get there, `not stopped` that the row runs all steps. Lower is better in both columns of numbers; attack AUC is the larger of AUC and 1 - AUC; author-level, of authors scored by the mean loss of their questions.",
        "",
        *table(chosen, rows, args.seeds),
        "",
        f"Original: exact JSD {original['exact']:.4f}, attack {original['attack']:.3f}, retain p {original['retain']:.3f}. Oracles against the others: JSD {min(x['exact'] for x in floor):.4f} to {max(x['exact'] for x in floor):.4f}, attack {min(x['attack'] for x in floor):.3f} to {max(x['attack'] for x in floor):.3f}, author-level {min(x['author'] for x in floor):.3f} to {max(x['author'] for x in floor):.3f}: the place where a deletion should end.",
        "",
        f"![every method]({image.name})",
        "",
    ]
    write_page(
        args.out,
        lines,
        f"mari bench methods{' --quick' if args.quick else ''}",
        f": {minutes:.0f} min of training and {rest:.0f} min of selecting and measuring, {workers} processes at a time.",
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
