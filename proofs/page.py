"""The page of `mari verify`: every statement with its assumptions, evidence, and a figure of the bound with random pairs under it."""

from __future__ import annotations

import base64
import io
import platform
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mari_theory import (
    __version__,
    delta,
    frontier_roc,
    hockey_stick,
    jensen_shannon,
    max_auc,
    max_total_variation,
    max_tpr,
    phi,
    squared_hellinger,
    total_variation,
)
from mari_theory.certificates.files import write_text
from mari_theory.families import binary_erasure, binary_symmetric
from mari_theory.figure_style import BAND, COLOURS, INK, pyplot
from mari_theory.units import LN2
from proofs.evidence import KINDS
from proofs.properties import random_pairs
from proofs.search import INEQUALITIES, attack

plt = pyplot()
POINTS, BOUND = COLOURS[0], COLOURS[1]
CAPTIONS = {
    "T5": "Random pairs between the two ends; marks: symmetric channels (lower), erasure channels (upper).",
    "T6": "Random tests of random pairs with JSD at most 0.1 under the ROC bound; marks: two Bernoullis.",
    "T7": "AUC of the likelihood ratio of random pairs; marks: the frontier's own curves.",
    "T8": "Hockey-stick divergence at epsilon 1 of random pairs; marks: the best test of two Bernoullis.",
    "T9": "Gap of random functions of oscillation 1; marks: the sign on symmetric channels.",
    "T10": "JSD against squared Hellinger: between h2 and ln 2 h2; marks: erasure channels (lower end).",
}


def write_theorems(result: dict[str, Any], path: Path) -> None:
    """Render the result of `proofs.evidence.verify` as one self-contained page."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    rows = [
        {**t, "formula": _svg(_formula(t["statement"])), "figure": _figure(t["id"]), "caption": _caption(t["id"])}
        for t in result["theorems"]
    ]
    machine = (
        f"{datetime.now(UTC).date()}, {platform.machine()}, Python {platform.python_version()}, mari {__version__}"
    )
    write_text(
        path, environment.get_template("theorems.html").render(rows=rows, result=result, kinds=KINDS, machine=machine)
    )


def _formula(statement: str) -> Figure:
    """The statement in matplotlib's own TeX, which knows fewer commands."""
    text = statement.replace(r"\tfrac", r"\frac").replace(r"\frac12", r"\frac{1}{2}")
    text = re.sub(r"\\(l|g)e(?![a-z])", r"\\\1eq", text)
    text = re.sub(r"\\text\{([^}]*)\}", lambda m: r"\mathrm{" + m[1].replace(" ", r"\ ") + "}", text)
    text = re.sub(
        r"(?<![A-Za-z\\])(JSD|TV|Bern|AUC|NPO|GA|osc|acc|ref|retain|forget|unseen|pooled)(?![a-z])",
        r"\\mathrm{\1}",
        text,
    )
    figure = plt.figure(figsize=(0.1, 0.1))
    figure.text(0, 0, f"${text}$", fontsize=14, color=INK)
    return figure


def _figure(theorem: str) -> str | None:
    if theorem in CURVES:
        figure, axes = plt.subplots(figsize=(4.2, 2.9))
        CURVES[theorem](axes, np.random.default_rng(0))
        return _svg(figure)
    tried = [i for i in INEQUALITIES if i.theorem == theorem]
    if not tried:
        return None
    figure, axes = plt.subplots(figsize=(4.2, 0.9 + 0.28 * len(tried)))
    rng = np.random.default_rng(0)
    for row, inequality in enumerate(tried):
        scale = 10.0 ** rng.uniform(-1, 0.7, size=150)
        ratios = np.array([inequality.ratio(rng.normal(size=inequality.size) * s) for s in scale])
        shown = ratios[(ratios > 0) & (ratios < 1.2)]
        axes.plot(shown, row + rng.uniform(-0.25, 0.25, size=shown.size), ".", color=POINTS, ms=2.5, alpha=0.5)
        axes.plot(attack(inequality, rng).ratio, row, "*", color=BOUND, ms=11)
    axes.axvline(1.0, color=INK, lw=1)
    axes.set(
        yticks=range(len(tried)), yticklabels=[i.what for i in tried], xlim=(-0.03, 1.08), ylim=(-0.6, len(tried) - 0.4)
    )
    axes.set_xlabel("value over bound")
    axes.tick_params(labelsize=8)
    return _svg(figure)


def _caption(theorem: str) -> str:
    return CAPTIONS.get(
        theorem, "Value over bound at random points (dots) and the largest found by gradient ascent (star)."
    )


