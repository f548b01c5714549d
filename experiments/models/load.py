"""Models: a tiny decoder from scratch, SmolLM2-135M from its wheel, any local folder or hub id. Safetensors only."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from mari_theory.errors import ArgumentError, require

ADAPTER = "adapter_model.safetensors"
"""Weights of a PEFT adapter."""


def quiet() -> None:
    """Keep the libraries' progress bars and warnings out of our output."""
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


def load_model(path: str | Path, dtype: torch.dtype = torch.float32) -> Any:
    """A causal model from a local folder (safetensors required) or a hub id; a folder with a PEFT adapter is merged into its base.

    Raises `ArgumentError` on a folder without safetensors, an id that cannot be fetched, weights that are missing, of another shape or
    no numbers: nothing is filled in silently.
    """
    from transformers import AutoModelForCausalLM

    quiet()
    require_model(path)
    if is_adapter(path):
        return load_adapter(Path(path), dtype)
    try:
        model, found = AutoModelForCausalLM.from_pretrained(
            str(path), dtype=dtype, use_safetensors=True, ignore_mismatched_sizes=True, output_loading_info=True
        )
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as e:
        raise ArgumentError(
            "model", "a model folder or a reachable hub id", f"{path}: {str(e).splitlines()[0]}"
        ) from None
    for what in ("missing_keys", "mismatched_keys", "error_msgs"):
        rest = sorted(str(k[0] if isinstance(k, tuple) else k) for k in found.get(what) or ())
        said = f"{what.replace('_', ' ')} in {path}: {', '.join(rest[:3])}{' ...' if len(rest) > 3 else ''}"
        require(not rest, "model", "weights for every parameter, in its shape", said)
    require_numbers(model, path)
    return model


def require_numbers(model: Any, path: str | Path) -> None:
    """Raises `ArgumentError` on a weight that is NaN or infinite."""
    for name, value in model.named_parameters():
        require(bool(torch.isfinite(value).all()), "model", "finite weights", f"NaN or infinity in {name} of {path}")


def is_adapter(path: str | Path) -> bool:
    """Is this a local folder that PEFT saved: an adapter without its base?"""
    return (Path(path) / "adapter_config.json").is_file() and not (Path(path) / "config.json").is_file()


def load_adapter(folder: Path, dtype: torch.dtype) -> Any:
    """Base and adapter merged. Raises `ArgumentError` naming the folder where the adapter's own weights are not all there."""
    from peft import PeftModel, get_peft_model_state_dict

    try:
        model = PeftModel.from_pretrained(load_model(adapter_base(folder), dtype), str(folder))
        given = set(load_file(folder / ADAPTER))
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as e:
        if isinstance(e, ArgumentError):
            raise
        raise ArgumentError("model", "a PEFT adapter of its base", f"{folder}: {str(e).splitlines()[0]}") from None
    lost = sorted(set(get_peft_model_state_dict(model)) - given)
    require(not lost, "model", "weights for every parameter of the adapter", f"none for {lost[:1]} in {folder}")
    require_numbers(model, folder)
    return model.merge_and_unload()


def adapter_base(folder: Path) -> str:
    """The model that an adapter was trained on, as its configuration names it; a path that is no folder is looked for beside the adapter too."""
    try:
        name = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))["base_model_name_or_path"]
    except (ValueError, KeyError, TypeError):
        name = None
    require(isinstance(name, str) and name, "model", "an adapter_config.json that names its base", folder)
    beside = folder / str(name)
    return str(beside if beside.is_dir() and not Path(str(name)).is_dir() else name)


def require_model(path: str | Path) -> None:
    """Raises `ArgumentError` on a path that is no model folder and cannot be a hub id."""
    folder = Path(path)
    if folder.exists() or not re.fullmatch(r"(\w[\w.-]*/)?\w[\w.-]*", str(path)):
        if is_adapter(folder):
            require((folder / ADAPTER).is_file(), "model", f"{ADAPTER} beside adapter_config.json", path)
            return
        complete = folder.is_dir() and any(folder.glob("*.safetensors")) and (folder / "config.json").is_file()
        require(complete, "model", "a folder with config.json and .safetensors weights", path)


def load_tokenizer(path: str | Path) -> Any:
    """The tokenizer beside a model; of an adapter without one, its base's."""
    from transformers import AutoTokenizer

    quiet()
    if is_adapter(path) and not (Path(path) / "tokenizer_config.json").is_file():
        return load_tokenizer(adapter_base(Path(path)))
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
