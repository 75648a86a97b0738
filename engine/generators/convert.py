"""Makes a checkpoint in Hugging Face format one that runs on the CPU without torch."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.generators import byt5
from engine.generators.models import (
    BYTES,
    MANIFEST,
    TOKENIZER,
    Manifest,
    conversion_folder,
    fingerprint,
    is_hub_id,
)
from engine.protocol import EngineError, ErrorKind

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["QUANTIZATIONS", "convert", "output_scale"]

QUANTIZATIONS = ("int8", "int8_float32", "int16", "float16", "bfloat16", "float32")

_CLASSES = {"t5": "T5ForConditionalGeneration", "mt5": "MT5ForConditionalGeneration"}

_TOKENIZER_FILES = ("tokenizer_config.json", "tokenizer.json", "spiece.model")

_BYT5_VOCABULARY = byt5.EXTRA + 125
"""Google's ByT5 has 125 sentinels behind the bytes."""

_EXTRA = "Install what converting needs: pip install 'dsp-lsp[convert]'"


def convert(checkpoint: str, *, quantization: str = "int8", out: Path | None = None) -> Path:
    """Converts a T5, mT5 or ByT5 checkpoint and returns the folder of the result.

    ``checkpoint`` is a folder, or a hub id, which is downloaded if the environment
    (``HF_HUB_OFFLINE``) lets it. The result goes to ``out``, which must not exist, or to the user's
    cache, where it is found again by path or hub id. The folder appears whole or not at all. Raises
    :class:`EngineError`.
    """
    if quantization not in QUANTIZATIONS:
        raise EngineError(
            f"There is no quantization named {quantization}.",
            remedy=f"Choose one of: {', '.join(QUANTIZATIONS)}.",
        )
    folder = Path(checkpoint).expanduser()
    if folder.is_dir():
        source, mark = str(folder.resolve()), ""
        if (folder / "config.json").is_file():
            mark = fingerprint(folder)
    elif is_hub_id(checkpoint):
        source, mark = checkpoint, ""
    else:
        raise EngineError(f"There is no checkpoint at {folder}.", remedy="Check the path.")
    target = out.expanduser() if out is not None else conversion_folder(source, quantization)
    if out is not None and target.exists():
        raise EngineError(f"{target} exists.", remedy="Remove it, or name another folder.")
    model, config, tokenizer = _load(source)
    with _appearing(target) as work:
        _write(model, config, work, quantization)
        if tokenizer is not None:
            tokenizer.save(str(work / TOKENIZER))
        manifest = Manifest(
            name=source.rstrip("/").rsplit("/", 1)[-1],
            source=source,
            fingerprint=mark,
            quantization=quantization,
            tokenizer=BYTES if tokenizer is None else TOKENIZER,
            sha256=_sha256(work / "model.bin"),
            made_with=_versions(),
        )
        (work / MANIFEST).write_text(manifest.text(), "utf-8")
    return target


def _load(source: str) -> tuple[Any, dict[str, Any], Any]:
    """The model in float32, its own config.json, and a tokenizer if it does not work on bytes."""
    try:
        import ctranslate2  # noqa: F401
        import transformers
        from transformers.utils import cached_file
    except ImportError as error:
        raise EngineError(
            f"Converting needs the Python package `{error.name}`.",
            remedy=_EXTRA,
            kind=ErrorKind.ENVIRONMENT,
        ) from error
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    try:
        # The file itself: what transformers makes of it differs between its versions.
        config = json.loads(Path(cached_file(source, "config.json")).read_text("utf-8"))
        kind = config.get("model_type") if isinstance(config, dict) else None
        if kind not in _CLASSES:
            raise EngineError(
                f"{source} is no T5, mT5 or ByT5 checkpoint (model_type is {kind}).",
                remedy="Name a checkpoint of that kind.",
            )
        model, info = getattr(transformers, _CLASSES[kind]).from_pretrained(
            source, output_loading_info=True
        )
    except EngineError:
        raise
    except Exception as error:  # many, and they differ between versions
        raise EngineError(
            f"{source} cannot be loaded: {_sentence(error)}", remedy=_remedy(source)
        ) from error
    missing = sorted(info.get("missing_keys", ()))
    if missing:
        raise EngineError(
            f"{source} lacks weights that its config.json asks for: {', '.join(missing[:3])}.",
            remedy="Name a whole checkpoint.",
        )
    return model.float().eval(), config, _tokenizer(source, config)


