"""The figures say what the result says: one mark a row, at the row's numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from experiments.audit import figures
from experiments.audit.results import Run
from experiments.measures.result import Excess, Row
from mari_theory.rounding import span, up


@pytest.fixture(scope="module")
def run(finished: Path) -> Run:
    return Run.load(finished)


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    figures.plt.close("all")


def bars(axis: Any) -> dict[int, list[float]]:
    """Row -> ends of its thick line."""
    thick = [line for line in axis.lines if line.get_linewidth() == 5]
    assert len({line.get_ydata()[0] for line in thick}) == len(thick)
    return {int(line.get_ydata()[0]): list(line.get_xdata()) for line in thick}


@pytest.mark.parametrize("exact", [True, False])
def test_certified_intervals_have_one_bar_a_row(run: Run, exact: bool) -> None:
    if not exact:

        def sampled(row: Row) -> Row:
            pair = row.pairs["oracle"]
            return row.model_copy(
                update={"pairs": row.pairs | {"oracle": pair.model_copy(update={"certificate": pair.sampled})}}
            )

        run = run.model_copy(update={"rows": tuple(sampled(r) for r in run.rows)})
    (axis,) = figures.intervals(run).axes
    claims = [row.oracle.claim for row in run.rows]
    assert bars(axis) == {k: [max(c.lower, 1e-4), max(c.upper, 1.2e-4)] for k, c in enumerate(claims)}
    assert [t.get_text() for t in axis.get_yticklabels()] == [row.name for row in run.rows]
    # An interval that is a point gets a dot, and a row with owners the mark of its worst one.
    dots, worst = ([line for line in axis.lines if line.get_marker() == m] for m in "o|")
    assert len(dots) == (len(run.rows) if exact else 0)
    owners = [row.oracle.owners for row in run.rows if row.oracle.owners is not None]
    assert [line.get_xdata()[0] for line in worst] == [max(o.worst_upper, 1.2e-4) for o in owners]
    texts = [t.get_text() for t in axis.texts]
    shown = [up(c.upper) if exact else span(c.lower, c.upper, 3) for c in claims]
    assert len(texts) == len(shown) and all(t.startswith(s) for t, s in zip(texts, shown, strict=True))


def test_a_trajectory_is_a_line_a_method_and_a_panel(run: Run) -> None:
    for axis, key in zip(
        figures.trajectory(run).axes, ("marginal_information", "forget_loss", "retain_loss"), strict=True
    ):
        drawn = {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in axis.lines}
        assert drawn == {
            name: ([h["step"] for h in history], [h[key] for h in history])
            for name, history in run.trajectories.items()
        }


def test_a_panel_of_detectors_for_every_model_that_is_no_oracle(run: Run) -> None:
    axes = figures.roc(run).axes
    rows = [row for row in run.rows if row.kind != "oracle"]
    assert [a.get_title(loc="left") for a in axes if a.axison] == [row.name for row in rows]
    for axis, row in zip(axes, rows, strict=False):
        points = {tuple(float(v[0]) for v in line.get_data()) for line in axis.lines if line.get_marker() != "None"}
        detectors = row.pairs["oracle"].detectors.values()
        assert points == {
            tuple(sorted((d.fpr, d.tpr))) for d in detectors
        }  # above the diagonal, whichever way it points
        assert all(fpr <= tpr for fpr, tpr in points)


def test_what_was_not_trained_here_has_no_seconds_and_no_trajectory(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("intervals", "ladder", "roc"):
        monkeypatch.setattr(figures, name, lambda run: figures.plt.figure())
    rungs = tuple(
        row.model_copy(update={"rungs": {"choice": row.pairs["oracle"]}, "excess": excess()}) for row in run.rows
    )
    given = run.model_copy(update={"rows": rungs, "trajectories": {}, "retraining_seconds": None})
    assert set(figures.draw_figures(given, tmp_path)) == {"certified", "ladder", "roc"}
    unpriced = tuple(row.model_copy(update={"seconds": None}) if row.kind == "method" else row for row in rungs[:3])
    mixed = run.model_copy(update={"rows": (*unpriced, *rungs[3:])})
    (axis,) = figures.cost(mixed).axes
    marks = [line for line in axis.lines if line.get_marker() in "os^Dv*P"]
    assert [m.get_label() for m in marks] == [row.name for row in rungs[3:] if row.kind == "method"]
    first = run.methods[0].name
    fewer = run.model_copy(update={"trajectories": {k: v for k, v in run.trajectories.items() if k != first}})
    drawn = {line.get_label() for line in figures.trajectory(fewer).axes[0].lines}
    assert drawn == {row.name for row in run.methods[1:]}


def excess() -> dict[str, Excess]:
    return {"choice": Excess(lower=0.1, upper=0.2, margin=0.01, method="exact")}
