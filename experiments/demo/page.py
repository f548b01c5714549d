"""The page of the demo: one self-contained file, readable on a phone and in grey print."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape

from mari_theory.certificates import words
from mari_theory.certificates.certificate import Certificate
from mari_theory.rounding import span, up
from mari_theory.units import LN2

LEAST = 1e-6
"""Nats at the left end of the scale, and all below."""
STYLE = """
:root{--ink:#1d1f21;--soft:#5b6168;--line:#dfe3e6;--good:#1a7f4b;--bad:#b3261e}
body{font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif;color:var(--ink);max-width:46rem;margin:0 auto;padding:1.5rem 1rem 3rem}
h1{font-size:1.5rem;line-height:1.25}h2{font-size:1.1rem;margin:2rem 0 .4rem}.soft{color:var(--soft)}.small{font-size:.86rem}
code{overflow-wrap:anywhere}.model{border-top:1px solid var(--line);padding:.7rem 0}.model b{margin-right:.4rem}
.scale{position:relative;height:.5rem;border-radius:.25rem;background:var(--line);margin:.6rem .5rem .3rem}
.scale i{position:absolute;top:-.3rem;width:.25rem;height:1.1rem;background:var(--soft)}
.scale s{position:absolute;top:-.25rem;width:1rem;height:1rem;margin-left:-.5rem;border-radius:50%;background:var(--ink)}
.detectable{color:var(--bad)}.equivalent{color:var(--good)}li{margin:.3rem 0}
"""


def place(nats: float) -> float:
    """Where a value stands on a logarithmic axis from `LEAST` to ln 2, per cent.

    >>> place(LN2), place(0.0)
    (100.0, 0.0)
    """
    return 100.0 * math.log(max(nats, LEAST) / LEAST) / math.log(LN2 / LEAST)


def model_block(what: str, certificate: Certificate, margin: float) -> str:
    """One model: its certified number, its verdict and where it stands."""
    claim, verdict = certificate.claim, certificate.verdict or "no verdict"
    return (
        f'<div class="model"><b>{escape(what)}</b> <span class="{verdict.split()[0]}">{escape(verdict)}</span>'
        f'<div class="scale"><i style="left:{place(margin):.1f}%"></i><s style="left:{place(claim.upper):.1f}%"></s></div>'
        f'<div class="small">{span(claim.lower, claim.upper, 6)} nats; a detector that sees '
        f"{escape(words.ACCESS[claim.access])} is right at most {up(100 * certificate.implies.max_accuracy, 2)} % of the time</div></div>"
    )


def page(
    models: Mapping[str, tuple[str, Certificate]],
    beyond: str,
    checked: str,
    forgeries: Mapping[str, tuple[str, ...]],
    margin: float,
) -> str:
    """HTML; `forgeries`: what was tried -> lines that did not hold."""
    blocks = "\n".join(model_block(what, certificate, margin) for what, certificate in models.values())
    caught = "\n".join(
        f"<li>{escape(what)}: <b>{len(failed)} lines fail</b>, {escape(', '.join(failed[:3]))} among them</li>"
        for what, failed in forgeries.items()
    )
    first = next(iter(models.values()))[1]
    files = "\n".join(
        f"<li><code>{escape(c.evidence[0].file)}</code> <code>{c.evidence[0].sha256}</code></li>"
        for _, c in models.values()
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>mari demo</title><style>{STYLE}</style></head><body>
<h1>A model was told to forget one author. Can anyone still tell?</h1>
<p>{escape(str(first.metadata["corpus"]))}: every model is asked {first.metadata["prompts"]["count"]} questions about one author and chooses between the true answer and
false ones. Each is compared with models trained again without that author. The number is the Jensen-Shannon divergence between the
choices, in nats: 0 cannot be told apart, {LN2:.3f} always can. It is exact for these questions, up to rounding, which is enclosed.</p>
{blocks}
<p class="small soft">The scale is logarithmic, from {LEAST:g} (and below) to ln 2; the bar is the margin, {margin:g} nats, within which two models count as equivalent.</p>
<p>The unlearned model lies {escape(beyond)}.</p>
<h2>Can the certificate be trusted?</h2>
<p>{escape(checked)}. Two forgeries were tried:</p><ul>{caught}</ul>
<p>That is about the derivation: where the evidence came from, only its signer knows. And the number is about what was seen here, a choice among
given answers; whole answers, probabilities, other questions or further training may show more.</p>
<h2>The evidence</h2><ul class="small">{files}</ul>
</body></html>
"""
