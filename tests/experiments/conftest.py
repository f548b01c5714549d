"""A tiny corpus, tokenizer and model shared by the tests of this package."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from experiments.corpus import Corpus, generate
from experiments.models import quiet, save_model, tiny_model, tiny_tokenizer


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
