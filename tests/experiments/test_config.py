"""One set of loop settings, with the same bounds from YAML, from Python and from the command line."""

from __future__ import annotations

import math
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from experiments.cli.main import main
from experiments.config import LoopSettings, RunConfig, load_config, select_methods
from experiments.data.tofu import tofu_folder
from experiments.measures.context import spread_over_owners
from experiments.methods import make_method
from mari_theory import ArgumentError

NONSENSE: list[tuple[str, Any]] = [
    ("steps", 0),
    ("steps", -3),
    ("steps", 2.5),
    ("steps", True),
    ("lr", 0.0),
    ("lr", math.nan),
    ("lr", math.inf),
    ("batch_retain", 0),
    ("batch_forget", 0),
    ("batch_background", -1),
    ("weight_decay", -0.1),
    ("clip", 0.0),
    ("schedule", "lineer"),
    ("seed", -1),
    ("max_answer", 0),
    ("evaluate_every", 0),
    ("evaluate_items", 0),
    ("stop_at_holdout", "yes"),
    ("stop_accuracy_drop", 1.0),
    ("accuracy_start", 1.5),
    ("checkpoint_every", 0),
    ("epochs", 0.0),
]


def test_every_setting_is_tried() -> None:
    assert {name for name, _ in NONSENSE} == {f.name for f in fields(LoopSettings)}


@pytest.mark.parametrize(("name", "value"), NONSENSE, ids=str)
def test_nonsense_is_refused_in_one_line_wherever_it_comes_from(name: str, value: Any) -> None:
    with pytest.raises(ArgumentError, match=f"^{name}: expected") as error:
        LoopSettings(**{name: value})
    assert "\n" not in str(error.value)
    with pytest.raises(ArgumentError, match=f"^{name}: expected"):
        replace(LoopSettings(), **{name: value})
    if value is True or value == "yes":
        return  # YAML's own words for numbers and truths
    with pytest.raises(ArgumentError, match=rf"^unlearn[.,] ?{name}"):
        load_config("tiny", unlearn={name: value})


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--steps", "0"),
        ("--lr", "nan"),
        ("--batch-retain", "0"),
        ("--max-answer", "-1"),
        ("--stop-accuracy-drop", "1"),
        ("--seed", "-1"),
    ],
)
def test_the_command_line_has_the_same_bounds(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, flag: str, value: str
) -> None:
    files = {name: tmp_path / f"{name}.jsonl" for name in ("forget", "retain")}
    for path in files.values():
        path.write_text('{"prompt": "a", "answer": "b"}\n')
    argv = ["unlearn", "--model", "nowhere", "--forget", str(files["forget"]), "--retain", str(files["retain"])]
    assert main([*argv, "--out", str(tmp_path / "out"), flag, value]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and f"{flag}: expected" in err
    assert not (tmp_path / "out").exists()


def test_sections_leave_seed_and_accuracy_to_the_run() -> None:
    for key, value in (("seed", 3), ("accuracy_start", 0.5)):
        with pytest.raises(ArgumentError, match=f"train.{key}"):
            load_config("tiny", train={key: value})
        with pytest.raises(ArgumentError, match="its seed stands beside"):
            load_config("tiny", methods=[{"label": "a", "name": "npo", "loop": {key: value}}])
    assert "accuracy_start" not in load_config("tiny").dump()


def test_a_methods_own_loop_is_checked_when_it_is_read() -> None:
    with pytest.raises(ArgumentError, match="settings among"):
        load_config("tiny", methods=[{"label": "a", "name": "npo", "loop": {"stepz": 3}}])
    with pytest.raises(ArgumentError, match=r"^lr: expected"):
        load_config("tiny", methods=[{"label": "a", "name": "npo", "loop": {"lr": -1.0}}])


def test_settings_survive_yaml_and_json(tmp_path: Path) -> None:
    config = load_config("tiny", unlearn={"steps": 7, "schedule": "half-cosine"})
    (tmp_path / "c.yaml").write_text(config.dump())
    assert load_config("smollm2", tmp_path / "c.yaml") == config
    assert RunConfig.model_validate_json(config.model_dump_json()) == config
    assert LoopSettings(**asdict(config.unlearn)) == config.unlearn


def test_unknown_config_key_suggests_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("unlearn: {batch_retian: 3}\n")
    with pytest.raises(ArgumentError, match=r"unlearn.batch_retian.*did you mean batch_retain"):
        load_config("tiny", tmp_path / "c.yaml")


def test_configs_round_trip_and_merge(tmp_path: Path) -> None:
    config = load_config("tiny", seed=4)
    (tmp_path / "c.yaml").write_text(config.dump())
    assert load_config("smollm2", tmp_path / "c.yaml") == config
    assert [m.label for m in select_methods(config, ["MarI pooled 1"]).methods] == ["MarI pooled 1"]
    with pytest.raises(ArgumentError, match="method"):
        select_methods(config, ["x"])


READY: dict[str, Any] = {"original": "full", "oracles": ["one", "two"], "models": {"NPO": "npo", "mine": ["other"]}}


def test_ready_models_are_read_from_yaml_and_written_back(tmp_path: Path) -> None:
    config = load_config("tiny", **READY)
    listed = [{"label": "NPO", "path": "npo"}, {"label": "mine", "path": "other"}]
    assert load_config("tiny", **READY | {"models": listed}) == config
    assert config.original == ("full",) and config.oracle_count == 2 and config.models[1].path == ("other",)
    (tmp_path / "c.yaml").write_text(config.dump())
    assert load_config("smollm2", tmp_path / "c.yaml") == config
    assert not {"original", "models"} & set(yaml.safe_load(load_config("tiny").dump()))  # an older run folder resumes
    assert [m.label for m in select_methods(config, ["mine"]).models] == ["mine"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"oracles": 1}, "oracles: expected at least 2 .*got 1"),
        ({"oracles": ["one"]}, "oracles: expected at least 2 .*got"),
        ({"oracles": "one"}, "oracles: expected at least 2 .*a list of folders or hub ids, got one"),
        ({"oracles": True}, "oracles: expected at least 2"),
        ({"oracles": ["one", 2]}, "oracles"),
        ({"original": []}, "original"),
        ({"original": ["a", "b"]}, "original: expected a folder or hub id a seed, 1, got 2"),
        ({"seeds": 2, "oracles": ["a", "b", "c"]}, "oracles: expected twice the seeds, 4"),
        ({"seeds": 2, "oracles": list("abcd")}, "original: expected a folder or hub id a seed, 2, got 1"),
        (
            {"seeds": 2, "oracles": list("abcd"), "original": ["e", "f"]},
            "models, NPO: expected a folder or hub id a seed, 2, got 1",
        ),
        ({"models": {"NPO": "x", "npo!": "y"}}, "models, label: expected labels that differ"),
        ({"models": {"MarI pooled 1": "x"}}, "models, label: expected labels that differ"),
        ({"models": {"Oracle 1": "x"}}, "models, label: expected another name"),
        ({"models": [{"label": "a", "path": "x", "folder": "y"}]}, r"models\.0\.folder: expected a known key"),
        ({"models": [{"label": "a"}]}, r"models\.0\.path"),
    ],
    ids=str,
)
def test_ready_models_that_do_not_fit_the_protocol_are_refused_in_one_line(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ArgumentError, match=f"^{words}") as error:
        load_config("tiny", **READY | changes)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("split", "forgotten"), [("forget01", 2), ("forget05", 10), ("forget10", 20)])
