from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from estimators import certify_likelihood_ratio
from experiments.data.encoding import encode, many_prompt_ids
from experiments.data.files import write_prompts
from experiments.data.items import Corpus
from experiments.measures.detectors import attack, auc, blind_baseline, membership_attacks, origin_detectors
from experiments.measures.enumeration import enumerate_divergence
from experiments.measures.items import item_losses, item_scores, share_of_uniform_loss, truth_ratio
from experiments.measures.sampling import Draws, draw, log_likelihoods
from experiments.measures.score_models import Sampling, pool_model, score_models
from experiments.models.decode import decode
from experiments.models.load import load_model
from experiments.models.passes import full_pass_mean
from experiments.models.tiny import tiny_model
from mari_theory import ArgumentError
from mari_theory.certificates.files import read_pool, read_scores


@pytest.fixture(scope="module")
def bank(models: Path) -> FolderBank:
    return FolderBank([str(models / "a"), str(models / "b")])


def arms(models: Path) -> tuple[list[str], list[str]]:
    return [str(models / "a")], [str(models / "b")]


def test_sampled_intervals_contain_the_enumerated_value(bank, models, corpus: Corpus) -> None:
    """Confidence 1 - 1e-6: a false alarm once in a million runs."""
    p, q = arms(models)
    prompts = many_prompt_ids(bank.tokenizer, [i.prompt for i in corpus.forget])
    low, high = enumerate_divergence(bank, p, q, prompts, floor=0.0)
    draws = [draw(bank, arm, prompts, 1500, 2, seed) for seed, arm in enumerate((p, q))]
    log_p, log_q = (np.concatenate([log_likelihoods(bank, arm, prompts, d) for d in draws]) for arm in (p, q))
    made = certify_likelihood_ratio(log_p, log_q, np.repeat([0, 1], 1500), 1 - 1e-6)
    assert high - low < 1e-5
    assert made.jsd.interval.lower <= high and low <= made.jsd.interval.upper
    assert made.jsd.value == pytest.approx(low, rel=0.2)


def test_pruning_widens_the_enumeration_and_keeps_the_value_inside(bank, models, corpus: Corpus) -> None:
    p, q = arms(models)
    prompts = many_prompt_ids(bank.tokenizer, [corpus.forget[0].prompt])
    exact, rough = (enumerate_divergence(bank, p, q, prompts, floor) for floor in (0.0, 0.004))
    assert rough[0] <= exact[1] and exact[0] <= rough[1]
    assert rough[1] - rough[0] > exact[1] - exact[0]


def test_a_model_against_itself_is_zero(bank, models, corpus: Corpus) -> None:
    p, _ = arms(models)
    prompts = many_prompt_ids(bank.tokenizer, [i.prompt for i in corpus.forget[:3]])
    assert enumerate_divergence(bank, p, p, prompts)[0] == 0.0


def test_likelihood_of_an_averaged_arm_is_the_log_of_the_mean(bank, models, corpus: Corpus) -> None:
    p, q = arms(models)
    prompts = many_prompt_ids(bank.tokenizer, [i.prompt for i in corpus.forget])
    draws = draw(bank, p, prompts, 20, 3, 0)
    one, two, both = (log_likelihoods(bank, arm, prompts, draws) for arm in (p, q, p + q))
    assert np.allclose(both, np.logaddexp(one, two) - np.log(2))


def test_scores_do_not_depend_on_the_company(bank, models, corpus: Corpus) -> None:
    p, _ = arms(models)
    prompts = many_prompt_ids(bank.tokenizer, [i.prompt for i in corpus.forget])
    draws = draw(bank, p, prompts, 40, 3, 0)
    alone = Draws(draws.prompt_index[:1], draws.outputs[:1])
    assert log_likelihoods(bank, p, prompts, draws)[0] == pytest.approx(
        log_likelihoods(bank, p, prompts, alone)[0], abs=1e-5
    )


def test_decoding_with_left_padding_matches_single_prompts(bank, models) -> None:
    model = bank.use(str(models / "a"))
    prompts = [[5, 6, 7], [8, 9], [5, 6, 7, 8, 9, 10]]
    together = decode(model, bank.tokenizer, prompts, 4, None)
    assert together == [decode(model, bank.tokenizer, [p], 4, None)[0] for p in prompts]


def test_sampling_frequencies_follow_the_probabilities(bank, models) -> None:
    model, prompt = bank.use(str(models / "a")), [5, 6, 7]
    drawn = [o[0] for o in decode(model, bank.tokenizer, [prompt] * 4000, 1, 3)]
    with torch.no_grad():
        law = torch.softmax(model(torch.tensor([prompt])).logits[0, -1].double(), -1).numpy()
    share = np.bincount(drawn, minlength=law.size) / 4000
    # 257 shares, six standard errors each.
    assert np.all(np.abs(share - law) < 6 * np.sqrt(law / 4000) + 1e-3)


