"""How every figure of the project looks: colours that print and that the colour-blind tell apart, few lines, titles at the left.

Nothing here draws, and matplotlib is only asked for when a figure is made.
"""

from __future__ import annotations

from typing import Any

COLOURS = ["#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bb8844", "#777777", "#0a5b52", "#d95f0e"]
INK, BAND = "#222222", "#d9d9d9"
STYLE = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "figure.dpi": 110,
    "savefig.bbox": "tight",
}


def pyplot() -> Any:
    """matplotlib's pyplot, drawing to files only, in this style."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update(STYLE)
    return plt
