"""A tiny corpus, tokenizer and models shared by the tests of this package; what is trained is trained once for all workers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from experiments.config import LoopSettings
from experiments.data.generated import GeneratedCorpus, generate
from experiments.data.items import Corpus, Item
from experiments.methods import attribution, make_method
from experiments.models.banks import FolderBank
from experiments.models.load import load_model, quiet, save_model
from experiments.models.tiny import tiny_model, tiny_tokenizer
from experiments.unlearning.loop import Task, Watch, run_loop
from tests.conftest import made_once


@pytest.fixture(scope="session")
def corpus() -> GeneratedCorpus:
    return generate(2, 4, 6, seed=3)


@pytest.fixture(scope="session")
def tokenizer(corpus: Corpus) -> Any:
    quiet()
    return tiny_tokenizer(corpus)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory, tokenizer: Any) -> Path:
    """Two saved random models, `a` and `b`, with moderately different output laws."""
    folder = tmp_path_factory.mktemp("models")
    for name, seed in (("a", 1), ("b", 2)):
        save_model(tiny_model(len(tokenizer), 16, 1, 2, seed), tokenizer, folder / name)
    return folder


@pytest.fixture(scope="session")
def bank(models: Path) -> FolderBank:
    """Both, by their folders."""
    return FolderBank([str(models / "a"), str(models / "b")])


def train(model: Any, tokenizer: Any, corpus: Corpus, items: tuple[Item, ...], settings: LoopSettings) -> Any:
    """The model after learning the items."""
    run_loop(Task(model, tokenizer, corpus, items, make_method("retain-only")), settings, Watch(evaluate=False))
    return model


@pytest.fixture(scope="session")
def schooled(tmp_path_factory: pytest.TempPathFactory, corpus: Corpus, tokenizer: Any) -> Any:
    """A model that knows at least where answers end, so there is accuracy to lose. Copy it before changing it."""

    def make(folder: Path) -> None:
        settings = LoopSettings(steps=60, lr=0.02, batch_retain=12, batch_forget=2, batch_background=12)
        model = train(tiny_model(len(tokenizer), 16, 1, 2, seed=0), tokenizer, corpus, corpus.retain, settings)
        save_model(model, tokenizer, folder)

    return load_model(made_once(tmp_path_factory, "schooled", make)).eval()


@pytest.fixture(scope="session")
def learnt(tmp_path_factory: pytest.TempPathFactory, corpus: Corpus, tokenizer: Any) -> Any:
    """A small model that answers forget and retain questions by heart. Copy it before changing it."""

    def make(folder: Path) -> None:
        settings = LoopSettings(steps=200, lr=5e-3, batch_retain=36, batch_forget=1, batch_background=0)
        model = tiny_model(len(tokenizer), 48, 2, 2, 0)
        save_model(train(model, tokenizer, corpus, (*corpus.forget, *corpus.retain), settings), tokenizer, folder)

    return load_model(made_once(tmp_path_factory, "learnt", make)).eval()


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished audit; copy it before changing it."""
    # Imported here: most tests of this package need neither the report nor its figures.
    from experiments.audit.run import run_audit
    from tests.experiments.audit.small import small

    return made_once(tmp_path_factory, "audit", lambda out: run_audit(small(), out))


@pytest.fixture
def drawn(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports show the figures of the finished audit: drawing others is not the point."""
    names = ("certified", "trajectory", "roc")
    figures = {name: finished / "figures" / f"{name}.png" for name in names}
    monkeypatch.setattr("experiments.audit.report.draw_figures", lambda run, folder: figures)


@pytest.fixture
def few_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """DareU's classifier with places for a few hundred words instead of thousands."""
    monkeypatch.setattr(attribution, "FEATURES", 2**8)
