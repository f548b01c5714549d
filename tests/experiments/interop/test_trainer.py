"""The Trainer adapter does what our loop's steps do: the same losses, and the same weights after some steps."""

from __future__ import annotations

import copy
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import SequentialSampler
from transformers import TrainingArguments

from experiments.data.encoding import encode
from experiments.data.items import Corpus, Item
from experiments.interop.trainer import IGNORED, UnlearningTrainer, batch_of, encoded_of, together
from experiments.methods import METHODS, make_method
from experiments.methods.base import Batch
from experiments.models.tiny import tiny_model
from mari_theory import ArgumentError

LOSS_IS_ALL = (
    "grad-diff",
    "gradient-ascent",
    "kl-gradient-ascent",
    "npo",
    "simnpo",
    "idk-dpo",
    "idk-nll",
    "mari",
    "flat",
)


def features(tokenizer: Any, item: Item) -> dict[str, list[int]]:
    """As OpenUnlearning's datasets give them: only the answer has labels."""
    data = encode(tokenizer, [item])
    ids, labels = data.input_ids[0].tolist(), [IGNORED] * data.input_ids.shape[1]
    for slot, target in zip(data.slots[0].tolist(), data.targets[0].tolist(), strict=True):
        labels[slot + 1] = target
    return {"input_ids": ids, "labels": labels}


def rows(tokenizer: Any, corpus: Corpus, count: int) -> list[dict[str, dict[str, list[int]]]]:
    """A forget item, one that stays, and a refusal (another item's answer stands in) a row."""
    parts = {"forget": corpus.forget, "retain": corpus.retain, "alternate": corpus.retain[count:]}
    return [{name: features(tokenizer, items[k]) for name, items in parts.items()} for k in range(count)]


def test_labels_become_the_answer_positions_of_our_own_encoding(corpus: Corpus, tokenizer: Any) -> None:
    items = [*corpus.forget[:3], *corpus.retain[:2]]
    ours = encode(tokenizer, items)
    theirs = encoded_of(together([{"x": features(tokenizer, i)} for i in items], 1)["x"])
    mask = ours.answer_mask
    assert torch.equal(theirs.answer_mask, mask)
    for name in ("slots", "targets"):
        assert torch.equal(getattr(theirs, name)[mask], getattr(ours, name)[mask])


@pytest.mark.parametrize("name", LOSS_IS_ALL)
def test_its_weights_after_some_steps_are_those_of_the_loss_stepped_by_hand(
    corpus: Corpus, tokenizer: Any, tmp_path: Path, name: str
) -> None:
    model, method, data = tiny_model(len(tokenizer), 8, 1, 1), make_method(name), rows(tokenizer, corpus, 6)
    by_hand, original = copy.deepcopy(model), copy.deepcopy(model)
    collate = partial(together, padding=1)
    settings = TrainingArguments(
        str(tmp_path), max_steps=3, per_device_train_batch_size=2, learning_rate=1e-2, lr_scheduler_type="constant",
        weight_decay=0.0, max_grad_norm=0.0, use_cpu=True, report_to=[], remove_unused_columns=False, save_strategy="no",
        disable_tqdm=True, logging_strategy="no",
    )  # fmt: skip

    class InOrder(UnlearningTrainer):
        def _get_train_sampler(self, dataset: Any = None) -> Any:
            return SequentialSampler(data)

    optimiser = torch.optim.SGD(model.parameters(), lr=0.05)
    constant = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda _: 1.0)
    InOrder(
        model=model,
        args=settings,
        method=method,
        train_dataset=data,
        data_collator=collate,
        optimizers=(optimiser, constant),
    ).train()
    own = torch.optim.SGD(by_hand.parameters(), lr=0.05)
    for k in range(3):
        loss, _ = method.loss(by_hand, batch_of(collate(data[2 * k : 2 * k + 2])), original)
        own.zero_grad()
        loss.backward()
        own.step()
    for a, b in zip(model.parameters(), by_hand.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-6)


def test_a_loss_equals_that_of_our_own_batch(corpus: Corpus, tokenizer: Any) -> None:
    model, data = tiny_model(len(tokenizer), 8, 1, 1), rows(tokenizer, corpus, 4)
    forget, retain = (partial(encode, tokenizer, items[:4]) for items in (corpus.forget, corpus.retain))
    method = make_method("grad-diff")
    ours, _ = method.loss(model, Batch(retain, retain, forget, forget, forget))
    theirs, _ = method.loss(model, batch_of(together(data, 1)))
    assert ours.item() == pytest.approx(theirs.item(), abs=1e-6)


def test_methods_with_a_state_of_their_own_are_refused(tmp_path: Path) -> None:
    model = tiny_model(9, 8, 1, 1)
    methods = [*(make_method(name) for name in METHODS), make_method("mari", past_batches=2)]
    with_state = [m for m in methods if not m.loss_is_all]
    assert {"DareU", "TaskVector", "MarI"} <= {type(m).__name__ for m in with_state}
    for method in with_state:
        with pytest.raises(ArgumentError, match=r"^method: expected one whose loss is all of it"):
            UnlearningTrainer(model=model, args=TrainingArguments(str(tmp_path), use_cpu=True), method=method)


def test_what_a_method_reads_and_the_inputs_lack_is_named(corpus: Corpus, tokenizer: Any) -> None:
    inputs = together(rows(tokenizer, corpus, 2), 1)
    del inputs["alternate"]
    with pytest.raises(ArgumentError, match=r"^inputs: expected a part 'alternate'"):
        make_method("flat").loss(tiny_model(len(tokenizer), 8, 1, 1), batch_of(inputs))
    bare = dict(inputs["forget"], labels=torch.full_like(inputs["forget"]["labels"], IGNORED))
    with pytest.raises(ArgumentError, match=r"^labels: expected at least one in every row"):
        encoded_of(bare)
    first = dict(inputs["forget"], labels=inputs["forget"]["input_ids"])
    with pytest.raises(ArgumentError, match=r"^labels: expected none at the first token"):
        encoded_of(first)
