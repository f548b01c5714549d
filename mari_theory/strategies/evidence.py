"""Contents of evidence files, and certificates with one place changed."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

from mari_theory.strategies.laws import pairs


@st.composite
def score_rows(draw: Any, most: int = 6) -> Any:
    """Columns and metadata of a score file (`certificates.files.write_scores`): a coin a prompt and arm with exact likelihoods.

    Up to three prompts of up to two owners, up to `most` rows of each prompt and arm, sometimes none; every design, numbered draws or
    none. Outcomes are any outcomes, likely under the coins or not.

    >>> from hypothesis import find
    >>> columns, metadata = find(score_rows(), lambda file: file[1].get("design") == "independent")
    >>> sorted(columns)[:3], metadata["pair"] in ("marginal", "oracle", "shift", "matched")
    (['arm', 'cluster_id', 'draw'], True)
    """
    rate = st.sampled_from([0.0, 1e-9, 0.1, 0.3, 0.5, 0.999, 1.0])
    columns: dict[str, list[Any]] = {
        k: [] for k in ("prompt_id", "cluster_id", "arm", "log_p", "log_q", "tokens", "draw")
    }
    for prompt in range(draw(st.integers(1, 3))):
        coins = draw(rate), draw(rate)
        owner = draw(st.integers(0, 1))
        for arm in (0, 1):
            for _ in range(draw(st.integers(0, most))):
                own = coins[arm]
                heads = draw(st.booleans()) if 0.0 < own < 1.0 else own == 1.0
                likelihood = [c if heads else 1.0 - c for c in coins]
                logs = [math.log(x) if x > 0.0 else -math.inf for x in likelihood]
                row = (f"p{prompt}", f"o{owner}", arm, *logs, 1, len(columns["draw"]))
                for key, value in zip(columns, row, strict=True):
                    columns[key].append(value)
    if draw(st.booleans()):
        order = draw(st.permutations(range(len(columns["arm"]))))
        columns = {k: [v[i] for i in order] for k, v in columns.items()}
    if draw(st.booleans()):
        del columns["draw"]
    metadata = {"pair": draw(st.sampled_from(["oracle", "shift", "matched", "marginal"]))}
    design, stopping = (
        draw(st.sampled_from([None, "iid", "independent"])),
        draw(st.sampled_from([None, "fixed", "anytime"])),
    )
    return columns, {
        **metadata,
        **({"design": design} if design else {}),
        **({"stopping": stopping} if stopping else {}),
    }


@st.composite
def option_rows(draw: Any, options: int = 3) -> Any:
    """Columns and metadata of an option file (`certificates.files.write_options`): finite laws of one or two models an arm.

    >>> from hypothesis import find
    >>> columns, metadata = find(option_rows(), lambda file: "rest" in file[1])
    >>> metadata["rest"], metadata["access"]
    ('w0', 'first-token')
    """
    weight = st.one_of(st.sampled_from([0.0, -math.inf, -700.0, 1e300]), st.floats(-40, 40))
    names = ("prompt_id", "cluster_id", "place", "option", "arm", "model", "log_weight")
    columns: dict[str, list[Any]] = {k: [] for k in names}
    models = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    for prompt in range(draw(st.integers(1, 3))):
        for place in range(draw(st.integers(1, 2))):
            for arm in (0, 1):
                for model in range(models[arm]):
                    weights = draw(st.lists(weight, min_size=options, max_size=options))
                    if max(weights) == -math.inf:
                        weights[0] = 0.0
                    for k, w in enumerate(weights):
                        row = (f"p{prompt}", f"o{prompt // 2}", place, f"w{k}", arm, f"m{arm}{model}", w)
                        for key, value in zip(columns, row, strict=True):
                            columns[key].append(value)
    metadata = {"pair": draw(st.sampled_from(["oracle", "shift"])), "access": "first-token"}
    return columns, {**metadata, **({"rest": "w0"} if draw(st.booleans()) else {})}


@st.composite
def pooled_means(draw: Any) -> Any:
    """Two mean laws, their numbers and metadata of a pool file (`certificates.files.Pool`).

    >>> from hypothesis import find
    >>> p, q, n, m, metadata = find(pooled_means(), lambda pool: pool[4]["finite_population"])
    >>> p.shape == q.shape and n >= 1 and m >= 1
    True
    """
    p, q = draw(pairs())
    metadata = {"pair": "marginal", "finite_population": draw(st.booleans())}
    if draw(st.booleans()):
        metadata["arms"] = draw(st.sampled_from(["independent", "same prompts"]))
    return p, q, draw(st.integers(1, 10_000)), draw(st.integers(1, 10_000)), metadata


@st.composite
def json_edits(draw: Any, data: Any) -> Any:
    """JSON data with one place changed: a number moved by little or much, a word, a type, a key or an element more or less.

    >>> from hypothesis import find
    >>> find(json_edits({"a": [1.0, 2.0]}), lambda data: data == {"a": [2.0]})
    {'a': [2.0]}
    """
    inner = [
        k for k, v in (data.items() if isinstance(data, dict) else enumerate(data)) if isinstance(v, (dict, list)) and v
    ]
    if inner and draw(st.booleans()):
        at = draw(st.sampled_from(inner))
        edit = draw(json_edits(data[at]))
        return {**data, at: edit} if isinstance(data, dict) else [*data[:at], edit, *data[at + 1 :]]
    keys = list(data) if isinstance(data, dict) else list(range(len(data)))
    at = draw(st.sampled_from(keys))
    if draw(st.integers(0, 4)) == 0:
        return {k: v for k, v in data.items() if k != at} if isinstance(data, dict) else [*data[:at], *data[at + 1 :]]
    old = data[at]
    odd: st.SearchStrategy[Any] = st.sampled_from(
        [0, 1, -1, 0.5, -0.0, 1e308, 5e-324, True, False, None, "", "x", [], {}]
    )
    new = draw(odd)
    if isinstance(old, (int, float)) and not isinstance(old, bool) and draw(st.booleans()):
        new = old * (1 + draw(st.sampled_from([-1, 1])) * 10.0 ** -draw(st.integers(1, 16)))
    return {**data, at: new} if isinstance(data, dict) else [*data[:at], new, *data[at + 1 :]]
