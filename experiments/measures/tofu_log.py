"""TOFU's evaluation log of a model here, as `tofu_metrics` reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.data.items import Item
from experiments.measures.items import perturbed_losses
from experiments.measures.memorisation import knowledge_memorisation
from experiments.measures.tofu_metrics import (
    FORGET,
    Log,
    answer_probability,
    forget_quality,
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
) -> Log:
    """The log that `tofu_metrics` reads, of a model here: per-item losses (nats a token) of the true, paraphrased and wrong answers, and ROUGE-L recall.

    Answers are cut at `max_answer` tokens and greedy answers, asked of the first `generated` items of a task, at `max_new`.
    """
    out = {}
    for name, items in tasks.items():
        if not items:
            continue
        losses = perturbed_losses(model, tokenizer, items, max_answer)
        task: dict[str, list[Any]] = {"avg_gt_loss": losses.true.tolist(), "average_perturb_loss": losses.wrong}
        if all(i.paraphrase for i in items):
            task["avg_paraphrased_loss"] = losses.paraphrased.tolist()
        questions = items[:generated]
        if questions:
            task["rougeL_recall"] = knowledge_memorisation(model, tokenizer, questions, max_new).tolist()
        out[name] = task
    return out


def tofu_numbers(log: Log, oracle: Log) -> dict[str, Any]:
    """Forget quality against a retrained model's log, forget truth ratio, mean answer probability a task, and model utility.

    Utility is None where the corpus holds no retained question with wrong answers, or nothing was generated.
    """
    whole = all("rougeL_recall" in log[t] for t in log) and "eval_log.json" in log
    return {
        "questions": len(log[FORGET]["avg_gt_loss"]),
        "forget_quality": forget_quality(log, oracle),
        "truth_ratio": truth_ratio_score(log[FORGET], forget=True),
        "probability": {name: answer_probability(name, task) for name, task in log.items()},
        "model_utility": model_utility(log) if whole else None,
    }
