"""Greedy and sampled continuations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from experiments.models.banks import FolderBank
from experiments.models.decode import decode


def test_decoding_with_left_padding_matches_single_prompts(bank: FolderBank, models: Path) -> None:
    model = bank.use(str(models / "a"))
    prompts = [[5, 6, 7], [8, 9], [5, 6, 7, 8, 9, 10]]
    together = decode(model, bank.tokenizer, prompts, 4, None)
    assert together == [decode(model, bank.tokenizer, [p], 4, None)[0] for p in prompts]


def test_sampling_frequencies_follow_the_probabilities(bank: FolderBank, models: Path) -> None:
    model, prompt = bank.use(str(models / "a")), [5, 6, 7]
    drawn = [o[0] for o in decode(model, bank.tokenizer, [prompt] * 4000, 1, 3)]
    with torch.no_grad():
        law = torch.softmax(model(torch.tensor([prompt])).logits[0, -1].double(), -1).numpy()
    share = np.bincount(drawn, minlength=law.size) / 4000
    # 257 shares, six standard errors each.
    assert np.all(np.abs(share - law) < 6 * np.sqrt(law / 4000) + 1e-3)
