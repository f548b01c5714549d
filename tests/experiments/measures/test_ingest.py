"""Logs to certificates: the floor, the original as a control, items known to be forgotten."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from experiments.interop.open_unlearning import parse_open_unlearning
from experiments.measures.ingest import ingest
from mari_theory import ArgumentError
from mari_theory.certificates.beyond import beyond
from mari_theory.certificates.certificate import Certificate
from tests.experiments.interop.logs import losses, metrics, write

MUSE = {"forget_knowmem_ROUGE": {"agg_value": 0.33}, "mia_loss": {"agg_value": 0.53}}


def logs(folder: Path, items: int = 40) -> dict[str, Path]:
    """An unlearned model that still knows items 0 and 1, two retrainings and the original."""
    original = losses(1, items, 1.5)
    unlearned = losses(2, items)
    unlearned[:2] = original[:2]
    tables = {"u": unlearned, "r": losses(3, items), "s": losses(4, items), "f": original}
    return {name: write(folder / name / "TOFU_EVAL.json", metrics(table)) for name, table in tables.items()}


def test_two_oracles_give_a_floor_and_the_original_says_what_is_remembered(tmp_path: Path) -> None:
    paths, out = logs(tmp_path), tmp_path / "out"
    found = ingest(paths["u"], [paths["r"], paths["s"]], out, paths["f"])
    assert found.certificates is not None and set(found.certificates) == {"unlearned", "floor", "original"}
    own, floor = (Certificate.load(out / f"{n}.json") for n in ("unlearned", "floor"))
    assert own.metadata["arm_q"].keys() == {"u"} and floor.metadata["arm_q"].keys() == {"s"}
    assert found.beyond == beyond(own, floor) and found.verdict == own.verdict
    assert found.remembered is not None and found.remembered.calibrated_on == "retrainings"
    assert found.remembered.nearer == 2 and found.remembered.tested == 40
    data = json.loads((out / "ingest.json").read_text())
    assert data["verdict"] == own.verdict and data["certificates"]["unlearned"] == own.data()
    ingest(paths["u"], [paths["r"]], out)
    mine = ["MARI_EVAL.json", "MARI_SUMMARY.json", "ingest.json", "unlearned.json", "unlearned.parquet"]
    assert sorted(p.name for p in out.iterdir()) == mine


def test_openunlearning_reads_what_was_certified(tmp_path: Path) -> None:
    paths, out = logs(tmp_path), tmp_path / "out"
    found = ingest(paths["u"], [paths["r"], paths["s"]], out)
    assert found.certificates is not None and found.beyond is not None
    log, summary = (json.loads((out / f"MARI_{x}.json").read_text()) for x in ("EVAL", "SUMMARY"))
    assert summary == {name: x["agg_value"] for name, x in log.items()} and list(log) == sorted(log)
    own = found.certificates["unlearned"].claim
    assert summary["mari_choice_jsd"] == own.upper and summary["mari_choice_beyond_floor"] == found.beyond.upper
    items = log["mari_choice_jsd"]["value_by_index"]
    assert list(items) == [str(k) for k in range(40)]
    mean = [float(np.mean([x[end] for x in items.values()])) for end in ("jsd_lower", "jsd_upper")]
    assert mean == pytest.approx([own.lower, own.upper], abs=1e-10)
    # What is still remembered stands out item by item.
    assert sorted(items, key=lambda k: -items[k]["jsd_lower"])[:2] in (["0", "1"], ["1", "0"])
    reread = parse_open_unlearning(log)
    assert reread.reported == summary and reread.tasks == {}


def test_one_oracle_gives_neither_floor_nor_p_value(tmp_path: Path) -> None:
    paths = logs(tmp_path)
    found = ingest(paths["f"], [paths["r"]], tmp_path / "out", paths["f"])
    assert found.beyond is None and found.certificates is not None and "floor" not in found.certificates
    assert (
        found.verdict == "detectable" and found.certificates["original"].claim == found.certificates["unlearned"].claim
    )
    assert found.remembered is not None and found.remembered.nearer == 40 and found.remembered.p_value is None
    assert ingest(paths["u"], [paths["r"]], tmp_path / "out").remembered is None


def test_clean_items_calibrate_and_are_not_asked_about(tmp_path: Path) -> None:
    paths = logs(tmp_path, 445)
    found = ingest(paths["u"], [paths["r"]], tmp_path / "out", paths["f"], clean=range(40, 445))
    assert found.remembered is not None and found.remembered.tested == 40 and found.remembered.calibration == 405
    assert found.nearer == found.listed == (0, 1) and (found.remembered.p_value or 1) < 0.05
    assert "listed items: 0, 1" in found.lines()
    for clean, words in ((range(445), "not all items"), ([500], "numbers of items")):
        with pytest.raises(ArgumentError, match=words):
            ingest(paths["u"], [paths["r"]], tmp_path / "none", paths["f"], clean=clean)
    assert not (tmp_path / "none").exists()


def test_logs_without_losses_are_only_read(tmp_path: Path) -> None:
    a, b = (
        write(tmp_path / n / "MUSE_EVAL.json", MUSE | {"privleak": {"agg_value": x}}) for n, x in (("a", 1), ("b", 2))
    )
    found = ingest(a, [b], tmp_path / "out")
    assert found.verdict is None and found.certificates is None and "no certificate" in found.lines()[-1]
    assert found.data()["logs"][0]["reported"]["forget_knowmem_ROUGE"] == 0.33
    with pytest.raises(ArgumentError, match="of one kind"):
        ingest(a, [logs(tmp_path)["r"]], tmp_path / "out")


def test_the_same_log_twice_is_refused(tmp_path: Path) -> None:
    paths = logs(tmp_path)
    copy = write(tmp_path / "copy" / "TOFU_EVAL.json", metrics(np.asarray(losses(3))))
    for unlearned, oracles in ((paths["r"], [paths["r"]]), (paths["u"], [paths["r"], copy])):
        with pytest.raises(ArgumentError, match="of different models"):
            ingest(unlearned, oracles, tmp_path / "out")