def _remedy(source: str) -> str:
    if not is_hub_id(source):
        return "Check that the folder holds a whole checkpoint."
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return "HF_HUB_OFFLINE is set: unset it, or name the folder of a downloaded checkpoint."
    return "Check the id and the network, or name the folder of a downloaded checkpoint."


def _tokenizer(source: str, config: dict[str, Any]) -> Any:
    """What splits text for the checkpoint; None where that is bytes."""
    import transformers
    from transformers.utils import cached_file

    def has(name: str) -> bool:
        with contextlib.suppress(Exception):  # what it raises differs between versions
            return cached_file(source, name) is not None
        return False

    # Asked for by name: for a folder without a tokenizer, transformers makes an empty one up.
    if not any(map(has, _TOKENIZER_FILES)):
        if config.get("vocab_size") == _BYT5_VOCABULARY:
            return None  # a checkpoint from a training run often comes without its tokenizer
        raise EngineError(
            f"{source} has no tokenizer.", remedy="Put the tokenizer's files beside the weights."
        )
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(source)
    except Exception as error:
        raise EngineError(
            f"The tokenizer of {source} cannot be loaded: {_sentence(error)}",
            remedy="Put all of the tokenizer's files beside the weights.",
        ) from error
    if "ByT5" in type(tokenizer).__name__:
        return None
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise EngineError(
            f"The tokenizer of {source} exists in Python only and cannot be carried along.",
            remedy="Add its tokenizer.json.",
        )
    return backend


def _write(model: Any, config: dict[str, Any], work: Path, quantization: str) -> None:
    import numpy
    import torch
    from ctranslate2.converters.converter import Converter
    from ctranslate2.converters.transformers import T5Loader

    class T5(Converter):  # type: ignore[misc]
        def _load(self) -> Any:
            with torch.no_grad():
                spec = T5Loader().get_model_spec(model)
            spec.decoder.scale_outputs = numpy.float32(output_scale(config))
            # Only their numbers matter: text becomes numbers on our side.
            tokens = [f"<{number}>" for number in range(model.config.vocab_size)]
            spec.register_source_vocabulary(tokens)
            spec.register_target_vocabulary(tokens)
            spec.config.decoder_start_token = tokens[config.get("decoder_start_token_id") or 0]
            spec.config.bos_token = tokens[byt5.PAD]
            spec.config.eos_token = tokens[byt5.EOS]
            spec.config.unk_token = tokens[2]
            return spec

    try:
        T5().convert(str(work), quantization=quantization, force=True)
    except (NotImplementedError, ValueError, KeyError) as error:
        raise EngineError(f"CTranslate2 cannot run this model: {_sentence(error)}") from error


def output_scale(config: dict[str, Any]) -> float:
    """What the decoder's output is multiplied by before the head.

    The first T5s, which use the embedding as their head, scale by 1/sqrt(d_model); later ones and
    ByT5 do not. A checkpoint's config.json says which by ``tie_word_embeddings``, and if
    transformers 5 wrote it, by ``scale_decoder_outputs``, with the other always true.
    """
    scaled = config.get("scale_decoder_outputs")
    if scaled is None:
        scaled = config.get("tie_word_embeddings", True)
    return float(config["d_model"]) ** -0.5 if scaled else 1.0


@contextlib.contextmanager
def _appearing(target: Path) -> Iterator[Path]:
    """A folder to fill that then takes the name ``target``, in place of what is there."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".converting-") as made:
            work = Path(made) / "new"
            yield work
            with contextlib.suppress(FileNotFoundError):
                target.rename(Path(made) / "old")
            work.rename(target)
    except OSError as error:
        raise EngineError(
            f"{target} cannot be written: {error.strerror or error}.",
            remedy="Make room there, or name another folder with --out or DSP_LSP_CACHE.",
            kind=ErrorKind.ENVIRONMENT,
        ) from error


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _versions() -> str:
    import ctranslate2
    import transformers

    return f"ctranslate2 {ctranslate2.__version__}, transformers {transformers.__version__}"


def _sentence(error: Exception) -> str:
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return first if first.endswith(".") else f"{first}."
