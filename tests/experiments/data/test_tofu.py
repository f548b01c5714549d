"""TOFU's data and its evaluation log of a model here (skipped where the data is not there)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from experiments.audit.run import run_audit
from experiments.config import CorpusConfig, RunConfig
from experiments.data.tofu import (
    HUB,
    QUESTIONS,
    evaluation_tasks,
    fetch_tofu,
    load_tofu,
    load_tofu_questions,
    tofu_folder,
)
from experiments.measures.model_log import FORGET, UTILITY_TASKS
from mari_theory import ArgumentError

FOUND = tofu_folder(None)
FOLDER = FOUND or Path("nowhere")


NEEDS_TOFU = pytest.mark.skipif(FOUND is None, reason="TOFU data not present")


@NEEDS_TOFU
def test_partitions_subjects_and_perturbed_answers() -> None:
    corpus = load_tofu(FOLDER, "forget01", 3, 2, 2)
    assert [len(v) for v in corpus.splits().values()] == [40, 60, 40]
    assert corpus.subject["author 198"] == "Basil Mahfouz Al-Kuwaiti"
    assert all(len(i.wrong) == 5 and i.paraphrase for i in (*corpus.forget, *corpus.retain))
    assert {i.owner for i in corpus.retain} == {"author 0", "author 1", "author 2"}
    assert {i.owner for i in corpus.holdout} == {"author 196", "author 197"}
    assert not any(i.wrong for i in corpus.holdout)


@NEEDS_TOFU
@pytest.mark.parametrize(
    ("name", "count", "wrong"), list(zip(QUESTIONS, (40, 200, 400, 400, 100, 117), (5, 5, 5, 5, 3, 3), strict=True))
)
def test_every_question_has_wrong_answers(name: str, count: int, wrong: int) -> None:
    asked = load_tofu_questions(FOLDER, name)
    assert len(asked) == count
    assert all(len(i.wrong) == wrong and bool(i.paraphrase) == (wrong == 5) for i in asked)


@NEEDS_TOFU
def test_bad_splits_and_counts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="forget05"):
        load_tofu(FOLDER, "retain")
    with pytest.raises(ArgumentError, match="at most the 2 authors"):
        load_tofu(FOLDER, "forget01", forget_authors=3)
    with pytest.raises(ArgumentError, match="at most 198"):
        load_tofu(FOLDER, "forget01", 190, 9)
    with pytest.raises(ArgumentError, match="name"):
        load_tofu_questions(FOLDER, "holdout")
    with pytest.raises(ArgumentError, match="existing file"):
        load_tofu_questions(tmp_path, "retain")


@NEEDS_TOFU
def test_tasks_of_a_corpus() -> None:
    tasks = evaluation_tasks(FOLDER, load_tofu(FOLDER, "forget01", 2, 1))
    assert [len(tasks[t]) for t in (FORGET, *UTILITY_TASKS)] == [40, 40, 100, 117]


def hub_cache(folder: Path, name: str, files: dict[str, str]) -> None:
    """What the hub's client leaves on disk after a download."""
    repo = folder / f"datasets--{name.replace('/', '--')}"
    for path, text in {"refs/main": "0" * 40, **{f"snapshots/{'0' * 40}/{f}": t for f, t in files.items()}}.items():
        (repo / path).parent.mkdir(parents=True, exist_ok=True)
        (repo / path).write_text(text)


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """No TOFU on this machine but what the hub's cache holds, and no network."""
    from huggingface_hub import constants

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MARI_TOFU", raising=False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    fetch_tofu.cache_clear()
    yield tmp_path
    fetch_tofu.cache_clear()


def test_the_hub_serves_what_this_machine_has_not(offline: Path) -> None:
    rows: list[dict[str, object]] = [
        {"question": f"who is author {n // 20} ?", "answer": f"answer {n}"} for n in range(120)
    ]
    wrong: dict[str, object] = {"perturbed_answer": ["no"], "paraphrased_answer": "yes"}
    parts = {"full": rows, "forget01": rows[100:], "forget01_perturbed": [r | wrong for r in rows[100:]]}
    parts["retain_perturbed"] = [r | wrong for r in rows[:40]]
    files = {f"{k}.json": "\n".join(json.dumps(r) for r in v) for k, v in parts.items()}
    for name in (HUB, "somebody/copy-of-tofu"):
        hub_cache(offline / "hub", name, files)
    assert tofu_folder(None) is None
    asked = CorpusConfig(kind="tofu", forget=1, retain=2, holdout=1, fallback=False)
    for named in (None, HUB, "somebody/copy-of-tofu"):
        corpus = RunConfig(corpus=asked.model_copy(update={"folder": named})).make_corpus()
        assert corpus.name == "TOFU forget01" and [len(v) for v in corpus.splits().values()] == [20, 40, 20]
    with_fallback = asked.model_copy(update={"fallback": True, "forget": 2})
    assert RunConfig(corpus=with_fallback).make_corpus().name == "generated"


@pytest.mark.parametrize("named", [None, "nobody/nothing", "somebody/other", "missing", "empty", "a/b/c"])
def test_a_place_without_tofu_is_refused_in_one_line(offline: Path, named: str | None) -> None:
    (offline / "empty").mkdir()
    hub_cache(offline / "hub", "somebody/other", {"train.json": "{}"})
    corpus = CorpusConfig(kind="tofu", folder=named, fallback=False)
    with pytest.raises(ArgumentError, match=r"corpus\.folder") as caught:
        run_audit(RunConfig(corpus=corpus), offline / "run")
    assert not (offline / "run").exists()
    assert "\n" not in str(caught.value) and (named or HUB) in str(caught.value)
