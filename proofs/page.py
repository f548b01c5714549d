"""The page of `mari verify`: every statement with its assumptions, evidence, and a figure of the bound with random pairs under it."""

from __future__ import annotations

import base64
import io
import platform
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from matplotlib.figure import Figure

from mari_theory import __version__
from mari_theory.certificates.files import write_text
from mari_theory.figure_style import pyplot
from proofs.kit.evidence import Evidence
from proofs.kit.figures import BOUND, INK, POINTS
from proofs.kit.search import attack
from proofs.theorems import room
from proofs.verify import KINDS

plt = pyplot()
CAPTION = "Value over bound at random points (dots) and the largest found by gradient ascent (star)."


def write_theorems(result: dict[str, Any], path: Path) -> None:
    """Render the result of `proofs.verify.verify` as one self-contained page."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    rows = [
        {
            **t,
            "formula": _svg(_formula(t["statement"])),
            "figure": _figure(room(t["id"])),
            "caption": _caption(room(t["id"])),
        }
        for t in result["theorems"]
    ]
    machine = (
        f"{datetime.now(UTC).date()}, {platform.machine()}, Python {platform.python_version()}, mari {__version__}"
    )
    write_text(
        path, environment.get_template("page.html").render(rows=rows, result=result, kinds=KINDS, machine=machine)
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


def _caption(evidence: Evidence) -> str:
    return evidence.figure.caption if evidence.figure else CAPTION


def _figure(evidence: Evidence) -> str | None:
    if evidence.figure:
        figure, axes = plt.subplots(figsize=(4.2, 2.9))
        evidence.figure.draw(axes, np.random.default_rng(0))
        return _svg(figure)
    rows = evidence.search
    if not rows:
        return None
    figure, axes = plt.subplots(figsize=(4.2, 0.9 + 0.28 * len(rows)))
    rng = np.random.default_rng(0)
    for row, inequality in enumerate(rows):
        scale = 10.0 ** rng.uniform(-1, 0.7, size=150)
        ratios = np.array([inequality.ratio(rng.normal(size=inequality.size) * s) for s in scale])
        points = ratios[(ratios > 0) & (ratios < 1.2)]
        axes.plot(points, row + rng.uniform(-0.25, 0.25, size=points.size), ".", color=POINTS, ms=2.5, alpha=0.5)
        axes.plot(attack(inequality, rng).ratio, row, "*", color=BOUND, ms=11)
    axes.axvline(1.0, color=INK, lw=1)
    axes.set(
        yticks=range(len(rows)), yticklabels=[i.what for i in rows], xlim=(-0.03, 1.08), ylim=(-0.6, len(rows) - 0.4)
    )
    axes.set_xlabel("value over bound")
    axes.tick_params(labelsize=8)
    return _svg(figure)


def _svg(figure: Figure) -> str:
    """A figure as a data URI."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", bbox_inches="tight", pad_inches=0.03, transparent=True)
    plt.close(figure)
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()