def test_score_and_pool_files_of_saved_models(models: Path, corpus: Corpus, tmp_path: Path) -> None:
    write_prompts(tmp_path / "f.jsonl", corpus.forget)
    write_prompts(tmp_path / "r.jsonl", corpus.retain)
    score_models(*arms(models), tmp_path / "f.jsonl", tmp_path / "s.parquet", Sampling(50, 2, "shift"))
    scores = read_scores(tmp_path / "s.parquet")
    assert scores.arm.size == 100 and scores.metadata["pair"] == "shift"
    assert len(scores.metadata["arm_p"]) == 1
    pool_model(str(models / "a"), tmp_path / "r.jsonl", tmp_path / "f.jsonl", tmp_path / "p.npz", True)
    pool = read_pool(tmp_path / "p.npz")
    assert (pool.n, pool.m) == (len(corpus.retain), len(corpus.retain) + len(corpus.forget))


def test_vocabularies_must_match(models: Path, tokenizer, tmp_path: Path) -> None:
    from experiments.models.load import save_model

    save_model(tiny_model(300, 8, 1, 1), tokenizer, tmp_path / "wide")
    with pytest.raises(ArgumentError, match="vocabulary"):
        FolderBank([str(models / "a"), str(tmp_path / "wide")])


def test_folders_without_safetensors_are_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ArgumentError, match="safetensors"):
        load_model(tmp_path)
    with pytest.raises(ArgumentError, match="model"):
        load_model(tmp_path / "nowhere")


def test_full_pass_mean_is_the_mean_of_item_means(models: Path, tokenizer, corpus: Corpus) -> None:
    model = load_model(models / "a").eval()
    data = encode(tokenizer, corpus.forget)
    whole = full_pass_mean(model, data, 100)
    assert whole.sum() == pytest.approx(1.0, abs=1e-12)
    assert np.allclose(whole, full_pass_mean(model, data, 3), atol=1e-8)


def test_item_scores_by_definition(models: Path, tokenizer, corpus: Corpus) -> None:
    model = load_model(models / "a").eval()
    scores = item_scores(model, tokenizer, corpus.forget)
    assert np.allclose(scores.loss, [-t.mean() for t in scores.tokens])
    assert np.allclose(scores.probability, np.exp(-scores.loss))
    assert np.array_equal(item_losses(model, tokenizer, corpus.forget), scores.loss)
    assert not scores.exact.any()
    assert truth_ratio(model, tokenizer, corpus.forget) == pytest.approx(1.0, abs=0.3)
    assert 0.9 < share_of_uniform_loss(float(scores.loss.mean()), len(tokenizer)) < 1.1


def test_attacks_find_a_planted_difference_and_no_other(models: Path, tokenizer, corpus: Corpus) -> None:
    model = load_model(models / "a").eval()
    seen = item_scores(model, tokenizer, corpus.forget)
    unseen = item_scores(model, tokenizer, corpus.holdout)
    fair = membership_attacks((seen, corpus.forget), (unseen, corpus.holdout))
    assert {a.name for a in fair} == {"loss", "zlib", "min-k", "min-k++"}
    assert all(a.tpr_at_1_percent is None for a in fair)  # 36 unseen items: too few for 1 %
    planted = attack("planted", -seen.loss + 50, -unseen.loss, (["x"] * 12, ["y"] * 36))
    assert planted.auc == 1.0 and planted.advantage_auc == 1.0


def test_auc_counts_ties_as_half() -> None:
    assert auc(np.array([1.0]), np.array([1.0])) == 0.5


def test_blind_baseline_sees_a_text_shift(corpus: Corpus) -> None:
    from dataclasses import replace

    marked = [replace(i, prompt=i.prompt + " certainly") for i in corpus.forget]
    assert blind_baseline(marked, corpus.holdout).auc > 0.95


def test_origin_detectors_prove_a_difference(rng: np.random.Generator) -> None:
    arm = np.repeat([0, 1], 400)
    texts = [f"word {'red' if rng.random() < (0.9 if a else 0.1) else 'blue'}" for a in arm]
    found = origin_detectors(texts, arm, {"noise": rng.normal(size=800)}, 0.99)
    assert found["text classifier"].jsd_lower > 0.1
    assert found["noise"].jsd_lower < 0.02


def test_samples_are_pooled_against_forget_alone(models: Path, corpus: Corpus, tmp_path: Path) -> None:
    """Reusing the retain rows in the mixture would break the independence T17 needs."""
    write_prompts(tmp_path / "f.jsonl", corpus.forget)
    write_prompts(tmp_path / "r.jsonl", corpus.retain)
    pool_model(str(models / "a"), tmp_path / "r.jsonl", tmp_path / "f.jsonl", tmp_path / "p.npz", False)
    pool = read_pool(tmp_path / "p.npz")
    assert (pool.n, pool.m) == (len(corpus.retain), len(corpus.forget))
    assert pool.metadata["share"] == 1.0 and not pool.metadata["finite_population"]
