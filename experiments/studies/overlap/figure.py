"""Distance from the oracles over the share of facts that what stays states too: a line a method, a panel a side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from experiments.studies.overlap.readings import Seeds, mean_ends, of_row
from mari_theory.figure_style import BAND, COLOURS, pyplot

SIDES = {
    "shared": "shared facts: over-forgetting shows here",
    "exclusive": "exclusive facts: under-forgetting shows here",
}


def figure(shares: Mapping[float, Seeds], margins: Mapping[str, float], path: Path) -> None:
    """On the rung that sees most; bars from the smallest to the largest seed."""
    plt, rung = pyplot(), list(margins)[-1]
    plot, axes = plt.subplots(1, 2, figsize=(10, 4.4), sharey=True, layout="constrained")
    for panel, (side, title) in zip(axes, SIDES.items(), strict=True):
        for k, name in enumerate(next(iter(shares.values()))[0]):
            points = {share: r for share, seeds in shares.items() if (r := of_row(seeds, name, side))}
            middle = [sum(mean_ends(r, rung)) / 2 for r in points.values()]
            each = [[sum(x.beyond[rung]) / 2 for x in r] for r in points.values()]
            reach = [[m - min(e) for m, e in zip(middle, each, strict=True)], [max(e) - m for m, e in zip(middle, each, strict=True)]]  # fmt: skip
            x = [share + 0.004 * (k - 5) for share in points]  # beside each other, not on top
            colour, mark = COLOURS[k % len(COLOURS)], "os^Dv"[k // len(COLOURS)]
            panel.errorbar(x, middle, yerr=reach, fmt=f"{mark}-", color=colour, ms=4, lw=1.2, capsize=2, label=name)
        panel.axhspan(-margins[rung], margins[rung], color=BAND, lw=0, zorder=0)
        panel.set(title=title, xlabel="share of forget facts that what stays states too", xticks=list(shares))
        panel.set_yscale("symlog", linthresh=max(margins[rung], 1e-3))
    axes[0].set_ylabel(f"JSD to the oracles beyond the floor, {rung} (nats)")
    plot.legend(*axes[1].get_legend_handles_labels(), loc="outside right upper", fontsize=8)
    plot.savefig(path)
    plt.close(plot)
