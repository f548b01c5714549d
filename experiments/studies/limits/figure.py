"""Relearning curves, a line a model with its spread over seeds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from experiments.studies.limits.seeds import TWIN
from mari_theory.figure_style import COLOURS, INK, pyplot

MEASURES = {"exact": "true answers, share", "loss": "loss, nats a token"}


def figure(numbers: Mapping[str, Any], path: Path) -> None:
    """Accuracy and loss on hidden forget items by relearning step: mean over seeds in a band from smallest to largest."""
    plt = pyplot()
    plot, axes = plt.subplots(1, len(MEASURES), figsize=(11, 4), layout="constrained")
    for panel, (key, label) in zip(axes, MEASURES.items(), strict=True):
        for k, name in enumerate(numbers["seeds"][0]["curves"]):
            curves = [s["curves"][name]["points"] for s in numbers["seeds"]]
            steps, values = [p["step"] for p in curves[0]], np.array([[p[key] for p in c] for c in curves])
            colour = INK if name == TWIN else COLOURS[k]
            panel.fill_between(steps, values.min(0), values.max(0), color=colour, alpha=0.15, lw=0)
            shown = f"{name} (a true retraining)" if name == TWIN else name
            panel.plot(steps, values.mean(0), color=colour, marker=".", ls="--" if name == TWIN else "-", label=shown)
        panel.set(xlabel="relearning steps on a quarter of the owners", ylabel=label)
    axes[0].set_title("Forgotten answers that are not shown")
    handles, labels = axes[0].get_legend_handles_labels()
    plot.legend(handles, labels, loc="outside lower center", ncols=3)
    plot.savefig(path)
    plt.close(plot)
