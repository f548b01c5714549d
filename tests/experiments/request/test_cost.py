"""The estimate grows with what is asked for and says that it is one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from experiments.config import MethodConfig
from experiments.data.files import write_prompts
from experiments.data.items import Corpus
from experiments.request.cost import Cost, estimate_cost
from experiments.request.plan import Ask, plan

NPO = MethodConfig(label="npo", name="npo")


def test_an_estimate_is_positive_and_grows_with_steps_and_methods(ask: Ask, data: Corpus, tmp_path: Path) -> None:
    for name, items in data.splits().items():
        write_prompts(tmp_path / f"{name}.jsonl", items)
    short = estimate_cost(plan(ask, data, tmp_path, [NPO]), tmp_path / "run")
    many = replace(ask, loop=replace(ask.loop, steps=100_000))
    long = estimate_cost(plan(many, data, tmp_path, [NPO]), tmp_path / "run", 4)
    assert 0 < short.seconds < long.seconds / 10 and 0 < short.memory_gib < 64 and 0 < short.disk_gib < long.disk_gib
    assert not (tmp_path / "run").exists()


def test_it_says_what_it_is() -> None:
    assert (
        str(Cost(30.4, 0.5, 0.01))
        == "about 30 s, 0.5 GiB of memory, 0.01 GiB of disk (an estimate from one measured step)"
    )
    assert str(Cost(150.0, 0.5, 0.01)).startswith("about 2 min")
