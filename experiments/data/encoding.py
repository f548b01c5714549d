"""Items to tensors: prompts and answers padded on the right, answer positions known and aligned."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

import numpy as np
import torch
from torch import Tensor

from experiments.data.items import Item
from experiments.data.templates import AS_IT_STANDS, QUESTION, PromptTemplate
from mari_theory.certificates.asking import Asking
from mari_theory.errors import require


@dataclass(frozen=True)
class Encoded:
    """A batch of prompts with their answers, padded on the right."""

    input_ids: Tensor
    """Prompt, answer and end token, padded with end tokens, shape (items, tokens)."""
    attention_mask: Tensor
    """1 on real tokens and 0 on padding, shape (items, tokens)."""
    slots: Tensor
    """Position whose logits predict the j-th answer token of item i, shape (items, answer tokens)."""
    targets: Tensor
    """That token's id, shape (items, answer tokens)."""
    answer_mask: Tensor
    """Boolean, true where there is such a token and it counts, shape (items, answer tokens)."""
    kinds: tuple[str, ...]
    """Types of the questions, one an item; empty where not known."""

    def __len__(self) -> int:
        return int(self.input_ids.shape[0])

    def to(self, device: str | torch.device) -> Encoded:
        """The same batch on a device."""
        return self._map(lambda t: t.to(device), self.kinds)

    def part(self, start: int, stop: int) -> Encoded:
        """Items start to stop."""
        return self._map(lambda t: t[start:stop], self.kinds[start:stop])

    def _map(self, change: Callable[[Tensor], Tensor], kinds: tuple[str, ...]) -> Encoded:
        return Encoded(
            change(self.input_ids),
            change(self.attention_mask),
            change(self.slots),
            change(self.targets),
            change(self.answer_mask),
            kinds,
        )


def encode(tokenizer: Any, items: Sequence[Item], max_answer: int = 10_000) -> Encoded:
    """Tokenise and pad. Answers are cut after `max_answer` tokens."""
    require(len(items) > 0, "items", "at least one item", 0)
    prompts = many_prompt_ids(tokenizer, [i.prompt for i in items])
    lead = "" if is_word_level(tokenizer) else " "
    answers = tokenizer([lead + i.answer for i in items], add_special_tokens=False)["input_ids"]
    end = int(tokenizer.eos_token_id)
    pairs = [(p, [*a, end][:max_answer]) for p, a in zip(prompts, answers, strict=True)]
    return encode_ids(pairs, end, tuple(i.kind for i in items))


def encode_twins(tokenizer: Any, items: Sequence[Item], twins: Sequence[Item], max_answer: int = 10_000) -> Encoded:
    """Twins (the same questions about other subjects) laid out like their items: position j is about the same words.

    Answer tokens a twin does not share, the subject's name above all, are masked: there the two rightly differ.
    """
    if all(i.answer == t.answer for i, t in zip(items, twins, strict=True)):
        return encode(tokenizer, twins, max_answer)
    # A longer name must not push the last shared words over the cut.
    own, other = encode(tokenizer, items, max_answer), encode(tokenizer, twins, max_answer + 16)
    slots = torch.zeros_like(own.slots)
    overlap = torch.zeros_like(own.answer_mask)
    for i in range(len(own)):
        a, b = (x.targets[i][x.answer_mask[i]].tolist() for x in (own, other))
        for at, there, length in SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks():
            slots[i, at : at + length] = other.slots[i, there : there + length]
            overlap[i, at : at + length] = True
    return replace(other, slots=slots, targets=own.targets, answer_mask=overlap, kinds=own.kinds)


def many_prompt_ids(tokenizer: Any, prompts: Sequence[str]) -> list[list[int]]:
    """Token ids of prompts in our own template, no token before them."""
    texts = [our_template(tokenizer).write(tokenizer, p) for p in prompts]
    return [list(x) for x in tokenizer(texts, add_special_tokens=False)["input_ids"]]


def our_template(tokenizer: Any) -> PromptTemplate:
    """How our training and audits ask: the bare text for word-level vocabularies, `Question: ... Answer:` for real ones."""
    return AS_IT_STANDS if is_word_level(tokenizer) else QUESTION


def our_asking(tokenizer: Any) -> Asking:
    """The same as evidence files say it."""
    return Asking(template=our_template(tokenizer).said(), bos=None)


def require_fit(model: Any, tokenizer: Any, items: Sequence[Item], max_answer: int, max_new: int = 0) -> None:
    """The tokenizer is the model's, and every prompt leaves room in the context for its answer and for `max_new` tokens.

    Raises `ArgumentError` naming the longest item and the limit, or a word that the tokenizer does not know.
    """
    require_known_words(tokenizer, items)
    require(tokenizer.eos_token_id is not None, "tokenizer", "one with an end-of-sequence token", "none")
    rows = model.get_input_embeddings().weight.shape[0]
    require(len(tokenizer) <= rows, "tokenizer", f"at most the model's {rows} tokens", f"{len(tokenizer)} tokens")
    limit = getattr(model.config, "max_position_embeddings", None)
    if limit is None:
        return
    lead = "" if is_word_level(tokenizer) else " "
    prompts = many_prompt_ids(tokenizer, [i.prompt for i in items])
    answers = tokenizer([lead + i.answer for i in items], add_special_tokens=False)["input_ids"]
    lengths = [len(p) + max(min(len(a) + 1, max_answer), max_new) for p, a in zip(prompts, answers, strict=True)]
    worst = int(np.argmax(lengths))
    text = items[worst].prompt[:60]
    require(
        lengths[worst] <= limit, "prompt", f"prompt and answer within {limit} tokens", f"{lengths[worst]}: {text}..."
    )


