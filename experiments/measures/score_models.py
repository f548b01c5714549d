"""`mari score` and `mari pool`: evidence files for any two models in folders or on the hub."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch

import mari_theory
from experiments.data.encoding import batch_size, encode, our_asking, require_fit, require_known_words
from experiments.data.files import read_prompts
from experiments.data.templates import ask_alike
from experiments.measures.pair import STATED, Plan, decoding, sample_pair
from experiments.models.banks import FolderBank
from experiments.models.device import AS_USUAL, DTYPES, EXACT, Computing, find_device
from experiments.models.load import load_model, load_tokenizer, weight_hash
from experiments.models.passes import full_pass_mean
from mari_theory import mix
from mari_theory.certificates.asking import Cut, WereCut
from mari_theory.certificates.files import Pool, sha256, write_pool, write_scores
from mari_theory.errors import require

MOST = 10_000
"""Tokens of an answer: none is cut."""


@dataclass(frozen=True)
class Sampling:
    """How outputs are drawn for a score file. Raises `ArgumentError` on counts below 1."""

    draws: int = 1000
    """Outputs an arm."""
    max_new: int = 32
    """Tokens of the longest output."""
    pair: Literal["oracle", "shift"] = "oracle"
    """What the file says it compares."""
    seed: int = 0
    """Of the draws, at least 0; the arms take 2 seed and 2 seed + 1."""
    template: str = "auto"
    """How prompts are asked: `auto`, `none`, `chat`, `question` or a text file (`experiments.data.templates`)."""

    computing: Computing = AS_USUAL
    """Where the models run, and how precisely."""

    def __post_init__(self) -> None:
        require(self.draws >= 1, "--draws", "a number at least 1", self.draws)
        require(self.max_new >= 1, "--max-new", "a number at least 1", self.max_new)


def score_models(p: Sequence[str], q: Sequence[str], prompts: Path, out: Path, sampling: Sampling) -> dict[str, Any]:
    """Draw outputs from each arm (several models in an arm are averaged, T25) and write the score file.

    Prompts are never cut. Raises `ArgumentError` on one that with its output does not fit, and on models that would be asked differently.
    """
    draws, max_new, pair, seed = sampling.draws, sampling.max_new, sampling.pair, sampling.seed
    items = read_prompts(prompts)
    tokenizers = {name: load_tokenizer(name) for name in (*p, *q)}
    require_known_words(tokenizers[p[0]], [replace(i, answer="") for i in items])
    asked = ask_alike(tokenizers, sampling.template, [i.prompt for i in items])
    if sampling.template == "auto":
        why = "its own" if asked.template.text else "prompts as they stand"
        print(f"template {asked.template.name} (auto): {why}", file=sys.stderr, flush=True)
    computing = sampling.computing
    if computing.dtype not in EXACT:
        print(
            f"{computing.dtype}: likelihoods depend on the batch, so the certificate's exact-likelihoods is about as good",
            file=sys.stderr,
            flush=True,
        )
    bank = FolderBank([*p, *q], computing.device, DTYPES[computing.dtype])
    longest = max(len(i) for i in asked.ids) + max_new
    require(longest <= bank.context, "prompt", f"prompt and output within {bank.context} tokens", longest)
    sample = sample_pair(bank, p, q, asked.ids, Plan(draws, max_new, (seed * 2, seed * 2 + 1)))
    end = bank.tokenizer.eos_token_id
    of_p, of_q = (sum(o[-1] != end for o in drawn.outputs) for drawn in (sample.p, sample.q))
    asking = asked.asking().model_copy(
        update={"cut": Cut(prompt=None, output=max_new), "were_cut": WereCut(prompts=0, p=of_p, q=of_q)}
    )
    columns = sample.columns([str(i) for i in range(len(items))], [i.owner for i in items])
    metadata = {
        "pair": pair,
        **STATED,
        "arm_p": {n: bank.hashes[n] for n in p},
        "arm_q": {n: bank.hashes[n] for n in q},
        "decoding": decoding(max_new),
        **asking.metadata(),
        "prompts": {"name": prompts.name, "sha256": sha256(prompts), "count": len(items)},
        "seed": seed,
        **computing.said(),
        "versions": {"torch": torch.__version__, "mari": mari_theory.__version__},
    }
    write_scores(out, columns, metadata)
    return {"rows": 2 * draws, "out": str(out), "pair": pair, **asking.metadata()}


def pool_model(
    model: str, retain: Path, forget: Path, out: Path, complete: bool, computing: Computing = AS_USUAL
) -> dict[str, Any]:
    """Average next-token distributions at answer positions: retain against retain and forget (complete sets, T18), or
    retain against forget (independent samples, T17; the marginal information at share rho is at most rho times it, T12)."""
    sets = [read_prompts(f) for f in (retain, forget)]
    for path, items in zip((retain, forget), sets, strict=True):
        require(all(i.answer for i in items), path.name, "an answer in every row", "an empty or missing answer")
    where = find_device(computing.device)
    network, tokenizer = load_model(model, DTYPES[computing.dtype]).to(where).eval(), load_tokenizer(model)
    require_fit(network, tokenizer, [i for items in sets for i in items], MOST)
    means = [full_pass_mean(network, encode(tokenizer, items), batch_size(tokenizer)) for items in sets]
    n, m = len(sets[0]), len(sets[1])
    # A sample's mixture would reuse the retain rows on both sides, which T17 does not allow: then Q is the forget side alone.
    share = m / (n + m) if complete else 1.0
    metadata = {
        "pair": "marginal",
        "share": share,
        "finite_population": complete,
        "arms": "independent",
        "model": {model: weight_hash(network)},
        **our_asking(tokenizer).metadata(),
        **computing.said(),
        "prompts": {f.name: sha256(f) for f in (retain, forget)},
        "versions": {"torch": torch.__version__, "mari": mari_theory.__version__},
    }
    pool = Pool(means[0], mix(means[0], means[1], share), n, n + m if complete else m, metadata)
    write_pool(out, pool)
    return {"n": n, "forget": m, "share": share, "out": str(out)}
