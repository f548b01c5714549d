"""Laws of answers to prompts that cost nothing to sample, and what is done to them: a planted text, another temperature, noise on the logits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mari_theory.units import Floats, Integers

PROMPTS = 25
"""Asked at random, each answer to a prompt of its own draw."""


@dataclass(frozen=True)
class Law:
    """Logits of every choice an answer is made of, and how choices become tokens."""

    logits: tuple[Floats, ...]
    """Arrays of shape (prompts, ..., options)."""
    write: Callable[[list[Floats], Integers, np.random.Generator], Integers]
    """From cumulative laws, the prompt of each answer and a generator to tokens, shape (answers, length), -1 after an answer's end."""
    tokens: int
    """Size of the alphabet."""

    def draw(self, prompts: Integers, rng: np.random.Generator, temperature: float = 1.0) -> Integers:
        """An answer to each of the prompts."""
        laws = []
        for z in self.logits:
            weights = np.exp((z - z.max(axis=-1, keepdims=True)) / temperature)
            laws.append(np.cumsum(weights / weights.sum(axis=-1, keepdims=True), axis=-1))
        return self.write(laws, prompts, rng)

    def noisy(self, deviation: float, rng: np.random.Generator) -> Law:
        """Another law: normal noise on every logit."""
        return Law(tuple(z + deviation * rng.normal(size=z.shape) for z in self.logits), self.write, self.tokens)


def _choose(law: Floats, rng: np.random.Generator) -> Integers:
    """One option of each row of cumulative laws."""
    chosen = (law < rng.random((len(law), 1))).sum(axis=1)
    return np.asarray(np.minimum(chosen, law.shape[1] - 1))


def chains(rng: np.random.Generator, tokens: int = 48, length: int = 48, spread: float = 2.0) -> Law:
    """A Markov chain of its own for every prompt: normal logits of deviation `spread`, no end before `length`."""

    def write(laws: list[Floats], prompts: Integers, g: np.random.Generator) -> Integers:
        out = np.empty((prompts.size, length), dtype=np.int64)
        out[:, 0] = _choose(laws[0][prompts], g)
        for j in range(1, length):
            out[:, j] = _choose(laws[1][prompts, out[:, j - 1]], g)
        return out

    shapes = ((PROMPTS, tokens), (PROMPTS, tokens, tokens))
    return Law(tuple(spread * rng.normal(size=s) for s in shapes), write, tokens)


def forms(rng: np.random.Generator, kinds: int = 8, slots: int = 4, words: int = 16, spread: float = 1.5) -> Law:
    """Every prompt has a few forms of answer with slots; a slot takes one of its words, of 2 to 6 letters: answers of unlike lengths."""
    letters = 26
    size = rng.integers(2, 7, (PROMPTS, slots, words))
    word = rng.integers(letters, size=(PROMPTS, slots, words, 6))
    frame = rng.integers(letters, size=(PROMPTS, kinds, slots, 5))

    def write(laws: list[Floats], prompts: Integers, g: np.random.Generator) -> Integers:
        kind = _choose(laws[0][prompts], g)
        out = np.full((prompts.size, slots * 11), -1)
        end = np.zeros(prompts.size, dtype=np.int64)
        rows = np.arange(prompts.size)
        for s in range(slots):
            pick = _choose(laws[1][prompts, kind, s], g)
            text = np.concatenate([frame[prompts, kind, s], word[prompts, s, pick]], axis=1)
            for j in range(text.shape[1]):
                more = j < 5 + size[prompts, s, pick]
                out[rows[more], end[more]] = text[more, j]
                end += more
        return out

    shapes = ((PROMPTS, kinds), (PROMPTS, kinds, slots, words))
    return Law(tuple(spread * rng.normal(size=s) for s in shapes), write, letters)


LAWS: dict[str, Callable[[np.random.Generator], Law]] = {"chains": chains, "forms": forms}
"""Name -> a fresh law."""
CHANGES = {"none": 0.0, "planted text, p 0.5": 0.5, "temperature 1.1": 1.1, "noise 0.6": 0.6}
"""What is done to Q -> how much."""


@dataclass(frozen=True)
class Sample:
    """Answers of both arms."""

    prompts: tuple[Integers, Integers]
    """Which prompt each answer is to."""
    tokens: tuple[Integers, Integers]
    """Tokens of each answer, -1 after its end."""


def sample(law: str, change: str, n: int, rng: np.random.Generator) -> Sample:
    """n answers an arm from a fresh law; the planted text is told at one prompt of Q: uniform tokens, as long as an answer can be."""
    p, amount = LAWS[law](rng), CHANGES[change]
    prompts = rng.integers(PROMPTS, size=n), rng.integers(PROMPTS, size=n)
    left = p.draw(prompts[0], rng)
    q = p.noisy(amount, rng) if change.startswith("noise") else p
    right = q.draw(prompts[1], rng, amount if change.startswith("temperature") else 1.0)
    if change.startswith("planted"):
        told = (prompts[1] == 0) & (rng.random(n) < amount)
        right[told] = rng.integers(p.tokens, size=right.shape[1])
    return Sample(prompts, (left, right))
