"""Prompts in templates: the words of the template and no others, the beginning token exactly once, bad templates refused in one line."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("transformers")
from hypothesis import given
from hypothesis import strategies as st

from experiments.data.encoding import many_prompt_ids, our_asking
from experiments.data.templates import QUESTION, SAMPLE, PromptTemplate, ask, ask_alike, find_template
from mari_theory import ArgumentError
from mari_theory.certificates.asking import asking

WORDS = ("who", "is", "ha", "{prompt}", "{{", "}}", "user", "assistant", "Question:", "Answer:")
CHAT = "{% for m in messages %}{{ m.role }} {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}assistant{% endif %}"
TEMPLATES = {
    "plain": "Question: {prompt}\nAnswer:\n",
    "jinja": "Question: {{ prompt }} Answer:",
    "messages": CHAT,
    "begun": "{{ bos_token }}" + CHAT,
    "begun-plain": "<s> {prompt} Answer:",
}


def make(adds: bool, chat: str | None = None, words: tuple[str, ...] = WORDS, end: str = "</s>") -> Any:
    """A word-level tokenizer with a beginning token, which it puts first by itself or not."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = {w: i for i, w in enumerate(("<unk>", "<s>", "</s>", "<e>", *words))}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if adds:
        inner.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    made = PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<s>", eos_token=end, unk_token="<unk>")
    made.chat_template = chat
    return made


BOTH = {adds: make(adds) for adds in (False, True)}
prompts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)


@given(st.booleans(), st.lists(prompts, min_size=1, max_size=3))
def test_without_a_template_the_tokenizer_reads_the_text_as_it_always_does(adds: bool, texts: list[str]) -> None:
    made = ask(BOTH[adds], find_template("none", BOTH[adds]), texts)
    assert made.ids == BOTH[adds](texts)["input_ids"]
    assert made.bos == ("<s>" if adds else None)


@given(st.booleans(), st.sampled_from(sorted(TEMPLATES)), prompts)
def test_the_words_are_those_of_the_template_after_one_beginning_token(adds: bool, name: str, text: str) -> None:
    tokenizer, template = BOTH[adds], PromptTemplate(name, TEMPLATES[name])
    (ids,) = ask(tokenizer, template, [text]).ids
    begun = adds or name.startswith("begun")
    around = {"plain": ("Question:", "Answer:"), "jinja": ("Question:", "Answer:"), "begun-plain": ("", "Answer:")}
    before, after = around.get(name, ("user", "assistant"))
    words = [*(["<s>"] if begun else []), *before.split(), *text.split(), after]
    assert tokenizer.convert_ids_to_tokens(ids) == words


@pytest.mark.parametrize("adds", [False, True])
def test_chat_is_the_tokenizers_own_and_auto_prefers_it(adds: bool) -> None:
    with_chat, without = make(adds, TEMPLATES["begun"]), make(adds)
    assert find_template("auto", with_chat) == find_template("chat", with_chat) != find_template("none", with_chat)
    assert find_template("auto", without) == find_template("none", without)
    ours = ask(with_chat, find_template("chat", with_chat), ["who is"])
    theirs = with_chat.apply_chat_template([{"role": "user", "content": "who is"}], add_generation_prompt=True)
    assert ours.ids == [theirs["input_ids"]] and ours.bos == "<s>"
    several = make(adds)
    several.chat_template = {"default": CHAT, "tool_use": "{{ tools }}"}
    assert find_template("auto", several).text == CHAT


@pytest.mark.parametrize("adds", [False, True])
@pytest.mark.parametrize("text", ["<s>{{ bos_token }}" + CHAT, "<s> <s> {prompt}"])
def test_a_template_that_begins_twice_is_refused(adds: bool, text: str) -> None:
    with pytest.raises(ArgumentError, match=r"^template own: expected <s> once at the beginning, got twice: who is$"):
        ask(BOTH[adds], PromptTemplate("own", text), ["who is"])


