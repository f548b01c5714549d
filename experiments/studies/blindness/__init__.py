"""What the paper's signal sees: readings of marginal information at models that remember and at models that never knew.

Corpora: answers drawn from one prior (the calibrated toy), the same in sentences (several answer tokens), and a forget set with a prior of
its own (the positive control: there pooled information has something to see). On each, five seeds of an original and a retrained oracle;
every signal is read over the complete sets, so what it says is no batch effect. Then the penalty itself at three batch sizes.
"""

from __future__ import annotations

from pathlib import Path

from experiments.studies.base import Option, Settings, Study, measure_each
from experiments.studies.blindness.page import page
from experiments.studies.data import Data


def _measure(settings: Settings, data: Data) -> None:
    import torch

    from experiments.studies.blindness.batches import measure_batches
    from experiments.studies.blindness.corpora import measure_authors, measure_corpora, measure_tofu

    torch.set_num_threads(2)
    makers = {
        "corpora": measure_corpora,
        "batches": measure_batches,
        "tofu": measure_tofu,
        "authors": measure_authors,
    }
    measure_each(makers, settings, data, slow=("tofu", "authors"))


STUDY = Study(
    name="blindness",
    sections=("corpora", "batches", "tofu", "authors"),
    options=(
        Option("seeds", 5, "seeds of corpus and models", least=2),
        Option("smollm2", Path("runs/smollm2"), "a finished `mari audit --preset smollm2`"),
    ),
    measure=_measure,
    page=page,
)
