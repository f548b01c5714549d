"""Score and pool files of saved models."""

from __future__ import annotations

from pathlib import Path

from experiments.data.encoding import many_prompt_ids, our_asking
from experiments.data.files import write_prompts
from experiments.data.items import Corpus
from experiments.measures.sampling import draw
from experiments.measures.score_models import Sampling, pool_model, score_models
from experiments.models.banks import FolderBank
from mari_theory.certificates.asking import Cut, WereCut, asking
from mari_theory.certificates.files import read_pool, read_scores


def test_score_and_pool_files_of_saved_models(
    models: Path, bank: FolderBank, arms: tuple[list[str], list[str]], corpus: Corpus, tmp_path: Path
) -> None:
    write_prompts(tmp_path / "f.jsonl", corpus.forget)
    write_prompts(tmp_path / "r.jsonl", corpus.retain)
    score_models(*arms, tmp_path / "f.jsonl", tmp_path / "s.parquet", Sampling(50, 8, "shift"))
    scores = read_scores(tmp_path / "s.parquet")
    assert scores.arm.size == 100 and scores.metadata["pair"] == "shift"
    assert len(scores.metadata["arm_p"]) == 1
    said = asking(scores.metadata)
    assert said is not None and (said.template.name, said.bos, said.cut) == ("none", None, Cut(output=8))
    prompts = many_prompt_ids(bank.tokenizer, [i.prompt for i in corpus.forget])
    cut = [sum(1 not in o for o in draw(bank, arm, prompts, 50, 8, k).outputs) for k, arm in enumerate(arms)]
    assert said.were_cut == WereCut(prompts=0, p=cut[0], q=cut[1]) and 0 < min(cut) <= max(cut) < 50
    pool_model(str(models / "a"), tmp_path / "r.jsonl", tmp_path / "f.jsonl", tmp_path / "p.npz", True)
    pool = read_pool(tmp_path / "p.npz")
    assert (pool.n, pool.m) == (len(corpus.retain), len(corpus.retain) + len(corpus.forget))
    assert asking(pool.metadata) == our_asking(bank.tokenizer)


def test_samples_are_pooled_against_forget_alone(models: Path, corpus: Corpus, tmp_path: Path) -> None:
    """Reusing the retain rows in the mixture would break the independence T17 needs."""
    write_prompts(tmp_path / "f.jsonl", corpus.forget)
    write_prompts(tmp_path / "r.jsonl", corpus.retain)
    pool_model(str(models / "a"), tmp_path / "r.jsonl", tmp_path / "f.jsonl", tmp_path / "p.npz", False)
    pool = read_pool(tmp_path / "p.npz")
    assert (pool.n, pool.m) == (len(corpus.retain), len(corpus.forget))
    assert pool.metadata["share"] == 1.0 and not pool.metadata["finite_population"]