def test_a_tofu_preset_forgets_a_whole_split_at_about_tofu_s_share(split: str, forgotten: int) -> None:
    config = load_config(f"tofu-{split}")
    corpus = config.corpus
    assert (config.preset, corpus.kind, corpus.split, corpus.fallback) == (f"tofu-{split}", "tofu", split, False)
    assert corpus.forget == forgotten and corpus.forget + corpus.retain + corpus.holdout == 200
    share = forgotten / (forgotten + corpus.retain)
    assert forgotten / 200 <= share < 1.06 * forgotten / 200
    assert config.oracle_count == 2 * config.seeds > 2 and config.pilot and config.train.epochs
    assert all(margin > 0 for margin in config.scoring.channels.values())
    assert list(config.scoring.channels) == ["choice", "first-token", "next-token"]
    # Five passes over what is to be forgotten, and as many looks.
    assert config.unlearn.steps * config.unlearn.batch_forget == 5 * 20 * forgotten
    assert config.unlearn.steps == 5 * config.unlearn.evaluate_every
    for m in config.methods:
        make_method(m.name, **m.settings)
    if tofu_folder(None) is None:
        pytest.skip("TOFU data not present")
    made = config.make_corpus()
    assert {k: len({i.owner for i in v}) for k, v in made.splits().items()} == {
        "forget": forgotten,
        "retain": corpus.retain,
        "holdout": 10,
    }
    assert all(len(i.wrong) == 5 for i in made.forget)
    asked = spread_over_owners(made.retain, config.scoring.gate_items)
    assert all(i.wrong for i in asked) and len({i.owner for i in asked}) == len(asked) == 20
