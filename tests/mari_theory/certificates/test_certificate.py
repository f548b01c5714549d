"""The certificate as an object, as JSON, as a schema and as sentences."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mari_theory import ArgumentError, Certificate
from mari_theory.certificates import words
from mari_theory.certificates.certificate import VERDICTS, parse, schema, verdict_for
from mari_theory.certificates.words import ASSUMPTIONS, METHODS, NO_VERDICT, RESTS_ON
from tests.mari_theory.certificates.build import certified, coins, option_file, pool


@pytest.fixture(scope="module")
def one_of_each(tmp_path_factory: pytest.TempPathFactory) -> list[Certificate]:
    folder = tmp_path_factory.mktemp("each")
    many = coins(folder / "s.parquet", 400, m=4, owners=2, p=0.2, q=0.6)
    return [
        certified(many),
        certified(many, interval="betting", simultaneous=True),
        certified(many, population="prompts-like-these", margin=0.3),
        certified(many, trust="none"),
        certified(option_file(folder / "o.parquet"), margin=0.5),
        certified(pool(folder / "p.npz")),
        certified(pool(folder / "f.npz", True, share=0.2)),
    ]


def test_every_sentence_fits_seventy_nine_columns_once_filled(one_of_each: list[Certificate]) -> None:
    for c in one_of_each:
        for text in (str(c), *c.explain()):
            assert "\n" not in text and text.isprintable()
            assert all(len(line) <= 79 for line in textwrap.fill(text, 79, subsequent_indent="    ").split("\n"))


def test_a_certificate_says_what_it_is_about(one_of_each: list[Certificate]) -> None:
    for c in one_of_each:
        said = str(c)
        assert f"{c.claim.pair} pair: Jensen-Shannon divergence in [" in said
        assert "any detector that sees" in said and "averaged over" in said and "margin" in said
        assert (c.verdict or NO_VERDICT[str(c.no_verdict)]) in said
        assert (
            {*c.assumptions} <= {*ASSUMPTIONS} and "access-only" in c.assumptions and "origin-unknown" in c.assumptions
        )
        assert f"lower end: {RESTS_ON[c.rests_on.lower]}; upper end: {RESTS_ON[c.rests_on.upper]}" in c.explain()[
            -1
        ] or any(RESTS_ON[c.rests_on.lower] in line for line in c.explain())
        assert c.claim.method in METHODS


def test_printed_ends_are_never_inside_the_ends(one_of_each: list[Certificate]) -> None:
    for c in one_of_each:
        low, high = str(c).split("in [")[1].split("]")[0].split(", ")
        assert float(low) <= c.claim.lower and float(high) >= c.claim.upper - 1e-12


def test_saving_and_loading_changes_nothing(one_of_each: list[Certificate], tmp_path: Path) -> None:
    for c in one_of_each:
        c.save(tmp_path / "c.json")
        assert Certificate.load(tmp_path / "c.json") == c
        assert parse(json.loads(json.dumps(c.data()))) == c


def test_the_schema_describes_every_field_and_allows_no_other() -> None:
    made = schema()
    assert made["title"] == "mari-certificate/2" and made["$schema"].endswith("2020-12/schema")
    assert set(made["required"]) | {"format"} == set(Certificate.model_fields)
    for part in (made, *made["$defs"].values()):
        if part.get("type") == "object":
            assert part["additionalProperties"] is False
    assert json.loads(json.dumps(made)) == made


def test_certificates_obey_the_published_schema(one_of_each: list[Certificate]) -> None:
    for c in one_of_each:
        jsonschema.validate(c.data(), schema())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "3",
        '"mari-certificate/2"',
        '{"format": "other"}',
        '{"format": "mari-certificate/1"}',
        '{"format": ["mari-certificate/2"]}',
        '{"format": "mari-certificate/2"}',
        '{"format": "mari-certificate/2", "format": "mari-certificate/2"}',
        '{"format": "mari-certificate/2", "claim": NaN}',
        '{"format": "mari-certificate/2", "a\\nb": ' + "1" * 5000 + "}",
        '{"x":' * 50_000,
        "\ufeff{}",
    ],
    ids=lambda t: t[:40],
)
def test_what_is_no_certificate_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.json").write_text(text, encoding="utf-8")
    with pytest.raises(ArgumentError, match="certificate") as error:
        Certificate.load(tmp_path / "c.json")
    assert "\n" not in str(error.value) and str(error.value).isprintable()


@pytest.mark.parametrize("raw", [b"\xff\xfe", b'{"format": "\xe9"}'])
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "c.json").write_bytes(raw)
    with pytest.raises(ArgumentError, match="readable JSON"):
        Certificate.load(tmp_path / "c.json")
    with pytest.raises(ArgumentError, match="readable JSON"):
        Certificate.load(tmp_path / "absent.json")


FIELDS: dict[str, tuple[str, Any, str]] = {
    "an unknown word of access": ("claim/access", "weights", "claim.access"),
    "an unknown assumption": ("assumptions", ["trust me"], "assumptions"),
    "an unknown footing": ("rests_on/lower", "hope", "rests_on.lower"),
    "an unknown reason": ("no_verdict", "because", "no_verdict"),
    "a missing number": ("claim/upper", ..., "claim.upper"),
    "a number too many": ("claim/uppest", 0.1, "claim.uppest"),
    "a truth for a number": ("claim/upper", True, "claim.upper"),
    "a float for a count": ("claim/n", 10.5, "claim.n"),
    "a digest too short": (
        "evidence",
        [{"file": "a", "kind": "score", "sha256": "a", "rows_digest": "a", "bytes": 1}],
        "evidence.0",
    ),
    "a source less": ("implies/sources", {"max_auc": "roc-band"}, "implies.sources"),
}


@pytest.mark.parametrize("fault", FIELDS)
def test_a_field_that_is_not_as_the_format_says_is_named(one_of_each: list[Certificate], fault: str) -> None:
    where, value, named = FIELDS[fault]
    data = json.loads(json.dumps(one_of_each[0].data()))
    *path, last = where.split("/")
    spot = data
    for key in path:
        spot = spot[key]
    if value is ...:
        del spot[last]
    else:
        spot[last] = value
    with pytest.raises(ArgumentError, match=f"^certificate, {named.replace('.', '[.]')}"):
        parse(data)


def test_a_certificate_without_any_one_of_its_keys_is_refused(one_of_each: list[Certificate]) -> None:
    free = ("metadata", "versions", "errors")
    """What these hold has no fixed keys; `check` compares them whole."""
    tried = 0
    for certificate in one_of_each:
        for path in _keys(certificate.data(), free):
            data = json.loads(json.dumps(certificate.data()))
            spot = data
            for key in path[:-1]:
                spot = spot[key]
            del spot[path[-1]]
            with pytest.raises(ArgumentError, match=r"^certificate"):
                parse(data)
            tried += 1
    assert tried > 150


def _keys(data: Any, free: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        if isinstance(data, dict):
            yield (key,)
        if key not in free:
            yield from ((key, *rest) for rest in _keys(value, free))


def test_the_words_of_a_bound_round_up_to_the_last_digit(one_of_each: list[Certificate]) -> None:
    claim = one_of_each[0].claim
    for x in (0.1, 0.10000000000000002, 0.1 + 1e-15, 0.3, 2e-7, 0.0):
        upper = one_of_each[0].model_copy(update={"claim": claim.model_copy(update={"lower": x, "upper": x})})
        low, high = (Decimal(t) for t in str(upper).split("in [")[1].split("] nats")[0].split(", "))
        assert low <= Decimal(repr(x)) <= high and high - low <= Decimal("1e-5")


def test_verdicts_are_tried_in_their_order(one_of_each: list[Certificate]) -> None:
    owners = one_of_each[0].owners
    assert owners is not None and owners.worst_upper > 0.05
    named = owners.model_copy(update={"above_margin": ("o1",)})
    within = owners.model_copy(update={"worst_upper": 0.005, "above_margin": ()})
    assert VERDICTS[0] == verdict_for((0.0, 0.1), 0.01, named, refuted=True)
    assert verdict_for((0.02, 0.1), 0.01, within) == verdict_for((0.0, 0.001), 0.01, named) == "detectable"
    assert verdict_for((0.0, 0.5), 0.01, within) == "equivalent within margin"
    assert verdict_for((0.0, 0.005), 0.01, owners.model_copy(update={"above_margin": ()})) == "equivalent on average"
    assert verdict_for((0.0, 0.5), 0.01, owners.model_copy(update={"above_margin": ()})) == "inconclusive"


def test_the_published_schema_is_the_formats() -> None:
    published = Path(words.__file__).with_name("mari-certificate-2.schema.json")
    assert json.loads(published.read_text()) == json.loads(json.dumps(schema()))


def test_it_reads_as_sentences_that_name_access_population_and_what_each_end_rests_on(tmp_path: Path) -> None:
    made = certified(coins(tmp_path / "s.parquet", 400, m=8, owners=4), margin=0.2)
    text = str(made)
    assert text.startswith("oracle pair: Jensen-Shannon divergence in [")
    assert words.ACCESS["one-output"] in text and words.POPULATIONS["these-prompts"] in text
    alone = certified(coins(tmp_path / "one.parquet", 400, m=8, owners=1), margin=0.2)
    assert "worst of 8 prompts" in str(alone)
    assert "worst of 4 owners" in text and "room for" in text and "equivalent within margin" in text
    explained = "\n".join(made.explain())
    assert "exact likelihoods (T15)" in explained and "pairs of outputs" in explained
    assert "--simultaneous" in explained


def test_a_marginal_bound_is_printed_with_what_it_says_of_the_forget_set(tmp_path: Path) -> None:
    made = certified(pool(tmp_path / "p.npz", True, share=0.2))
    assert any("blown up by 1/0.2 (T12)" in line for line in made.explain())
    assert made.verdict is None and "no verdict" in str(made)


def test_every_id_has_a_sentence() -> None:
    for table in (words.ASSUMPTIONS, words.ACCESS, words.RESTS_ON, words.POPULATIONS, words.NO_VERDICT, words.METHODS):
        assert all(sentence and not sentence.endswith(".") for sentence in table.values())
