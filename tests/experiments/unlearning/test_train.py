"""The models of a run: each trained once, seeds of their own, and a record beside the weights."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from experiments.audit.run import run_audit
from experiments.config import LoopSettings, MethodConfig, ModelConfig, RunConfig
from experiments.data.items import Corpus
from experiments.labels import slug
from experiments.models.banks import open_bank
from experiments.models.load import weight_hash
from experiments.unlearning import train
from experiments.unlearning.checkpoint import LoopResult
from experiments.unlearning.loop import Task, Watch, run_loop
from experiments.unlearning.reason import Reason
from experiments.unlearning.roles import Entry, Oracle, Original, Role
from experiments.unlearning.train import train_many, train_one
from mari_theory import ArgumentError

ROLES: list[Role] = [Original(), Oracle(0), Oracle(1), Entry("a"), Entry("a, again"), Entry("a, its own seed")]


@pytest.fixture(scope="module")
def config() -> RunConfig:
    method = {"name": "npo", "settings": {"gamma": 0.5}}
    return RunConfig(
        seed=2,
        oracles=2,
        workers=1,
        corpus={"forget": 1, "retain": 2, "holdout": 2},
        model={"width": 8, "layers": 1, "heads": 1},
        train={"steps": 2, "batch_retain": 4, "batch_background": 2},
        unlearn={"steps": 2, "batch_retain": 4, "batch_forget": 2, "batch_background": 0},
        methods=[
            {"label": "a", **method},
            {"label": "a, again", **method, "loop": {"steps": 1}},
            {"label": "a, its own seed", **method, "seed": 3},
        ],
    )


@pytest.fixture(scope="module")
def run(config: RunConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    (folder / "models").mkdir()
    for role in ROLES:
        (folder / "checkpoints" / slug(role.name)).mkdir(parents=True)
    train_many(config, folder, ROLES)
    return folder


def records(run: Path) -> dict[str, dict[str, Any]]:
    return {r.name: json.loads((run / "models" / f"{slug(r.name)}.json").read_text()) for r in ROLES}


def test_seeds_and_steps_are_those_of_the_role(run: Path) -> None:
    made = records(run)
    assert [made[r.name]["settings"]["seed"] for r in ROLES] == [200, 201, 202, 250, 250, 253]
    assert [made[r.name]["steps"] for r in ROLES] == [2, 2, 2, 2, 1, 2]
    assert {made[r.name]["stopped"] for r in ROLES} == {Reason.ALL_STEPS}
    assert len({made[r.name]["weights_sha256"] for r in ROLES}) == len(ROLES)


def test_the_record_names_the_weights_that_are_there(config: RunConfig, run: Path) -> None:
    bank = open_bank(config, run)
    for name, record in records(run).items():
        assert record["name"] == name and record["weights_sha256"] == weight_hash(bank.use(slug(name)))
    assert not list(run.glob("checkpoints/*/*"))  # a finished training needs none


def test_a_model_that_is_there_is_not_trained_again_and_a_missing_one_comes_out_the_same(
    config: RunConfig, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, trained = records(run), list[str]()

    def noted(task: Task, settings: LoopSettings, watch: Watch) -> LoopResult:
        trained.append(watch.label)
        return run_loop(task, settings, watch)

    monkeypatch.setattr(train, "run_loop", noted)
    (run / "models" / "oracle-1.json").unlink()
    made = train_many(config, run, ROLES[::-1])
    assert trained == ["oracle-1"] and list(made) == [r.name for r in ROLES[::-1]]
    assert made["oracle-1"]["weights_sha256"] == before["oracle-1"]["weights_sha256"]
    assert {n: r for n, r in made.items() if n != "oracle-1"} == {n: r for n, r in before.items() if n != "oracle-1"}


def test_an_oracle_never_saw_the_forget_set(
    config: RunConfig, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other forget answers: the same oracle to the bit, another original."""
    real = RunConfig.make_corpus

    def other(self: RunConfig) -> Corpus:
        corpus = real(self)
        return replace(corpus, forget=tuple(replace(i, answer=i.wrong[0]) for i in corpus.forget))

    monkeypatch.setattr(RunConfig, "make_corpus", other)
    (tmp_path / "models").mkdir()
    before = records(run)
    digests = {}
    for role in ROLES[:2]:
        (tmp_path / "checkpoints" / role.name).mkdir(parents=True)
        digests[role.name] = train_one(config, tmp_path, role)["weights_sha256"]
    assert digests["oracle-0"] == before["oracle-0"]["weights_sha256"]
    assert digests["original"] != before["original"]["weights_sha256"]


@pytest.mark.parametrize(("workers", "device", "beside"), [(2, "cpu", True), (1, "cpu", False), (2, "cuda", False)])
def test_real_models_are_trained_side_by_side_on_a_cpu_alone(
    config: RunConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, workers: int, device: str, beside: bool
) -> None:
    asked: list[int] = []

    def pool(count: int) -> ThreadPoolExecutor:
        asked.append(count)
        return ThreadPoolExecutor(count)

    def done(config: RunConfig, run: Path, role: Role) -> dict[str, Any]:
        return {"name": role.name, "steps": 0, "seconds": 0.0, "stopped": "all steps done"}

    monkeypatch.setattr(train, "one_thread_processes", pool)
    monkeypatch.setattr(train, "_worker", lambda text, run, role: done(config, tmp_path, role))
    monkeypatch.setattr(train, "train_one", done)
    monkeypatch.setattr(train, "find_device", lambda name: torch.device(device))
    real = config.model_copy(update={"workers": workers, "model": ModelConfig(kind="adapter")})
    assert list(train_many(real, tmp_path, ROLES)) == [r.name for r in ROLES]
    assert asked == ([2] if beside else [])


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"name": "npu"}, r"^method: .* \(did you mean npo\?\)"),
        ({"name": "npo", "settings": {"gama": 1}}, r"did you mean gamma"),
        ({"name": "npo", "settings": {"gamma": "much"}}, r"^method npo, gamma: expected a valid number, got much"),
        ({"name": "mari", "settings": {"penalty": float("nan")}}, r"^method mari, penalty: expected a finite number"),
        ({"name": "npo", "loop": {"steps": 0}}, r"^steps: expected a whole number, at least 1, got 0"),
        ({"name": "mari-matched", "settings": {"source": "base"}}, r"^methods, x: expected a method without a base"),
    ],
    ids=[
        "an unknown method",
        "an unknown setting",
        "a word for a number",
        "NaN",
        "no steps",
        "a base that is not there",
    ],
)
def test_methods_are_looked_at_before_anything_is_trained(
    config: RunConfig, tmp_path: Path, entry: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.audit.run.train_many", lambda *_: pytest.fail("training had begun"))
    bad = config.model_copy(update={"methods": [MethodConfig(label="x", **entry)]})
    with pytest.raises(ArgumentError, match=words):
        run_audit(bad, tmp_path / "run")
    assert not (tmp_path / "run").exists()
