"""Score and pool files of saved models."""

from __future__ import annotations

from pathlib import Path

from experiments.data.files import write_prompts
from experiments.data.items import Corpus
from experiments.measures.score_models import Sampling, pool_model, score_models
from mari_theory.certificates.files import read_pool, read_scores


def test_score_and_pool_files_of_saved_models(
    models: Path, arms: tuple[list[str], list[str]], corpus: Corpus, tmp_path: Path
) -> None:
    write_prompts(tmp_path / "f.jsonl", corpus.forget)
    write_prompts(tmp_path / "r.jsonl", corpus.retain)
    score_models(*arms, tmp_path / "f.jsonl", tmp_path / "s.parquet", Sampling(50, 2, "shift"))
    scores = read_scores(tmp_path / "s.parquet")
    assert scores.arm.size == 100 and scores.metadata["pair"] == "shift"
    assert len(scores.metadata["arm_p"]) == 1
    pool_model(str(models / "a"), tmp_path / "r.jsonl", tmp_path / "f.jsonl", tmp_path / "p.npz", True)
    pool = read_pool(tmp_path / "p.npz")
    assert (pool.n, pool.m) == (len(corpus.retain), len(corpus.retain) + len(corpus.forget))


def test_samples_are_pooled_against_forget_alone(models: Path, corpus: Corpus, tmp_path: Path) -> None:
    """Reusing the retain rows in the mixture would break the independence T17 needs."""
    write_prompts(tmp_path / "f.jsonl", corpus.forget)
    write_prompts(tmp_path / "r.jsonl", corpus.retain)
    pool_model(str(models / "a"), tmp_path / "r.jsonl", tmp_path / "f.jsonl", tmp_path / "p.npz", False)
    pool = read_pool(tmp_path / "p.npz")
    assert (pool.n, pool.m) == (len(corpus.retain), len(corpus.forget))
    assert pool.metadata["share"] == 1.0 and not pool.metadata["finite_population"]
