"""A toy that has seen everything, two retrained ones, and a request that was done with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.config import LoopSettings
from experiments.data.generated import generate
from experiments.data.items import Corpus
from experiments.models.load import quiet, save_model
from experiments.models.tiny import tiny_model, tiny_tokenizer
from experiments.request.plan import Ask
from experiments.unlearning.request import Start
from experiments.unlearning.retrain import retrain
from tests.conftest import made_once

LEARN = LoopSettings(steps=100, lr=1e-2, batch_retain=48, batch_forget=1, batch_background=0)
UNLEARN = LoopSettings(steps=10, lr=1e-3, batch_retain=12, batch_forget=6, batch_background=0)


@pytest.fixture(scope="session")
def data() -> Corpus:
    """As it comes from files: no stream of background authors."""
    made = generate(2, 6, 12, seed=3)
    return Corpus("own data", made.forget, made.retain, made.holdout)


@pytest.fixture(scope="session")
def toys(tmp_path_factory: pytest.TempPathFactory, data: Corpus) -> Path:
    """`all/oracle-0` learnt the data to forget too; `stays/oracle-0` and `-1` did not."""

    def make(folder: Path) -> None:
        quiet()
        tokenizer = tiny_tokenizer(data)
        save_model(tiny_model(len(tokenizer), 32, 1, 2, 0), tokenizer, folder / "random")
        base = Start(folder / "random", rank=None)
        retrain(base, (*data.forget, *data.retain), folder / "all", 1, LEARN)
        retrain(base, data.retain, folder / "stays", 2, LEARN)

    return made_once(tmp_path_factory, "toys", make)


@pytest.fixture
def ask(toys: Path) -> Ask:
    """With the retrained models given."""
    oracles = (str(toys / "stays" / "oracle-0"), str(toys / "stays" / "oracle-1"))
    return Ask(str(toys / "all" / "oracle-0"), oracles, method="npo", loop=UNLEARN, rank=0, draws=60, gate=0.69)


@pytest.fixture(scope="session")
def done(tmp_path_factory: pytest.TempPathFactory, toys: Path, data: Corpus) -> Path:
    """The folder of a finished request."""
    from experiments.request.run import run_request

    oracles = (str(toys / "stays" / "oracle-0"), str(toys / "stays" / "oracle-1"))
    asked = Ask(str(toys / "all" / "oracle-0"), oracles, method="npo", loop=UNLEARN, rank=0, draws=60, gate=0.69)
    return made_once(tmp_path_factory, "request", lambda out: run_request(asked, data, out, command="mari request"))