def _sampled(rng: np.random.Generator, cases: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    parts = [random_pairs(rng, cases // 4, k) for k in (2, 3, 3, 4)]
    pad = [[np.pad(x, ((0, 0), (0, 4 - x.shape[1]))) for x in part] for part in parts]
    p, q = (np.concatenate([part[i] for part in pad]) for i in (0, 1))
    return p, q, np.minimum(jensen_shannon(p, q), LN2)


def _style(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def _total_variation(axes: Axes, rng: np.random.Generator) -> None:
    p, q, value = _sampled(rng)
    tv = np.minimum(total_variation(p, q), 1.0)
    grid = np.linspace(0, 1, 200)
    axes.fill_between(grid, phi(grid), grid * LN2, color=BAND, lw=0)
    axes.plot(tv, value, ".", color=POINTS, ms=2.5)
    marks = np.linspace(0.1, 0.9, 5)
    axes.plot(marks, [binary_symmetric((1 - t) / 2).jsd() for t in marks], "*", color=BOUND, ms=9)
    axes.plot(marks, [binary_erasure(1 - t).jsd() for t in marks], "*", color=BOUND, ms=9)
    _style(axes, "total variation", "JSD (nats)")


def _roc(axes: Axes, rng: np.random.Generator) -> None:
    p, q, value = _sampled(rng, 1200)
    keep = value <= 0.1
    rule = rng.random((int(keep.sum()), 4)) ** 3
    grid = np.linspace(0, 1, 200)
    axes.plot(np.sum(p[keep] * rule, axis=1), np.sum(q[keep] * rule, axis=1), ".", color=POINTS, ms=2.5)
    axes.plot(grid, max_tpr(grid, 0.1), color=INK, lw=1)
    marks = np.array([0.02, 0.2, 0.5])
    axes.plot(marks, max_tpr(marks, 0.1), "*", color=BOUND, ms=9)
    _style(axes, "false positive rate", "true positive rate")


def _auc(axes: Axes, rng: np.random.Generator) -> None:
    p, q, value = _sampled(rng)
    with np.errstate(divide="ignore", invalid="ignore"):
        order = np.argsort(-np.where(p > 0, q / p, np.inf), axis=1)
    curves = [np.concatenate([np.zeros((len(x), 1)), np.cumsum(np.take_along_axis(x, order, 1), 1)], 1) for x in (p, q)]
    axes.plot(value, [np.trapezoid(b, a) for a, b in zip(*curves, strict=True)], ".", color=POINTS, ms=2.5)
    grid = np.linspace(1e-6, LN2, 200)
    axes.plot(grid, max_auc(grid), color=INK, lw=1)
    fpr = np.linspace(0, 1, 4001)
    marks = np.array([0.02, 0.1, 0.3, 0.5])
    axes.plot(marks, [np.trapezoid(frontier_roc(fpr, float(j)), fpr) for j in marks], "*", color=BOUND, ms=9)
    _style(axes, "JSD (nats)", "AUC")


def _delta(axes: Axes, rng: np.random.Generator) -> None:
    p, q, value = _sampled(rng)
    axes.plot(value, hockey_stick(p, q, 1.0), ".", color=POINTS, ms=2.5)
    grid = np.linspace(1e-4, LN2, 60)
    axes.plot(grid, delta(1.0, grid), color=INK, lw=1)
    fpr = np.linspace(1e-6, 0.5, 4001)
    marks = np.array([0.05, 0.2, 0.4])
    axes.plot(marks, [np.max(max_tpr(fpr, float(j)) - np.e * fpr) for j in marks], "*", color=BOUND, ms=9)
    _style(axes, "JSD (nats)", "delta at epsilon 1")


def _influence(axes: Axes, rng: np.random.Generator) -> None:
    p, q, value = _sampled(rng)
    g = rng.random(p.shape)
    gap = np.abs(np.sum((p - q) * g, axis=1)) / np.ptp(g, axis=1)
    axes.plot(value, gap, ".", color=POINTS, ms=2.5)
    grid = np.linspace(0, LN2, 200)
    axes.plot(grid, max_total_variation(grid), color=INK, lw=1)
    marks = [binary_symmetric(f) for f in (0.45, 0.35, 0.2, 0.05)]
    axes.plot([m.jsd() for m in marks], [m.total_variation() for m in marks], "*", color=BOUND, ms=9)
    _style(axes, "JSD (nats)", "gap over oscillation")


def _hellinger(axes: Axes, rng: np.random.Generator) -> None:
    p, q, value = _sampled(rng)
    axes.fill_between([0, 1], [0, LN2], [0, 1], color=BAND, lw=0)
    axes.plot(squared_hellinger(p, q), value, ".", color=POINTS, ms=2.5)
    marks = [binary_erasure(e) for e in (0.9, 0.6, 0.3, 0.05)]
    axes.plot([float(squared_hellinger(*m.arms())) for m in marks], [m.jsd() for m in marks], "*", color=BOUND, ms=9)
    _style(axes, "squared Hellinger distance", "JSD (nats)")


CURVES: dict[str, Callable[[Axes, np.random.Generator], None]] = {
    "T5": _total_variation,
    "T6": _roc,
    "T7": _auc,
    "T8": _delta,
    "T9": _influence,
    "T10": _hellinger,
}


def _svg(figure: Figure) -> str:
    """A figure as a data URI."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", bbox_inches="tight", pad_inches=0.03, transparent=True)
    plt.close(figure)
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()
