"""A tiny corpus, tokenizer and model shared by the tests of this package."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from experiments.config import LoopSettings
from experiments.data.generated import generate
from experiments.data.items import Corpus
from experiments.methods import make_method
from experiments.models.load import quiet, save_model
from experiments.models.tiny import tiny_model, tiny_tokenizer
from experiments.unlearning.loop import Task, Watch, run_loop


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    return generate(2, 4, 6, seed=3)


@pytest.fixture(scope="session")
def tokenizer(corpus: Corpus):
    quiet()
    return tiny_tokenizer(corpus)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory, tokenizer) -> Path:
    """Two saved random models, `a` and `b`, with moderately different output laws."""
    folder = tmp_path_factory.mktemp("models")
    for name, seed in (("a", 1), ("b", 2)):
        save_model(tiny_model(len(tokenizer), 16, 1, 2, seed), tokenizer, folder / name)
    return folder


@pytest.fixture(scope="session")
def schooled(corpus: Corpus, tokenizer):
    """A model that knows at least where answers end, so there is accuracy to lose. Copy it before changing it."""
    model = tiny_model(len(tokenizer), 16, 1, 2, seed=0)
    settings = LoopSettings(steps=60, lr=0.02, batch_retain=12, batch_forget=2, batch_background=12)
    task = Task(model, tokenizer, corpus, corpus.retain, make_method("retain-only"))
    run_loop(task, settings, Watch(evaluate=False))
    return model
