"""Excess over the floor, original beside oracle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from experiments.studies.blindness.readings import ORACLE, ORIGINAL, Readings, interval
from mari_theory.figure_style import pyplot


def figure(points: Mapping[str, Sequence[Readings]], path: Path) -> None:
    """Excess over the floor at original and oracle, an interval over seeds, a panel a corpus."""
    plt = pyplot()
    signals = list(next(iter(points.values()))[0][ORIGINAL])
    plot, axes = plt.subplots(1, len(points), figsize=(13, 4.2), sharey=True)
    place = np.arange(len(signals))[::-1]
    for panel, (label, rows) in zip(axes, points.items(), strict=True):
        for name, colour, shift in ((ORIGINAL, "tab:red", 0.12), (ORACLE, "tab:blue", -0.12)):
            intervals = [interval([r[name][s].value - r[name][s].floor for r in rows]) for s in signals]
            mean = np.array([m[0] for m in intervals])
            reach = np.array([[m[0] - m[1], m[2] - m[0]] for m in intervals]).T
            who = "original: remembers every answer" if name == ORIGINAL else "oracle: never knew them"
            panel.errorbar(mean, place + shift, xerr=reach, fmt="o", color=colour, capsize=3, label=who)
        panel.axvline(0, color="grey", lw=1)
        panel.set(title=label, xlabel="reading less its floor (nats)", xscale="symlog")
        panel.set_xscale("symlog", linthresh=0.005)
        panel.set_xlim(-0.1, 1.0)
        panel.set_xticks([-0.05, 0, 0.05, 0.5], ["-0.05", "0", "0.05", "0.5"])
    axes[0].set_yticks(place, signals)
    handles, labels = axes[0].get_legend_handles_labels()
    plot.legend(handles, labels, loc="outside upper center", ncols=2)
    plot.savefig(path)
    plt.close(plot)
