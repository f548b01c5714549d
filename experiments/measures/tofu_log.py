"""TOFU's evaluation log of a model here, made here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.data.items import Item
from experiments.measures.items import perturbed_losses
from experiments.measures.memorisation import knowledge_memorisation
from experiments.measures.model_log import FORGET, ModelLog, TaskLog, as_numbers
from experiments.measures.tofu_metrics import (
    answer_probability,
    forget_quality,
    has_utility,
    model_utility,
    truth_ratio_score,
)


def evaluation_log(
    model: Any,
    tokenizer: Any,
    tasks: Mapping[str, Sequence[Item]],
    max_answer: int = 64,
    max_new: int = 64,
    generated: int | None = None,
) -> ModelLog:
    """The log of a model here: per-item losses (nats a token) of the true, paraphrased and wrong answers, and ROUGE-L recall.

    Answers are cut at `max_answer` tokens and greedy answers, asked of the first `generated` items of a task, at `max_new`.
    """
    out = {}
    for name, items in tasks.items():
        if not items:
            continue
        losses = perturbed_losses(model, tokenizer, items, max_answer)
        questions = items[:generated]
        out[name] = TaskLog(
            true=losses.true,
            wrong=as_numbers(losses.wrong, "wrong", axes=2),
            paraphrased=losses.paraphrased if all(i.paraphrase for i in items) else None,
            recall=knowledge_memorisation(model, tokenizer, questions, max_new) if questions else None,
        )
    return ModelLog(out)


def tofu_numbers(log: ModelLog, oracle: ModelLog) -> dict[str, Any]:
    """Forget quality against a retrained model's log, forget truth ratio, mean answer probability a task, and model utility.

    Utility is None where the corpus holds no retained question with wrong answers, or nothing was generated.
    """
    forget = log.task(FORGET)
    return {
        "questions": len(forget.true),
        "forget_quality": forget_quality(log, oracle),
        "truth_ratio": truth_ratio_score(forget, forget=True),
        "probability": {name: answer_probability(name, task) for name, task in log.tasks.items()},
        "model_utility": model_utility(log) if has_utility(log) else None,
    }