def test_beginning_tokens_in_the_prompts_themselves() -> None:
    none = find_template("none", BOTH[True])
    assert ask(BOTH[True], none, ["<s> who", "who"]).ids == [[1, 4], [1, 4]]
    assert ask(BOTH[False], none, ["<s> who"]).bos == "<s>"
    assert ask(BOTH[False], none, ["ha ha"]).bos is None  # a word twice is no beginning twice
    for adds in (False, True):
        with pytest.raises(ArgumentError, match=r"^prompt: expected no <s> of its own inside template question"):
            ask(BOTH[adds], QUESTION, ["who", "<s>user who assistant"])
    with pytest.raises(ArgumentError, match="before every prompt or before none"):
        ask(BOTH[False], none, ["<s> who", "who"])
    with pytest.raises(ArgumentError, match=r"^prompt: expected <s> once"):
        ask(BOTH[False], none, ["<s> <s> who"])


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"Answer:", "a place for the prompt: {prompt}"),
        (b"{{ messages[0].role }}", "a place for the prompt"),
        (b"", "a place for the prompt"),
        (b"{% for m in messages %}", "can be rendered"),
        (b"{{ messages[3].content.x }}", "can be rendered"),
        (b"{{ 1 / 0 }}{{ prompt }}", "can be rendered"),
        (b"{{ raise_exception('no\n system') }}", "can be rendered"),
        (b"{{ prompt.__class__.__mro__ }}", "can be rendered|a place for"),
        (b"\xff{prompt}", "UTF-8"),
    ],
)
def test_bad_files_are_refused_in_one_line(tmp_path: Path, content: bytes, match: str) -> None:
    path = tmp_path / "own.txt"
    path.write_bytes(content)
    with pytest.raises(ArgumentError, match=match) as error:
        find_template(str(path), BOTH[True])
    assert str(error.value).startswith("--template: expected ") and "\n" not in str(error.value)


@pytest.mark.parametrize("word", ["chta", "", "/nowhere/x", "."])
def test_unknown_words_and_missing_files(word: str) -> None:
    with pytest.raises(ArgumentError, match="auto, none, chat, question or an existing text file"):
        find_template(word, BOTH[True])


def test_no_chat_template_and_prompts_that_ask_nothing() -> None:
    with pytest.raises(ArgumentError, match="none or a file: the tokenizer has no chat template"):
        find_template("chat", BOTH[True])
    for prompt, match in (("", "at least one token"), (["who"], "^prompt: expected text")):
        with pytest.raises(ArgumentError, match=match):
            ask(BOTH[True], find_template("none", BOTH[True]), [prompt])  # type: ignore[list-item]


def test_models_that_would_be_asked_differently_are_refused() -> None:
    first = make(True, CHAT)
    made = ask_alike({"a": first, "b": make(True, CHAT)}, "auto", [SAMPLE])
    assert made == ask(first, find_template("chat", first), [SAMPLE])
    for other, word, match in (
        (make(True), "auto", r"--template: expected chat as in a, the same text, got another none in b"),
        (make(True, CHAT + " "), "chat", r"--template: expected chat as in a, the same text, got another chat in b"),
        (make(False, CHAT), "none", r"tokenizer: expected the token ids of a for every prompt, got others in b"),
        (make(True, CHAT, WORDS[::-1]), "none", r"tokenizer: expected the tokens of a, .* got others in b"),
        (make(True, CHAT, end="<e>"), "none", r"tokenizer: expected the tokens of a, end token included"),
    ):
        with pytest.raises(ArgumentError, match=match):
            ask_alike({"a": first, "b": other}, word, [SAMPLE])
    # The words of a file stand for both: which chat template they have does not matter then.
    assert ask_alike({"a": first, "b": make(True)}, "question", [SAMPLE]).template == QUESTION


def test_what_is_recorded_tells_templates_and_prompts_apart() -> None:
    records = []
    for (name, text), prompt in itertools.product(TEMPLATES.items(), ("who", "is")):
        made = ask(BOTH[True], PromptTemplate(name, text), [prompt])
        said = made.asking().metadata()
        assert asking(json.loads(json.dumps(said))) == made.asking()
        records.append(said["template"])
    for key, distinct in (("sha256", len(TEMPLATES)), ("prompts_sha256", 2 * (len(TEMPLATES) - 2))):
        # `plain` and `jinja` ask the same, and so do `messages` and `begun` where the tokenizer begins by itself.
        assert len({r[key] for r in records}) == distinct, key
    assert ask(BOTH[True], PromptTemplate("none"), ["who"]).asking().metadata()["template"]["sha256"] is None


def test_our_own_way_of_asking_is_a_template_too(tokenizer: Any) -> None:
    wide = make(False, None, (*WORDS, *(f"w{k}" for k in range(4096))))
    assert many_prompt_ids(wide, ["who is"]) == ask(wide, QUESTION, ["who is"]).ids
    assert our_asking(wide).template.name == "question" and our_asking(tokenizer).template.name == "none"
