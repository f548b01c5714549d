"""The words of a certificate: each is an id in the file and a sentence when it is printed. Ids are never parsed."""

from __future__ import annotations

PAIRS = {
    "marginal": "one model's outputs on retain inputs (P) against retain and forget inputs together (Q)",
    "oracle": "the model retrained without the forget set (P) against the unlearned model (Q), same prompts",
    "shift": "the original model (P) against the unlearned model (Q), same prompts",
    "matched": "one model on never-seen prompts of the same kind (P) against forget prompts (Q)",
}
"""The four pairs of arms that are never mixed up."""

ACCESS = {
    "one-output": "one sampled output together with its prompt",
    "first-token": "the first token of one sampled output together with its prompt",
    "next-token": "the next token at one given place, with its context",
    "choice": "one choice among given options, together with its prompt",
    "greedy": "the greedy answer together with its prompt",
    **{
        f"prefix-{k}": f"the first {k} tokens of one sampled output together with its prompt"
        for k in (1, 2, 4, 8, 16, 32)
    },
    "owner": "one sampled output to every prompt about one owner",
    "category": "the declared category of one sampled output together with its prompt",
    "pooled-signal": "one draw of the pooled signal, without its prompt",
    "truth-probability": "the probability of the true answer in 16 equal bins, with the truth in hand",
}
"""What the detector sees (T28). A bound holds for detectors with this access only."""

QUANTITIES = {"jensen-shannon-divergence": "Jensen-Shannon divergence"}
UNITS = {"jensen-shannon-divergence": "nats"}

POPULATIONS = {
    "these-prompts": "the prompts of the evidence, each equally likely",
    "prompts-like-these": "owners drawn like these, one of their prompts at random",
}

TRUST = {
    "likelihoods": "the likelihoods in the evidence are taken to be exact",
    "none": "nothing about the likelihoods is taken on trust: they are the guesses of one judge among many",
}

VERDICTS = ("refuted", "detectable", "equivalent within margin", "equivalent on average", "inconclusive")
"""In the order in which they are tried."""

NO_VERDICT = {
    "marginal-pair": "marginal information can be 0 in a model that knows every forgotten answer by heart (T26); it says nothing about the oracle",
    "oracle-knows-the-data": "the file says that retrained models know the data to forget: they, or their base, have seen it, so that being as close to them as wanted is no forgetting",
    "gate-failed": "the file says that originals and oracles already differ where nothing was deleted, so that a number on forget prompts measures training, not memory",
    "design-unknown": "a certificate of format 1 over a file that does not say how its rows were drawn",
}

ASSUMPTIONS = {
    "exact-likelihoods": "log_p and log_q are the exact log-likelihoods under the laws that were sampled; evidence can contradict this but never prove it (T31)",
    "independent-rows": "rows are independent draws from the arm they name, given their prompts; their order does not matter",
    "iid-rows": "the file says that prompt and output were drawn afresh for each row, in file order",
    "fixed-size": "the number of rows was fixed before looking at them",
    "distinct-draws": "no draw is listed twice; the file numbers its draws and none repeats",
    "draws-not-numbered": "no draw is listed twice; the file does not number its draws, so only copies of whole files are recognised",
    "exact-laws": "the weights of each option are the models' laws; with a rest, whatever is in it may tell the arms apart",
    "pooled-rows": "the averaged distributions are independent and identically distributed within an arm",
    "pooled-stratified": "the averaged distributions are independent within an arm, a fixed number of each prompt; the claim is about the averages of their laws",
    "arms-independent": "the two arms were sampled independently of each other (T17)",
    "arms-dependent": "the two arms may depend on each other, so half as many samples count (T17)",
    "complete-sets": "the means are over the complete sets (T18)",
    "owners-drawn": "owners are independent draws from the population of owners",
    "clusters-iid": "owners' means are independent; the owner is the unit",
    "unit-named-before": "the owner or prompt of the claim was named before looking at the rows",
    "origin-unknown": "a check re-derives the numbers from the evidence; where the evidence came from, only its signer knows",
    "access-only": "nothing is said about any other access: other decoding, probabilities, weights, relearning, quantisation or other prompts (T28)",
    "these-models": "the arms are these models; training randomness enters only as far as an arm averages seeds (T25)",
    "mixture-of-seeds": "an arm is the average of several models: the judge knows the pipeline, not the seed, and nothing is said of one released model (T33)",
    "made-elsewhere": "models of the evidence were made elsewhere: how each was trained, and that no retrained one saw the data to forget, is its maker's word",
    "blind-to-memorisation": "pooled information is blind to memorisation: a model that knows every forgotten answer can read 0 (T26)",
    "reference-decides": "never-seen prompts stand in for an oracle (T27)",
}

RESTS_ON = {
    "exact-likelihoods": "exact likelihoods (T15)",
    "no-trust": "nothing but the rows: ln 2 + E ln eta'(Z|X) <= JSD for any claimed eta' (T31)",
    "exact-laws": "the laws in the evidence, rounding enclosed",
    "pooled-sample": "the pooled means and their numbers (T17)",
    "complete-sets": "the complete sets, rounding enclosed (T18)",
    "range": "the range of the quantity alone",
}

CEILINGS = {
    "jensen-shannon-divergence": "implied by the divergence (T5 to T8)",
    "total-variation": "from the certified total variation",
    "roc-band": "from the certified ROC band (T16)",
}

METHODS = {
    "order-free": "mixture of fixed stakes, any order, any composition",
    "betting": "hedged-capital betting, rows drawn at random",
    "betting-anytime": "hedged-capital betting, valid at every number of rows",
    "hoeffding": "Hoeffding",
    "maurer-pontil": "empirical Bernstein (Maurer and Pontil 2009)",
    "exact-laws": "enumerated laws",
    "pooled-fast-rate": "pooled means, fast rate (T17)",
    "pooled-bounded-differences": "pooled means, bounded differences",
    "finite-population": "complete sets (T18)",
}
