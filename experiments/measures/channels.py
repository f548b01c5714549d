"""The ladder of access: what a detector sees of a model, as a law over named options at every place of every prompt.

A channel is a function of the whole output or of the model's probabilities, so what one channel certifies bounds every channel that can
be computed from it (T3, T35). These three are exact for the prompts: no sampling, so per-prompt and worst-owner numbers come with them.
`experiments.measures.ladder` has every rung, the sampled ones too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from experiments.data.encoding import answer_log_probs, batch_size, encode
from experiments.data.items import Item, Part
from experiments.measures.context import Measurements
from experiments.measures.items import item_losses
from experiments.measures.laws import REST, Floats, Names, Place, answer_options
from experiments.measures.result import PairResult
from experiments.measures.sampled import Arms, certify_laws
from experiments.models.passes import slices
from experiments.unlearning.roles import Mixture
from mari_theory.errors import require

MOST_TOKENS = 4096
"""Tokens of a law over a vocabulary that an option file lists."""
Table = list[list[Floats]]
"""Item -> place -> probability of each option."""


@dataclass(frozen=True)
class Channel:
    """What a detector sees."""

    name: str
    """Also its access in evidence and certificates (`mari_theory.certificates.words.ACCESS`)."""
    sentence: str
    """How the law was made, for the evidence file; `{longest}` is the cut of an answer in tokens."""
    laws: Callable[[Any, Any, Sequence[Item], int], Table]
    """Of a model, with its tokenizer, on items whose answers are cut at so many tokens."""
    options: Callable[[int], Sequence[str]]
    """Names of the options of a law that has so many."""
    over_vocabulary: bool
    """Are the options a model's tokens? Then rare ones go to the rest."""
    applies: Callable[[Sequence[Item]], bool] = lambda items: True
    """Do all items have what the channel needs?"""


def choice_laws(model: Any, tokenizer: Any, items: Sequence[Item], longest: int) -> Table:
    r"""Softmax of minus the mean token losses of the true answer and of every wrong one: which of them would the model pick?

    .. math:: c(o) \propto \exp\left(-\tfrac{1}{|o|} \sum_t -\ln p(o_t | x, o_{<t})\right)
    """
    asked = [replace(i, answer=answer) for i in items for answer in (i.answer, *i.wrong)]
    losses = item_losses(model, tokenizer, asked, longest)
    out, start = [], 0
    for item in items:
        own = np.exp(-losses[start : start + 1 + len(item.wrong)])
        out.append([own / own.sum()])
        start += len(own)
    return out


def first_token_laws(model: Any, tokenizer: Any, items: Sequence[Item], longest: int) -> Table:
    """The law of the first token of an answer."""
    return next_token_laws(model, tokenizer, items, 1)


def next_token_laws(model: Any, tokenizer: Any, items: Sequence[Item], longest: int) -> Table:
    """The law of the next token at every place of the true answer, given what comes before it; the end of the answer is a place too."""
    out = []
    with torch.no_grad():
        for part in slices(encode(tokenizer, items, longest), batch_size(tokenizer), model):
            table = answer_log_probs(model, part).double().exp()
            for law, mask in zip(table / table.sum(-1, keepdim=True), part.answer_mask, strict=True):
                out.append(list(law[mask].cpu().numpy()))
    return out


def _tokens(count: int) -> Sequence[str]:
    return Names(count, str)


CHANNELS = {
    channel.name: channel
    for channel in (
        Channel(
            "choice",
            "softmax of minus the mean token losses of the true answer and {wrong} false ones, answers cut at {longest} tokens",
            choice_laws,
            answer_options,
            over_vocabulary=False,
            applies=lambda items: all(i.wrong for i in items),
        ),
        Channel("first-token", "first token of an answer, temperature 1", first_token_laws, _tokens, True),
        Channel(
            "next-token",
            "next token at a random place of the true answer, context given, answers cut at {longest} tokens",
            next_token_laws,
            _tokens,
            over_vocabulary=True,
        ),
    )
}
"""By name, from what sees least; another is one line here, its access sentence and its name in `ScoringConfig.channels`."""


def exact_rungs(names: Iterable[str]) -> list[str]:
    """Those of the named rungs whose laws are known at every place: their numbers need no draws."""
    return [name for name in names if name in CHANNELS]


def rung(m: Measurements, row: Mixture, channel: Channel, split: Part = "forget") -> PairResult | None:
    """The oracles against a row's models on one channel, exactly certified. None where the data have no such channel."""
    items = m.asked(split)
    if not channel.applies(items):
        return None
    arms = Arms("oracle", m.reference, row, split)
    # Over a vocabulary an arm is written as its average: a row a model would make a file of ten million rows.
    listed = [_as_one(arm, side) if channel.over_vocabulary else arm for arm, side in ((arms.p, "P"), (arms.q, "Q"))]
    tables = {
        name: mean_table(m.table(channel.name, x, split, channel.laws) for x in members)
        for names, arm in zip(listed, (arms.p, arms.q), strict=True)
        for name, members in zip(names, [arm] if len(names) < len(arm) else [(a,) for a in arm], strict=True)
    }
    places = []
    for k, item in enumerate(items):
        for number, law in enumerate(tables[listed[0][0]][k]):
            require(len(law) >= 2, channel.name, "at least two options", f"{len(law)} for {item.prompt[:40]!r}")
            laws = {name: table[k][number] for name, table in tables.items()}
            place = Place(f"{split}-{k}", item.owner, number, channel.options(len(law)), laws)
            places.append(place.trimmed(MOST_TOKENS) if channel.over_vocabulary else place)
    sentence = channel.sentence.format(longest=m.config.unlearn.max_answer, wrong=len(items[0].wrong))
    seen = {"access": channel.name, "channel": sentence} | ({"rest": REST} if channel.over_vocabulary else {})
    path = m.evidence(row.name, f"oracle-{channel.name}" + ("" if split == "forget" else f"-{split}"))
    margin = m.config.scoring.margin_of(channel.name)
    columns = (listed[0], listed[1])
    return PairResult(certificate=certify_laws(m, arms, places, path, path.stem, seen, margin, columns))


def _as_one(arm: tuple[str, ...], side: str) -> tuple[str, ...]:
    """Name of an arm's average; an arm of one model keeps its own."""
    return arm if len(arm) == 1 else (f"average of the {len(arm)} models of arm {side}",)


def mean_table(tables: Iterable[Table]) -> Table:
    """Of a mixture of models, each equally likely; added up one by one, as a table over a vocabulary may take gigabytes."""
    total: Table = []
    count = 0
    for count, table in enumerate(tables, 1):
        total = _sum(total, table) if count > 1 else table
    return total if count == 1 else [[law / count for law in places] for places in total]


def _sum(one: Table, other: Table) -> Table:
    return [[a + b for a, b in zip(x, y, strict=True)] for x, y in zip(one, other, strict=True)]
