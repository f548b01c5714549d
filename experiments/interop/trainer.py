"""Any method whose loss is all of it, as a Hugging Face `Trainer`; its inputs are those of OpenUnlearning's trainers: `forget` and `retain`."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import Trainer

from experiments.data.encoding import Encoded
from experiments.methods.base import Batch, Method, Reference
from mari_theory.errors import ArgumentError, require

IGNORED = -100
"""Label of a token that does not count."""
Inputs = Mapping[str, Tensor]
"""`input_ids`, `attention_mask` and `labels`, shape (items, tokens)."""
PARTS = {"template": "alternate", "matched": "matched"}
"""What some methods read besides, and its name in the inputs."""


class UnlearningTrainer(Trainer):  # type: ignore[misc]
    """`Trainer` that minimises a method's loss: `UnlearningTrainer(model=..., method=make_method("npo"), train_dataset=..., ...)`.

    A batch is a mapping `{"forget": inputs, "retain": inputs}` (`together` collates items of that form), with `"alternate"` for methods that
    teach another answer and `"matched"` for matched references; set `remove_unused_columns=False`. The original that a loss reads is a frozen copy
    of the model as it came. Raises `ArgumentError` for a method with a state or weights of its own to change (task vectors, DareU): `mari unlearn` runs those.
    """

    def __init__(self, *arguments: Any, method: Method, reference: Any = None, **settings: Any) -> None:
        require(method.loss_is_all, "method", "one whose loss is all of it", type(method).__name__)
        super().__init__(*arguments, **settings)
        self.method = method
        needed = method.reference
        require(
            needed is not Reference.BASE or reference is not None, "reference", "the model before fine-tuning", None
        )
        if needed is Reference.ORIGINAL and reference is None:
            reference = copy.deepcopy(self.model)
        self.reference = None if needed is Reference.NONE else reference.eval().requires_grad_(False)

    def compute_loss(
        self,
        model: Any,
        inputs: Mapping[str, Inputs],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """The method's loss of one batch; with `return_outputs` the model's outputs on the forget items beside it."""
        for name in ("forget", "retain"):
            require(name in inputs, "inputs", "the parts forget and retain", sorted(inputs))
        loss, _ = self.method.loss(model, batch_of(inputs), self.reference)
        return (loss, model(**inputs["forget"])) if return_outputs else loss


def batch_of(inputs: Mapping[str, Inputs]) -> Batch:
    """The batch that a method reads; a part that is not there is an `ArgumentError` when it is asked for."""

    def part(name: str) -> Callable[[], Encoded]:
        def read() -> Encoded:
            if name not in inputs:
                raise ArgumentError("inputs", f"a part {name!r} for this method", sorted(inputs))
            return encoded_of(inputs[name])

        return read

    retain = part("retain")
    return Batch(retain, retain, part("forget"), part(PARTS["matched"]), part(PARTS["template"]))


def encoded_of(inputs: Inputs) -> Encoded:
    """Padded rows with labels as a batch with answer positions: the answer is what has a label, wherever it stands.

    Raises `ArgumentError` on rows without a label, and on a label at the first token, which nothing predicts.
    """
    labels = inputs["labels"]
    counted = labels != IGNORED
    require(not bool(counted[:, 0].any()), "labels", "none at the first token", "one")
    lengths = counted.sum(1)
    require(bool((lengths > 0).all()), "labels", "at least one in every row", "a row without")
    width = int(lengths.max())
    # Stable: the labelled places of every row first, in order.
    places = torch.argsort((~counted).long(), dim=1, stable=True)[:, :width]
    mask = torch.arange(width, device=labels.device) < lengths[:, None]
    return Encoded(
        input_ids=inputs["input_ids"],
        attention_mask=inputs["attention_mask"],
        slots=torch.where(mask, places - 1, 0),
        targets=torch.where(mask, labels.gather(1, places), 0),
        answer_mask=mask,
        kinds=(),
    )


def together(items: Sequence[Mapping[str, Mapping[str, Sequence[int]]]], padding: int) -> dict[str, dict[str, Tensor]]:
    """Collate items `{"forget": {"input_ids": ..., "labels": ...}, "retain": ...}`, padded on the right."""

    def padded(part: str, key: str, value: int) -> Tensor:
        return pad_sequence([torch.tensor(i[part][key]) for i in items], batch_first=True, padding_value=value)

    out = {}
    for part in items[0]:
        ids, labels = padded(part, "input_ids", padding), padded(part, "labels", IGNORED)
        lengths = torch.tensor([len(i[part]["input_ids"]) for i in items])
        mask = (torch.arange(ids.shape[1]) < lengths[:, None]).long()
        out[part] = {"input_ids": ids, "attention_mask": mask, "labels": labels}
    return out
