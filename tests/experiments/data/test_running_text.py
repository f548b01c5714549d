"""Running text: long enough to read a perplexity on, and the same every time."""

from __future__ import annotations

from experiments.data.running_text import running_texts


def test_texts_are_long_and_each_is_another() -> None:
    texts = running_texts()
    assert len(texts) == len(set(texts)) == 8 and min(map(len, texts)) > 400
    assert running_texts(3) == texts[:3] and len(running_texts(40)) > 20
