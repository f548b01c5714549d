"""Models: a tiny decoder from scratch, SmolLM2-135M from its wheel, any local folder or hub id. Safetensors only."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Any

import torch

from mari_theory.errors import ArgumentError, require


def quiet() -> None:
    """Keep the libraries' progress bars and warnings out of our output."""
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


def load_model(path: str | Path, dtype: torch.dtype = torch.float32) -> Any:
    """A causal model from a local folder (safetensors required) or a hub id.

    Raises `ArgumentError` on a folder without safetensors or an id that cannot be fetched.
    """
    from transformers import AutoModelForCausalLM

    quiet()
    require_model(path)
    try:
        return AutoModelForCausalLM.from_pretrained(str(path), dtype=dtype, use_safetensors=True)
    except (OSError, ValueError) as e:
        raise ArgumentError(
            "model", "a model folder or a reachable hub id", f"{path}: {str(e).splitlines()[0]}"
        ) from None


def require_model(path: str | Path) -> None:
    """Raises `ArgumentError` on a path that is no model folder and cannot be a hub id."""
    folder = Path(path)
    if folder.exists() or not re.fullmatch(r"(\w[\w.-]*/)?\w[\w.-]*", str(path)):
        complete = folder.is_dir() and any(folder.glob("*.safetensors")) and (folder / "config.json").is_file()
        require(complete, "model", "a folder with config.json and .safetensors weights", path)


def load_tokenizer(path: str | Path) -> Any:
    """The tokenizer beside a model."""
    from transformers import AutoTokenizer

    quiet()
    try:
        return AutoTokenizer.from_pretrained(str(path))
    except (OSError, ValueError) as e:
        raise ArgumentError("tokenizer", "a folder with a tokenizer", f"{path}: {str(e).splitlines()[0]}") from None


def save_model(model: Any, tokenizer: Any, folder: Path) -> None:
    """Weights as safetensors and the tokenizer, complete or not at all."""
    import shutil

    temporary = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    model.save_pretrained(temporary, safe_serialization=True)
    tokenizer.save_pretrained(temporary)
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(temporary, folder)


def require_room(folder: Path, size: int, what: str) -> None:
    """Raises `ArgumentError` unless the disk under `folder` has `size` bytes free."""
    import shutil

    there = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    free = shutil.disk_usage(there).free
    require(free >= size, "out", f"{size / 2**30:.2f} GiB free for {what}", f"{free / 2**30:.2f} GiB")


def weight_hash(model: Any) -> str:
    """SHA-256 over the names and bytes of all weights: the identity of a model in a certificate."""
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().to(torch.float32).cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