def require_known_words(tokenizer: Any, items: Sequence[Item]) -> None:
    """Raises `ArgumentError` on text that the tokenizer does not know: any word for a vocabulary of words, above 1 % of tokens for others."""
    unknown = tokenizer.unk_token_id
    if unknown is None or unknown == tokenizer.eos_token_id:
        return
    texts = list(dict.fromkeys(text for i in items for text in (i.prompt, i.answer)))
    rows = tokenizer(texts, add_special_tokens=False)["input_ids"]
    lost, total = sum(row.count(unknown) for row in rows), sum(map(len, rows))
    if lost <= (0 if is_word_level(tokenizer) else total / 100):
        return
    words = dict.fromkeys(word for text in texts for word in text.split())
    missing = [w for w in words if unknown in tokenizer(w, add_special_tokens=False)["input_ids"]]
    rule = f"text in the {len(tokenizer)} words of this model's tokenizer, or a model that reads any text"
    require(False, "tokenizer", rule, f"{lost} of {total} tokens unknown: {', '.join(missing[:3])}")


_BATCH: ContextVar[int | None] = ContextVar("batch", default=None)


@contextmanager
def batches_of(size: int | None) -> Iterator[None]:
    """Within it so many items are scored at once; None: as many as suit the vocabulary. Raises `ArgumentError` on a size below 1."""
    require(size is None or size >= 1, "--batch", "a number at least 1", size)
    token = _BATCH.set(size)
    try:
        yield
    finally:
        _BATCH.reset(token)


def batch_size(tokenizer: Any) -> int:
    """Items scored at once: as `batches_of` says, else many where the vocabulary is small, few where logits fill the memory."""
    return _BATCH.get() or (512 if is_word_level(tokenizer) else 32)


def is_word_level(tokenizer: Any) -> bool:
    """Is its vocabulary so small that it stands for whole words, as those of the tiny models do?"""
    return len(tokenizer) < 4096


def encode_ids(pairs: Sequence[tuple[list[int], list[int]]], pad: int, kinds: tuple[str, ...] = ()) -> Encoded:
    """Pad (prompt, answer) id lists on the right."""
    n, width = len(pairs), max(len(p) + len(a) for p, a in pairs)
    longest = max(len(a) for _, a in pairs)
    ids, mask = np.full((n, width), pad), np.zeros((n, width), dtype=np.int64)
    slots, targets = np.zeros((n, longest), dtype=np.int64), np.zeros((n, longest), dtype=np.int64)
    answer_mask = np.zeros((n, longest), dtype=bool)
    for i, (p, a) in enumerate(pairs):
        ids[i, : len(p) + len(a)] = p + a
        mask[i, : len(p) + len(a)] = 1
        slots[i, : len(a)] = np.arange(len(p) - 1, len(p) - 1 + len(a))
        targets[i, : len(a)] = a
        answer_mask[i, : len(a)] = True
    tensors = [torch.from_numpy(x) for x in (ids, mask, slots, targets, answer_mask)]
    return Encoded(tensors[0], tensors[1], tensors[2], tensors[3], tensors[4], kinds or ("",) * n)


def answer_log_probs(model: Any, batch: Encoded) -> Tensor:
    """Next-token log-probabilities at every answer position, float32 (float64 stays), shape (items, answer tokens, vocab)."""
    asked = {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask, "use_cache": False}
    if hasattr(model, "trunk_states"):  # the head at answer positions alone
        rows = model(**asked, logits_to_keep=batch.slots).logits
    else:
        logits = model(**asked, **_window(batch)).logits
        index = (batch.slots - (batch.input_ids.shape[1] - logits.shape[1])).clamp(min=0)
        rows = torch.gather(logits, 1, index[..., None].expand(-1, -1, logits.shape[-1]))
    precise = rows if rows.dtype == torch.float64 else rows.float()
    return torch.log_softmax(precise, dim=-1)


def token_log_probs(log_probs: Tensor, batch: Encoded) -> Tensor:
    """Log-probability of each answer token, 0 where masked, shape (items, answer tokens)."""
    values = torch.gather(log_probs, 2, batch.targets[..., None])[..., 0]
    return values * batch.answer_mask


def answer_loss(log_probs: Tensor, batch: Encoded) -> Tensor:
    """Mean negative log-likelihood an answer token (over all answer tokens of the batch), nats."""
    return -token_log_probs(log_probs, batch).sum() / batch.answer_mask.sum()


def _window(batch: Encoded) -> dict[str, Any]:
    """Compute logits only from the first answer position on."""
    first = int(batch.slots[batch.answer_mask].min())
    return {"logits_to_keep": batch.input_ids.shape[1] - first}
