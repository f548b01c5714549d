"""The harness runs a task of a folder on a model already loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mari_theory import ArgumentError


def test_harness_runs_a_local_task(learnt: Any, tokenizer: Any, tmp_path: Path) -> None:
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
