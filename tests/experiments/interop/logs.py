"""OpenUnlearning's logs: the samples, where they are here, and small ones made by hand."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.data.tofu import tofu_folder
from experiments.interop.evaluation_logs import read_log
from experiments.measures.model_log import ModelLog
from mari_theory.units import Floats

TOFU = tofu_folder(None)
SAMPLES = TOFU.parent / "openunlearning" if TOFU else Path("nowhere")
NEEDS_LOGS = pytest.mark.skipif(not SAMPLES.is_dir(), reason="OpenUnlearning's sample logs are not here")


def sample_path(size: str, name: str) -> Path:
    return SAMPLES / f"tofu_Llama-3.2-{size}-Instruct_{name}"


@cache
def sample(size: str, name: str) -> ModelLog:
    """Read once a process."""
    return read_log(sample_path(size, name))


def metrics(losses: Floats, prefix: str = "forget", answers: tuple[str, ...] | None = None) -> dict[str, Any]:
    """A log of one task from losses (items, 1 + wrong answers), with a text for each item."""
    texts = answers or tuple(f"answer {k}" for k in range(len(losses)))
    column = {f"{prefix}_Q_A_Prob": losses[:, 0], f"{prefix}_Q_A_PERT_Prob": losses[:, 1:]}
    rouge = {str(k): {"rougeL_recall": 0.5, "input": f"asked {t}", "ground_truth": t} for k, t in enumerate(texts)}
    return {
        **{
            name: {"agg_value": 0.1, "value_by_index": {str(k): {"avg_loss": x} for k, x in enumerate(rows.tolist())}}
            for name, rows in column.items()
        },
        f"{prefix}_Q_A_ROUGE": {"agg_value": 0.5, "value_by_index": rouge},
    }


def write(path: Path, log: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(log))
    return path


def losses(seed: int, items: int = 40, shift: float = 0.0) -> Floats:
    """Of a model: its seed is its noise; `shift` makes the true answers likelier."""
    out = 2.0 + np.random.default_rng(0).random((items, 6)) + 0.05 * np.random.default_rng(seed).normal(size=(items, 6))
    out[:, 0] -= shift
    return np.asarray(out)
