"""The protocol's own rules, without training: grids, selection, what a changed grid throws away, what the table says."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

pytest.importorskip("torch")


from experiments.config import MethodConfig
from experiments.labels import slug
from experiments.methods import make_method
from experiments.studies.methods.grid import GRID, read_grid
from experiments.studies.methods.measure import RETAIN_SHARE, reported_method, select
from experiments.studies.methods.page import rewards, table
from experiments.studies.methods.protocol import drop_changed_models, request, reward_of
from experiments.unlearning.reason import Reason
from mari_theory import ArgumentError


def test_every_grid_has_eight_settings_that_exist() -> None:
    grid = read_grid()
    assert len({m.label for rows in grid.values() for m in rows}) == sum(map(len, grid.values()))
    for rows in grid.values():
        assert len(rows) == 8
        for m in rows:
            make_method(m.name, **m.settings)
    running = {label for label, rows in grid.items() if not rows[0].loop["stop_at_holdout"]}
    assert running == {"MarI matched (mean loss too, all steps)", "DareU (all steps)", "task vector"}


def test_a_short_grid_is_refused(tmp_path: Path) -> None:
    rows = yaml.safe_load(GRID.read_text())
    rows[0]["loop"]["lr"] = rows[0]["loop"]["lr"][:7]
    path = tmp_path / "grid.yaml"
    path.write_text(yaml.safe_dump(rows))
    with pytest.raises(ArgumentError, match="at least 8"):
        read_grid(path)


def entries(label: str, count: int) -> list[MethodConfig]:
    return [MethodConfig(label=f"{label} #{k}", name="npo", loop={"stop_at_holdout": True}) for k in range(count)]


def test_selection_keeps_retain_first_and_then_takes_the_nearest() -> None:
    grid = {"good": entries("good", 3), "broken": entries("broken", 2)}
    floor = RETAIN_SHARE * 0.9
    looks = {
        "original": {"jsd": 0.4, "retain": 0.9},
        "good #0": {"jsd": 0.3, "retain": 0.9},
        "good #1": {"jsd": 0.2, "retain": floor},
        "good #2": {"jsd": 0.1, "retain": floor - 1e-9},
        "broken #0": {"jsd": 0.1, "retain": 0.2},
        "broken #1": {"jsd": 0.5, "retain": 0.3},
    }
    assert {k: v.label for k, v in select(grid, looks).items()} == {"good": "good #1", "broken": "broken #1"}


def test_a_changed_setting_loses_its_model_and_no_other(tmp_path: Path) -> None:
    old = request(1, 2, entries("npo", 2), quick=True)
    (tmp_path / "models").mkdir()
    for m in old.methods:
        (tmp_path / "models" / slug(m.label)).mkdir()
        for ending in (".json", "-measured.json"):
            (tmp_path / "models" / f"{slug(m.label)}{ending}").write_text("{}")
    (tmp_path / "config.yaml").write_text(old.dump())
    changed = old.methods[1].model_copy(update={"settings": {"gamma": 0.5}})
    others = drop_changed_models(old.model_copy(update={"methods": [changed]}), tmp_path)
    assert others == [old.methods[0]]
    assert sorted(p.name for p in (tmp_path / "models").iterdir()) == ["npo-0", "npo-0-measured.json", "npo-0.json"]
    with pytest.raises(ArgumentError, match="same study"):
        drop_changed_models(request(2, 2, old.methods, quick=True), tmp_path)


def test_the_table_orders_by_the_upper_end_and_says_who_stopped() -> None:
    common = dict.fromkeys(("attack", "author", "forget", "retain", "seconds", "exact"), 0.5)
    rows = {
        "a": common | {"lower": 0.1, "upper": 0.3, "steps": 40, "stopped": Reason.FORGET_LOSS},
        "b": common | {"lower": 0.0, "upper": 0.2, "steps": 150, "stopped": Reason.ALL_STEPS},
        "c": common | {"lower": 0.0, "upper": 0.4, "steps": 150, "stopped": Reason.ALL_STEPS},
    }
    chosen = {x: entries(x, 1)[0] for x in "ab"}
    chosen["c"] = MethodConfig(label="c", name="npo", settings={"gamma": 0.25}, loop={"stop_at_holdout": False})
    body = table([reported_method(label, entry, [rows[label]]) for label, entry in chosen.items()])[2:]
    assert [line.split(" | ")[0] for line in body] == ["| b", "| a", "| c"]
    assert (
        "never (150)" in body[0] and "| 40 |" in body[1] and "not stopped (150)" in body[2] and "gamma 0.25" in body[2]
    )


def test_what_is_paid_says_whether_it_was_trained_and_nothing_else_does() -> None:
    paid = [{"batch_reward": x, "step": 1.0} for x in (-0.9, -0.4, -0.2, -0.1, -0.1, -0.1, -0.1, -0.1)]
    done, cut = reward_of([{"step": 0.0}, *paid]), reward_of(paid[:7])
    assert done["trained"] and not cut["trained"] and cut["reward"] == done["reward"][:7]
    assert reward_of([{"step": 0.0, "batch_loss": 1.0}]) == {}
    common = dict.fromkeys(("attack", "author", "forget", "retain", "seconds", "exact", "lower", "upper"), 0.5)
    run = common | {"steps": 150, "stopped": Reason.ALL_STEPS}
    (entry,) = entries("a", 1)
    plain = reported_method("plain", entry, [run])
    both = reported_method("paid", entry, [run | done, run | cut])
    rows = table([plain, both])[2:]
    assert "trained" not in rows[0] and "; trained: yes, no |" in rows[1]
    (listed,) = (x for x in rewards([plain, both]) if x.startswith("- "))
    assert listed.startswith("- paid: -0.90, -0.40") and listed.count(";") == 1 and rewards([plain]) == []
