"""The figures of a report, drawn from an audit's result alone."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from experiments.audit.results import Run
from mari_theory import max_tpr
from mari_theory.figure_style import BAND, COLOURS, INK, pyplot
from mari_theory.rounding import span, up
from mari_theory.units import LN2

plt = pyplot()
LEAST = 1e-4
"""Nats: where the axis of an excess ends."""


def draw_figures(run: Run, folder: Path) -> dict[str, Path]:
    """Write every figure of a run as PNG; returns their paths by name."""
    folder.mkdir(parents=True, exist_ok=True)
    figures = {
        "certified": intervals(run),
        **({"ladder": ladder(run)} if run.rows[0].rungs else {}),
        **({"cost": cost(run)} if run.rows[0].rungs and run.retraining_seconds else {}),
        **({"along": along(run)} if run.along else {}),
        **({"trajectory": trajectory(run)} if run.trajectories else {}),
        "roc": roc(run),
    }
    out = {}
    for name, figure in figures.items():
        path = folder / f"{name}.png"
        figure.savefig(path)
        plt.close(figure)
        out[name] = path
    return out


def intervals(run: Run) -> Any:
    """Certified JSD to the oracle average, a row a model, with the oracle-against-oracle floor."""
    rows = run.rows
    figure, axis = plt.subplots(figsize=(8, 0.42 * len(rows) + 1.4))
    floor = run.the("oracle").oracle.claim
    axis.axvspan(max(floor.lower, 1e-5), floor.upper, color=BAND, label="oracle against oracle (certified)")
    axis.axvline(run.config.margin, color="#999999", ls=":", label="margin")
    for i, row in enumerate(rows):
        c = row.oracle.claim
        colour = {"original": INK, "oracle": "#228833"}.get(row.kind, "#4477aa")
        low, high = max(c.lower, 1e-4), max(c.upper, 1.2e-4)
        axis.plot([low, high], [i, i], color=colour, lw=5, solid_capstyle="round")
        exact = c.method == "exact-laws"
        if exact:  # an exact interval is too short to be seen as a line
            axis.plot([high], [i], "o", color=colour, ms=6)
        label = up(c.upper) if exact else span(c.lower, c.upper, 3)
        owners = row.oracle.owners
        if owners is not None:
            worst = max(owners.worst_upper, 1.2e-4)
            axis.plot(
                [worst], [i], "|", color=colour, ms=11, mew=2, label=f"worst {run.unit} at most" if i == 0 else None
            )
            label += f", worst {up(owners.worst_upper, 3)}"
            high = max(high, worst)
        right = high < 0.2
        axis.annotate(
            label,
            (high if right else low, i),
            xytext=(8 if right else -8, 0),
            textcoords="offset points",
            va="center",
            ha="left" if right else "right",
            fontsize=8,
            color="#555555",
        )
    axis.axvline(LN2, color="#bbbbbb", lw=1)
    axis.set_xscale("log")
    axis.set_xlim(8e-4, 0.8)
    axis.set_yticks(range(len(rows)), [r.name for r in rows])
    axis.invert_yaxis()
    axis.set_xlabel(
        "Jensen-Shannon divergence to the oracle average, nats an answer (log scale; ln 2 = 0.693 is certainty)"
    )
    percent = 100 * run.config.confidence
    axis.set_title(f"How far from a model that never saw the data? {percent:g} % certified intervals")
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.04 - 1.0 / len(rows)), ncols=2, fontsize=8)
    return figure


def ladder(run: Run) -> Any:
    """Certified JSD of every model on every rung, least access first; the band is the floor: other retrained models."""
    names, rows = list(run.rows[0].rungs), [r for r in run.rows if r.kind != "oracle"]
    figure, axes = _panels(len(names), 3.0, 0.3 * len(rows) + 1.3)
    for axis, name in zip(axes, names, strict=True):
        floor = run.the("oracle").rungs[name].certificate.claim
        axis.axvspan(max(floor.lower, 1e-5), max(floor.upper, 1e-5), color=BAND, label="floor: other retrained models")
        axis.axvline(max(floor.upper, 2.2e-5), color="#228833", lw=1.2, ls="--", label="its upper end")
        for i, row in enumerate(rows):
            certificate = row.rungs[name].certificate
            c, owners = certificate.claim, certificate.owners
            colour = INK if row.kind == "original" else "#4477aa"
            axis.plot([max(c.lower, 2.2e-5), max(c.upper, 2.4e-5)], [i, i], "-o", color=colour, lw=4, ms=5)
            if owners is not None:
                axis.plot(
                    [max(owners.worst_upper, 2.4e-5)],
                    [i],
                    "|",
                    color=colour,
                    ms=11,
                    mew=2,
                    label=f"worst {run.unit} at most" if i == 0 else None,
                )
        axis.axvline(LN2, color="#bbbbbb", lw=1)
        axis.set_xscale("log")
        axis.set_xlim(2e-5, 0.9)
        axis.set_title(name, fontsize=9)
    axes[0].set_yticks(range(len(rows)), [r.name for r in rows])
    axes[0].invert_yaxis()
    _legend_below(figure, axes[0], 3)
    figure.supxlabel("JSD to the oracle average, nats (log scale; ln 2 = 0.693 is certainty)", fontsize=9)
    figure.tight_layout()
    return figure


def cost(run: Run) -> Any:
    """The figure to remember: how much farther than a retraining, against the seconds as a share of a retraining's."""
    names = [n for n in run.rows[0].rungs if n in run.rows[0].excess and run.rows[0].excess[n].method == "exact"]
    whole = run.retraining_seconds or math.nan
    shares = {k: 100 * row.seconds / whole for k, row in enumerate(run.methods) if row.seconds is not None}
    figure, axes = _panels(len(names), 4.0, 3.6)
    for axis, name in zip(axes, names, strict=True):
        margin, original = run.rows[0].excess[name].margin, run.rows[0].excess[name].upper
        axis.axhspan(LEAST, margin, color=BAND, label="no more detectable than a retraining, up to the margin")
        axis.axhline(max(original, LEAST), color=INK, lw=1, ls="--", label="the original")
        for k, share in shares.items():  # models made elsewhere have none
            row = run.methods[k]
            colour, marker = COLOURS[k % len(COLOURS)], "os^Dv*P"[k // len(COLOURS) % 7]
            axis.plot([share], [max(row.excess[name].upper, LEAST)], marker, color=colour, ms=8, label=row.name)
        axis.axvline(100, color="#999999", lw=0.8, ls=":")
        axis.set_xscale("log")
        axis.set_xlim(
            min([8.0, *(0.8 * s for s in shares.values())]), max([130.0, *(1.2 * s for s in shares.values())])
        )
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_minor_formatter("")
        axis.set_yscale("log")
        axis.set_ylim(LEAST, 1.0)
        axis.set_title(name, fontsize=10)
    axes[0].set_ylabel("JSD beyond the floor, nats, at most")
    _legend_below(figure, axes[0], 3)
    figure.supxlabel("seconds of unlearning, % of a full retraining", fontsize=9)
    figure.tight_layout()
    return figure


def along(run: Run) -> Any:
    """Exact divergence to the oracles on every rung at every look, the floor as a line, and what the best detector proves at each."""
    names = list(run.along.share_of_ceiling) if run.along else []
    figure, axes = _panels(len(names), 4.0, 3.6)
    for axis, name in zip(axes, names, strict=True):
        floor = run.the("oracle").rungs[name].certificate.claim.upper
        axis.axhline(max(floor, LEAST), color="#228833", lw=1.2, ls="--", label="floor: other retrained models")
        for k, row in enumerate(run.methods):
            looks = [look for look in run.trajectories.get(row.models[0], ()) if look.get(f"{name} jsd") is not None]
            values = [max(look[f"{name} jsd"] or 0.0, LEAST) for look in looks]
            style = "-" if k < len(COLOURS) else "--"
            axis.plot([h["step"] for h in looks], values, color=COLOURS[k % len(COLOURS)], ls=style, label=row.name)
        axis.set_yscale("log")
        axis.set_ylim(LEAST, 1.0)
        axis.set_title(name, fontsize=10)
        axis.set_xlabel("unlearning step")
    axes[0].set_ylabel("JSD to the oracles, nats, exact")
    _legend_below(figure, axes[0], 4)
    figure.tight_layout()
    return figure


def _panels(count: int, width: float, height: float) -> tuple[Any, list[Any]]:
    """So many panels with one y axis, at most four beside each other."""
    columns = min(count, 4)
    lines = -(-count // columns)
    size = (width * columns + 1.6, height * lines + 0.4)
    figure, axes = plt.subplots(lines, columns, figsize=size, sharey=True, squeeze=False)
    for axis in axes.flat[count:]:
        axis.set_visible(False)
    return figure, list(axes.flat[:count])


def trajectory(run: Run) -> Any:
    """Marginal information, forget loss and retain loss along unlearning, with the oracles' band."""
    figure, axes = plt.subplots(1, 3, figsize=(12.5, 3.9))
    losses = run.oracle_losses
    for axis, split in ((axes[1], "forget"), (axes[2], "retain")):
        band = losses[split]
        axis.axhspan(min(band) - 0.005, max(band) + 0.005, color=BAND, label="oracles", zorder=0)
    top = 1.3 * max([*losses["forget"], *losses["holdout"]])
    trained = [r for r in run.methods if r.models[0] in run.trajectories]
    for k, (name, history) in enumerate((r.name, run.trajectories[r.models[0]]) for r in trained):
        colour = COLOURS[k % len(COLOURS)]
        style = "-" if k < 5 else "--"
        steps = [h["step"] for h in history]
        for axis, key in zip(axes, ("marginal_information", "forget_loss", "retain_loss"), strict=True):
            axis.plot(steps, [h[key] for h in history], color=colour, lw=1.6, ls=style, label=name)
    axes[0].set_title("Marginal information, nats")
    starts = [h[0]["marginal_information"] or 0.0 for h in run.trajectories.values() if h]
    axes[0].set_ylim(0, 1.6 * max([*starts, 1e-6]))
    axes[1].set_title("Loss on forget answers, nats a token")
    axes[1].set_ylim(0, max(top, 0.5))
    axes[2].set_title("Loss on retain answers, nats a token")
    axes[2].set_ylim(0, max(1.15 * max(losses["retain"]), 0.5))
    for axis in axes:
        axis.set_xlabel("unlearning step")
    _legend_below(figure, axes[1], 4)
    figure.tight_layout()
    return figure


def roc(run: Run) -> Any:
    """For each model: the certified band of the optimal ROC, the bound implied by the JSD alone, every detector's point."""
    rows = [r for r in run.rows if r.kind != "oracle"]
    columns = 4
    lines = math.ceil(len(rows) / columns)
    figure, axes = plt.subplots(lines, columns, figsize=(12.5, 3.3 * lines), sharex=True, sharey=True, squeeze=False)
    grid = np.linspace(0, 1, 201)
    names = sorted({d for r in rows for d in r.pairs["oracle"].detectors})
    markers = dict(zip(names, "osD^vP*X", strict=False))
    for axis, row in zip(axes.flat, rows, strict=False):
        c = row.pairs["oracle"].sampled or row.oracle
        band = c.direct.roc
        if band is not None:
            axis.fill_between(
                band.fpr,
                band.tpr_low,
                band.tpr_high,
                color="#4477aa",
                alpha=0.25,
                lw=0,
                label="optimal detector, certified band",
            )
        axis.plot(
            grid,
            max_tpr(grid, min(c.claim.upper, LN2)),
            color="#ee6677",
            lw=1.2,
            label="limit implied by the JSD bound",
        )
        axis.plot([0, 1], [0, 1], color="#999999", lw=0.8, ls=":")
        for name, d in row.pairs["oracle"].detectors.items():
            a, b = (d.fpr, d.tpr) if d.tpr >= d.fpr else (d.tpr, d.fpr)
            axis.plot(a, b, markers[name], color=INK, ms=5, mfc="none", label=name)
        axis.set_title(row.name, fontsize=9)
        axis.set_aspect("equal")
    for axis in list(axes.flat)[len(rows) :]:
        axis.axis("off")
    _legend_below(figure, axes.flat[0], 4, 0.0)
    figure.supxlabel("false positive rate", fontsize=9)
    figure.supylabel("true positive rate", fontsize=9)
    figure.tight_layout()
    return figure


def _legend_below(figure: Any, axis: Any, columns: int, height: float = 0.02) -> None:
    """One legend under all panels, from what one of them shows."""
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper center", bbox_to_anchor=(0.5, height), ncols=columns, fontsize=8)
