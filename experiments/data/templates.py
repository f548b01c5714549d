"""How the text of a prompt becomes what a model is asked: as it stands, in a template of the tokenizer's, or in a file's words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.data.tables import read_text
from mari_theory.certificates.asking import Asking, Template
from mari_theory.errors import ArgumentError, require

OPTION = "--template"
PLACE = "{prompt}"
SAMPLE = "Where is Oslo?"
"""A prompt that a template is tried on."""


@dataclass(frozen=True)
class PromptTemplate:
    """The words around a prompt. Jinja where `text` has `{{` or `{%`, else text with `{prompt}` in it.

    Jinja is rendered as transformers renders chat templates: one user message in `messages`, `add_generation_prompt` true, the tokenizer's
    special tokens by name, and the prompt itself in `prompt`. One line feed at the end of a text is dropped, as Jinja does.
    """

    name: str
    """`none`, `chat`, `question` or the file's name."""
    text: str | None = None
    """None: prompts as they stand."""

    def write(self, tokenizer: Any, prompt: str) -> str:
        """What is asked. Raises `ArgumentError` on a template that cannot be rendered."""
        if self.text is None:
            return prompt
        if not ("{{" in self.text or "{%" in self.text):
            return self.text.removesuffix("\n").replace(PLACE, prompt)
        from jinja2 import TemplateError

        messages = [{"role": "user", "content": prompt}]
        asked = {"chat_template": self.text, "add_generation_prompt": True, "prompt": prompt}
        try:
            return str(tokenizer.apply_chat_template(messages, tokenize=False, **asked))
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as e:
            raise ArgumentError(OPTION, "a template that can be rendered", f"{self.name}: {e}") from None

    def said(self) -> Template:
        """As evidence files say it."""
        return Template(name=self.name, sha256=None if self.text is None else _sha256(self.text))


AS_IT_STANDS = PromptTemplate("none")
QUESTION = PromptTemplate("question", "Question: {prompt}\nAnswer:")
"""How this library's own training and audits ask real models."""
WORDS = {t.name: t for t in (AS_IT_STANDS, QUESTION)}


@dataclass(frozen=True)
class Prompts:
    """Prompts as a model reads them."""

    ids: list[list[int]]
    """Token ids, one list a prompt."""
    template: PromptTemplate
    """What was written around them."""
    bos: str | None
    """The beginning token they all have, once."""

    def asking(self) -> Asking:
        """As evidence files say it."""
        digest = _sha256(json.dumps(self.ids, separators=(",", ":")))
        return Asking(template=self.template.said().model_copy(update={"prompts_sha256": digest}), bos=self.bos)


def find_template(word: str, tokenizer: Any) -> PromptTemplate:
    """`none`, `chat` (the tokenizer's), `question`, `auto` (chat where the tokenizer has a template, else none), or a text file.

    Raises `ArgumentError` on another word, a tokenizer without a chat template, and a template without a place for the prompt.
    """
    own = getattr(tokenizer, "chat_template", None)
    word = ("chat" if own else "none") if word == "auto" else word
    if word in WORDS:
        return WORDS[word]
    if word == "chat":
        own = own.get("default") if isinstance(own, dict) else own
        require(own, OPTION, "none or a file: the tokenizer has no chat template (or none by default)", word)
        found = PromptTemplate(word, str(own))
    else:
        path = Path(word)
        require(path.is_file(), OPTION, "auto, none, chat, question or an existing text file", word)
        found = PromptTemplate(path.name, read_text(path, OPTION))
    place = f"a place for the prompt: {PLACE}, or in Jinja {{{{ prompt }}}} or a user message's content"
    require(SAMPLE in found.write(tokenizer, SAMPLE), OPTION, place, found.name)
    return found


def ask(tokenizer: Any, template: PromptTemplate, prompts: Sequence[str]) -> Prompts:
    """Token ids of prompts in a template, after the beginning token exactly once where tokenizer or template write one.

    Raises `ArgumentError` on a prompt that is no text or becomes no token, on a beginning token written twice or before some prompts only,
    and on prompts in a template that have one already, as those do that were written with a chat template before.
    """
    for prompt in prompts:
        require(isinstance(prompt, str), "prompt", "text", prompt)
    rows = tokenizer([template.write(tokenizer, p) for p in prompts], add_special_tokens=False)["input_ids"]
    lead, bos = _lead(tokenizer), tokenizer.bos_token_id
    ids = [list(r) if list(r[: len(lead)]) == lead else [*lead, *r] for r in rows]
    first = lead or ([] if bos is None else [bos])
    token, n = "".join(tokenizer.convert_ids_to_tokens(first)), len(first)
    where = f"template {template.name}" if template.text is not None else "prompt"
    for prompt, row in zip(prompts, ids, strict=True):
        require(len(row) > len(lead), "prompt", "at least one token", repr(prompt))
        own = template.text is not None and n and prompt.lstrip().startswith(token)
        require(not own, "prompt", f"no {token} of its own inside template {template.name} ({OPTION} none)", prompt)
        require(not n or row[: 2 * n] != first * 2, where, f"{token} once at the beginning", f"twice: {prompt}")
    begin = {bool(n) and row[:n] == first for row in ids}
    require(len(begin) == 1, "prompt", f"{token} before every prompt or before none", "before some")
    return Prompts(ids, template, token if begin == {True} else None)


def ask_alike(tokenizers: Mapping[str, Any], word: str, prompts: Sequence[str]) -> Prompts:
    """The same for models that are compared. Raises `ArgumentError` unless all have the tokens, the template and the ids of the first."""
    (first, tokenizer), *others = tokenizers.items()
    asked = ask(tokenizer, find_template(word, tokenizer), prompts)
    for name, other in others:
        alike = other.get_vocab() == tokenizer.get_vocab() and other.eos_token_id == tokenizer.eos_token_id
        require(alike, "tokenizer", f"the tokens of {first}, end token included, in every model", f"others in {name}")
        template = find_template(word, other)
        same = template == asked.template
        require(
            same, OPTION, f"{asked.template.name} as in {first}, the same text", f"another {template.name} in {name}"
        )
        equal = ask(other, template, prompts) == asked
        require(equal, "tokenizer", f"the token ids of {first} for every prompt", f"others in {name}")
    return asked


def _lead(tokenizer: Any) -> list[int]:
    """What the tokenizer by itself puts before a text."""
    bare, whole = (list(tokenizer("a", add_special_tokens=own)["input_ids"]) for own in (False, True))
    return whole[: next((k for k in range(len(whole)) if whole[k : k + len(bare)] == bare), 0)]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
