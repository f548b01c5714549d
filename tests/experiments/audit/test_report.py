"""The page and the table of a run: files, figures inside, plain sentences."""

from __future__ import annotations

from pathlib import Path

from experiments.audit.report import columns, levels_line, markdown, worst_owner
from experiments.audit.results import Run
from experiments.measures.table import Measure
from mari_theory.rounding import span, up


def test_every_promised_file_is_there(finished: Path) -> None:
    for name in ("config.yaml", "results.json", "report.html", "summary.md"):
        assert (finished / name).is_file()
    assert {p.name for p in (finished / "figures").iterdir()} == {"certified.png", "trajectory.png", "roc.png"}
    page = (finished / "report.html").read_text()
    assert "data:image/png;base64" in page and "http" not in page.replace("http-equiv", "")
    assert not list(finished.rglob(".*"))


def test_the_short_table_has_a_row_a_model_and_its_own_numbers(finished: Path) -> None:
    run = Run.load(finished)
    heads, rule, *rows = [line for line in (finished / "summary.md").read_text().splitlines() if line.startswith("|")]
    names = [h.strip() for h in heads.strip("|").split("|")]
    assert rule.count("---") == len(names) and len(rows) == len(run.rows)
    for line, row in zip(rows, run.rows, strict=True):
        cells = dict(zip(names, (c.strip() for c in line.strip("|").split("|")), strict=True))
        claim = row.oracle.claim
        assert cells["model"].startswith(row.name) and ("other oracles" in cells["model"]) == (row.kind == "oracle")
        assert cells["certified JSD to oracle"] == span(claim.lower, claim.upper)
        assert cells["accuracy at most"] == f"{up(100 * row.oracle.implies.max_accuracy, 1)} %"
        assert (
            cells["verdict"] == (row.oracle.verdict or "no verdict")
            and cells["best attack AUC"] == f"{row.best_attack:.3f}"
        )
        exact, probability = row.measures["retain_exact"], row.measures["retain_probability"]
        assert cells["retain p / exact"] == f"{probability:.3f} / {exact:.2f}"
    origins = [line.split(" | ")[1] for line in rows]
    assert origins == ["-", "paper", "paper", "ours", "-"]


def test_neighbours_under_one_heading_share_a_column() -> None:
    def measure(name: str, heading: str) -> Measure:
        return Measure(name, heading, 2, lambda m, model: None)

    made = columns([measure("a", "x"), measure("b", "x"), measure("c", "y"), measure("d", "x")])
    assert [(heading, [m.name for m in parts]) for heading, parts in made] == [
        ("x", ["a", "b"]),
        ("y", ["c"]),
        ("x", ["d"]),
    ]


def test_levels_are_exact_only_where_every_law_is(finished: Path) -> None:
    run = Run.load(finished)
    assert levels_line(run).startswith("Divergences to the oracle, worst owners and accuracies are exact")
    row = run.rows[0]
    pair = row.pairs["oracle"].model_copy(update={"certificate": row.pairs["oracle"].sampled})
    one = row.model_copy(update={"pairs": row.pairs | {"oracle": pair}})
    mixed = run.model_copy(update={"rows": (one, *run.rows[1:])})
    assert levels_line(mixed) == f"All numbers of one certificate hold at once at confidence {run.config.confidence:g}."
    assert worst_owner(row.oracle.model_copy(update={"owners": None})) == "-"
    assert row.oracle.owners is not None
    assert worst_owner(row.oracle).startswith(up(row.oracle.owners.worst_upper))


def test_the_worst_of_one_author_is_a_question(finished: Path) -> None:
    run = Run.load(finished)
    row, certificate = run.rows[0], run.rows[0].oracle
    assert certificate.owners and certificate.room and run.unit == "owner"
    each = certificate.owners.model_copy(update={"count": certificate.room.prompts})
    pair = row.pairs["oracle"].model_copy(update={"certificate": certificate.model_copy(update={"owners": each})})
    alone = run.model_copy(
        update={"rows": (row.model_copy(update={"pairs": row.pairs | {"oracle": pair}}), *run.rows[1:])}
    )
    assert "| worst question |" in markdown(alone) and "worst owner" not in markdown(alone)
