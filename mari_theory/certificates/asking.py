"""How prompts became what models were asked, and where outputs were cut: as evidence files say it and certificates tell it.

Keys of a file's metadata are the fields of `Asking`. Files of one certificate agree on `template`, `bos` and `cut`; `were_cut` may differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mari_theory.errors import printable

Count = Annotated[int, Field(ge=0)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Known(BaseModel):
    """Unknown keys and values of another type are no record of ours."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Template(Known):
    """The words around a prompt."""

    name: str
    """`none` (the prompt as it stands), `chat` (the tokenizer's), `question`, or the file."""
    sha256: Digest | None = None
    """Of the template's text; None for `none`."""
    prompts_sha256: Digest | None = None
    """Of all prompts' token ids, as JSON without blanks: a template may write the day's date."""


class Cut(Known):
    """Lengths in tokens beyond which texts were cut; None: never."""

    prompt: Count | None = None
    output: Count | None = None


class WereCut(Known):
    """How many were cut: prompts, outputs of arm P and of arm Q."""

    prompts: Count
    p: Count
    q: Count


class Asking(BaseModel):
    """What a file says of this."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    template: Template
    bos: str | None
    """The token every prompt begins with, once; None where none does."""
    cut: Cut = Cut()
    were_cut: WereCut | list[WereCut] | None = None
    """A list: one a file, where files of one certificate differ."""

    def metadata(self) -> dict[str, Any]:
        """As keys of an evidence file."""
        return self.model_dump(mode="json", exclude_unset=True)

    def sentence(self) -> str:
        """In words, one line.

        >>> Asking(template=Template(name="none"), bos="<s>", cut=Cut(output=32)).sentence()
        'asked: prompts as they stand, each after one <s>; outputs of at most 32 tokens'
        """
        t, c = self.template, self.cut
        words = "prompts as they stand" if t.name == "none" else f"prompts in the template {t.name}"
        words += f" (SHA-256 {t.sha256[:12]})" if t.sha256 else ""
        words += f", each after one {self.bos}" if self.bos is not None else ", without a beginning token"
        words += f", cut after {c.prompt} tokens" if c.prompt is not None else ""
        words += f"; outputs of at most {c.output} tokens" if c.output is not None else ""
        counts = self.were_cut if isinstance(self.were_cut, list) else [self.were_cut] if self.were_cut else []
        told = [f"{n.prompts} prompts, {n.p} outputs of P and {n.q} of Q" for n in counts]
        return printable(f"asked: {words}" + (f"; cut in a file: {', then '.join(told)}" if told else ""))


def asking(metadata: Mapping[str, Any]) -> Asking | None:
    """What a file's metadata say of it; None where they do not, or in other words than these."""
    try:
        return Asking.model_validate(dict(metadata))
    except ValidationError:
        return None
