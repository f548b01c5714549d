"""A run small enough for a test: two oracles, three methods, a few seconds each."""

from __future__ import annotations

import shutil
from pathlib import Path

from experiments.audit.results import Run
from experiments.audit.run import run_audit
from experiments.config import RunConfig, load_config, select_methods

RUNGS = {"choice": 0.3, "first-token": 0.2, "next-token": 0.1}
"""Margins of the rungs whose laws are known at every place."""
SAMPLED_RUNGS = {"greedy": 0.1, "prefix-1": 0.2, "prefix-2": 0.2, "owner": 0.3}
"""Of the others."""


def small(**changes: object) -> RunConfig:
    config = load_config("tiny")
    data = config.model_dump()
    data["workers"], data["oracles"] = 1, 2
    data["corpus"] |= {"forget": 2, "retain": 3, "holdout": 4}
    data["model"] |= {"width": 16, "layers": 1}
    data["train"] |= {
        "steps": 30,
        "batch_retain": 8,
        "batch_background": 8,
        "checkpoint_every": 10,
        "evaluate_every": 15,
    }
    data["unlearn"] |= {"steps": 8, "batch_retain": 6, "batch_forget": 4, "batch_background": 4, "evaluate_every": 4}
    data["scoring"] |= {"draws": 300, "shift_draws": 200, "rouge_items": 4} | changes
    return select_methods(RunConfig(**data), ["retain-only (control)", "MarI pooled 1", "MarI matched (per prompt)"])


def trained(finished: Path, out: Path, config: RunConfig) -> Path:
    """A run folder with the models of the finished audit in it and nothing measured; `--resume` goes on from there."""
    (out / "checkpoints").mkdir(parents=True)
    shutil.copytree(finished / "models", out / "models")
    for part in ("scores", "certificates", "prompts"):
        (out / part).mkdir()
    (out / "config.yaml").write_text(config.dump())
    return out


def measure_again(finished: Path, out: Path, **changes: object) -> Run:
    """An audit of the original and an oracle that are trained already."""
    config = select_methods(small(robustness=False, rouge_items=0, **changes), [])
    return run_audit(config, trained(finished, out, config), resume=True)
