"""A tiny decoder from scratch and the word-level tokenizer of a generated corpus."""

from __future__ import annotations

from typing import Any

import torch

from experiments.data.generated import vocabulary
from experiments.data.items import Corpus


def tiny_tokenizer(corpus: Corpus) -> Any:
    """Word-level tokenizer over every word the generated corpus can use."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = ["<pad>", "<end>", "<unk>", *vocabulary(corpus)]
    inner = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="<pad>", eos_token="<end>", unk_token="<unk>")


def tiny_model(vocab: int, width: int = 64, layers: int = 2, heads: int = 2, seed: int = 0) -> Any:
    """A Llama-shaped decoder with random weights, float32, about 0.1 M parameters at the defaults."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocab,
            hidden_size=width,
            intermediate_size=2 * width,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            num_key_value_heads=heads,
            max_position_embeddings=64,
            tie_word_embeddings=False,
            pad_token_id=0,
            bos_token_id=None,
            eos_token_id=1,
        )
    )
