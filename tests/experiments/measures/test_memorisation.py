"""Memorisation, privacy leakage, general utility, rounding and relearning on models whose behaviour is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from experiments.config import LoopSettings
from experiments.data.items import Corpus, Item
from experiments.measures.detectors import tpr_at
from experiments.measures.memorisation import (
    completed_share,
    extraction_strength,
    general_texts,
    general_utility,
    knowledge_memorisation,
    privacy_leakage,
    verbatim_memorisation,
)
from experiments.measures.robustness import Relearning, quantised, relearning_attack, round_weights, survival
from experiments.methods.control import RetainOnly
from experiments.models.tiny import tiny_model
from experiments.unlearning.loop import Task, Watch, run_loop
from mari_theory import ArgumentError


@pytest.fixture(scope="module")
def learnt(corpus: Corpus, tokenizer):
    """A small model that answers forget and retain questions by heart."""
    torch.manual_seed(0)
    model = tiny_model(len(tokenizer), 48, 2, 2, 0)
    settings = LoopSettings(
        steps=200, lr=5e-3, batch_retain=36, batch_forget=1, batch_background=0, evaluate_every=1000
    )
    run_loop(
        Task(model, tokenizer, corpus, [*corpus.forget, *corpus.retain], RetainOnly()), settings, Watch(evaluate=False)
    )
    return model


def test_memorised_answers_come_out(learnt, corpus: Corpus, tokenizer) -> None:
    assert knowledge_memorisation(learnt, tokenizer, corpus.forget, 2).tolist() == [1.0] * len(corpus.forget)
    assert extraction_strength(learnt, tokenizer, corpus.forget).tolist() == [1.0] * len(corpus.forget)
    texts = [f"{i.prompt} {i.answer}" for i in corpus.forget]
    prefix = len(tokenizer(texts[0])["input_ids"]) - 1
    assert verbatim_memorisation(learnt, tokenizer, texts, prefix, 1).tolist() == [1.0] * len(texts)
    wrong = [Item(i.prompt, i.wrong[0], i.owner, i.kind) for i in corpus.forget]
    # The end token alone is completed: one of two tokens.
    assert extraction_strength(learnt, tokenizer, wrong).max() <= 0.5
    with pytest.raises(ArgumentError, match="more than 50 tokens"):
        verbatim_memorisation(learnt, tokenizer, texts, 50, 1)


def test_extraction_strength_can_be_zero() -> None:
    cases = [([True] * 3, 1.0), ([False, True, True], 2 / 3), ([True, True, False], 0.0), ([False], 0.0)]
    assert [completed_share(np.array(r)) for r, _ in cases] == [v for _, v in cases]


def test_privacy_leakage_by_hand() -> None:
    assert privacy_leakage(0.75, 0.5) == 50.0 and privacy_leakage(0.4, 0.4) == 0.0
    with pytest.raises(ArgumentError, match="oracle_auc"):
        privacy_leakage(0.5, 0.0)


def test_general_utility_of_a_uniform_model(tokenizer, corpus: Corpus) -> None:
    model = tiny_model(len(tokenizer), 16, 1, 2, 0)
    with torch.no_grad():
        model.lm_head.weight.zero_()
    text = " ".join(i.prompt for i in corpus.retain)
    made = general_utility(model, tokenizer, [text], 16)
    count = len(tokenizer(text)["input_ids"])
    assert made.perplexity == pytest.approx(len(tokenizer), rel=1e-5)
    assert made.tokens == count - -(-count // 16)  # the first token of each window is given
    with pytest.raises(ArgumentError, match="two tokens"):
        general_utility(model, tokenizer, ["bara"])
    assert len(general_texts(5)) == 5 and min(map(len, general_texts())) > 400


def test_rounding_to_bits() -> None:
    weight = torch.randn(5, 100, generator=torch.Generator().manual_seed(0))
    for bits in (2, 4, 8):
        rounded = round_weights(weight, bits, 32)
        for part, old in zip(rounded.split(32, 1), weight.split(32, 1), strict=True):
            step = old.abs().amax(1, keepdim=True) / (2 ** (bits - 1) - 1)
            assert bool(((part - old).abs() <= step / 2 + 1e-7).all())
            assert all(len(torch.unique(row)) <= 2**bits - 1 for row in part)
    with pytest.raises(ArgumentError, match="bits"):
        quantised(tiny_model(20, 16, 1, 2, 0), 1)


def test_survival_of_a_model_that_remembers_and_relearning_of_one_that_does_not(
    learnt, corpus: Corpus, tokenizer
) -> None:
    before = {n: p.clone() for n, p in learnt.named_parameters()}
    made = survival(learnt, tokenizer, corpus, corpus.holdout)
    assert list(made) == ["8-bit", "4-bit", "relearned"]
    assert made["8-bit"]["forget"] > 0.9 and made["8-bit"]["auc"] > 0.95
    assert all(torch.equal(p, before[n]) for n, p in learnt.named_parameters())
    blank = tiny_model(len(tokenizer), 48, 2, 2, 1)
    attack = relearning_attack(blank, tokenizer, corpus, Relearning(0.5, steps=15, lr=5e-3))
    assert {i.owner for i in attack.hidden} < {i.owner for i in corpus.forget} and attack.after > attack.before
    with pytest.raises(ArgumentError, match="share"):
        relearning_attack(blank, tokenizer, corpus, Relearning(1.0))


def test_tpr_needs_enough_negatives_and_covers() -> None:
    rng = np.random.default_rng(5)
    assert tpr_at(rng.normal(size=50), rng.normal(size=99), 0.01) is None
    assert tpr_at(rng.normal(size=50), rng.normal(size=999), 0.001) is None
    tpr, low, high = tpr_at(rng.normal(size=50) + 10, rng.normal(size=100), 0.01)
    assert tpr == 1.0 and low == pytest.approx(0.025 ** (1 / 50), abs=1e-9) and high == 1.0
    # Ties do not count as hits.
    assert tpr_at(np.zeros(30), np.zeros(400), 0.01)[0] == 0.0


def test_harness_runs_a_local_task(learnt, tokenizer, tmp_path: Path) -> None:
    pytest.importorskip("lm_eval")
    from experiments.interop.lm_eval import evaluate_tasks

    rows = '{"question": "birth city", "answer": "oslo"}\n{"question": "main genre", "answer": "satire"}\n'
    (tmp_path / "rows.jsonl").write_text(rows)
    (tmp_path / "task.yaml").write_text(
        f"""task: local_words
dataset_path: json
dataset_kwargs: {{data_files: {{test: {tmp_path / "rows.jsonl"}}}}}
test_split: test
output_type: loglikelihood
doc_to_text: "{{{{question}}}}"
doc_to_target: " {{{{answer}}}}"
metric_list: [{{metric: perplexity, aggregation: perplexity, higher_is_better: false}}]
"""
    )
    found = evaluate_tasks(learnt, tokenizer, ["local_words"], tmp_path)
    assert found["local_words"]["perplexity"] > 0
    with pytest.raises(ArgumentError, match="task"):
        evaluate_tasks(learnt, tokenizer, ["no_such_task"], tmp_path)
