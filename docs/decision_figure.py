"""The figure of `which-estimator.md`: `python -m docs.decision_figure`."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch

QUESTION, POINT, CERTIFIED = "#ffffff", "#e8eef7", "#dff0e0"
ROWS = (
    (
        "Exact log-likelihoods\nunder both arms?",
        ("certify_likelihood_ratio\niid rows: betting", CERTIFIED),
        ("certify_path_information\nper-token laws known: narrower", CERTIFIED),
        ("streaming.result\nmany files, or fixed draws a prompt", CERTIFIED),
    ),
    (
        "Next-token distributions\nof many sequences?",
        ("certify_pooled\nsamples: T17, no vocabulary size", CERTIFIED),
        ("certify_pooled(finite_population=True)\ncomplete sets: rounding only", CERTIFIED),
        None,
    ),
    (
        "Symbols from a known,\nfinite alphabet?",
        ("certify_counts_jsd\ntwo samples", CERTIFIED),
        ("certify_table_mi\npairs", CERTIFIED),
        ("DiscreteMI, DiscreteJSD\npoint: NSB or polynomial, few data", POINT),
    ),
    (
        "Real-valued samples,\nup to about 10 dimensions?",
        ("KSG\nboth continuous", POINT),
        ("Ross, NearestNeighborJSD\none side a label or an arm", POINT),
        ("certify_critic_jsd\na lower bound that holds", CERTIFIED),
    ),
    (
        "More dimensions,\nor structure to learn?",
        ("InfoNCE, NWJ, DonskerVaradhan\nestimates, not bounds at finite n", POINT),
        ("certify_critic_mi\nheld-out rows, bounded critic", CERTIFIED),
        None,
    ),
    (
        "Only a detector's scores?",
        ("certify_auc, certify_roc\nall thresholds at once", CERTIFIED),
        ("audit_scores\nlower bounds on TV and JSD", CERTIFIED),
        ("EquivalenceTest\none of three verdicts, with power", CERTIFIED),
    ),
)


def _box(ax: plt.Axes, x: float, y: float, width: float, text: str, colour: str) -> None:
    ax.add_patch(
        FancyBboxPatch(
            (x, y - 0.32), width, 0.64, boxstyle="round,pad=0.02", facecolor=colour, edgecolor="#44515e", linewidth=1
        )
    )
    head, _, tail = text.partition("\n")
    bold = colour != QUESTION
    ax.text(
        x + width / 2,
        y + (0.13 if tail else 0),
        head,
        ha="center",
        va="center",
        fontsize=9,
        family="monospace" if bold else None,
    )
    ax.text(x + width / 2, y - 0.15, tail, ha="center", va="center", fontsize=8.5 if bold else 9, color="#333333")


def main() -> None:
    """Draw `docs/figures/which-estimator.png`."""
    figure, ax = plt.subplots(figsize=(13, 6.6), layout="constrained")
    for i, (question, *answers) in enumerate(ROWS):
        y = len(ROWS) - i
        _box(ax, 0, y, 2.2, question, QUESTION)
        if i + 1 < len(ROWS):
            arrow = {"arrowstyle": "->", "color": "#44515e"}
            ax.annotate("", (1.1, y - 0.68), (1.1, y - 0.34), arrowprops=arrow)
            ax.text(1.18, y - 0.5, "no", va="center", fontsize=8, color="#44515e")
        ax.annotate("", (2.62, y), (2.24, y), arrowprops={"arrowstyle": "->", "color": "#44515e"})
        ax.text(2.42, y + 0.06, "yes", ha="center", fontsize=8, color="#44515e")
        for j, answer in enumerate(a for a in answers if a):
            _box(ax, 2.7 + 3.25 * j, y, 3.1, *answer)
    ax.add_patch(
        FancyBboxPatch((2.7, 0.2), 0.25, 0.16, boxstyle="round,pad=0.02", facecolor=CERTIFIED, edgecolor="#44515e")
    )
    ax.text(3.08, 0.28, "an interval that holds at every sample size", va="center", fontsize=9)
    ax.add_patch(
        FancyBboxPatch((6.3, 0.2), 0.25, 0.16, boxstyle="round,pad=0.02", facecolor=POINT, edgecolor="#44515e")
    )
    ax.text(6.68, 0.28, "a point estimate: certifies nothing", va="center", fontsize=9)
    ax.set_xlim(-0.1, 12.5)
    ax.set_ylim(0, len(ROWS) + 0.5)
    ax.axis("off")
    path = Path(__file__).parent / "figures" / "which-estimator.png"
    figure.savefig(path, dpi=130)
    print(path)


if __name__ == "__main__":
    main()
