"""Where models are: folders, the conversions in the user's cache, and the one that comes along."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from engine.cache import cache_folder
from engine.protocol import EngineError, ErrorKind

__all__ = [
    "BYTES",
    "MANIFEST",
    "TOKENIZER",
    "VARIABLE",
    "Manifest",
    "ModelFolder",
    "bundled",
    "conversion_folder",
    "default_model",
    "fingerprint",
    "is_hub_id",
    "locate",
    "read_manifest",
]

MANIFEST = "dsp-generator.json"
"""Beside a converted model's weights: what it was made from, and how."""

BYTES = "byt5"
"""What a manifest says of a model that works on bytes."""

TOKENIZER = "tokenizer.json"
"""The file that splits text for a model that does not."""

VARIABLE = "DSP_LSP_MODEL"
"""In the environment: the model that is used where none is named, or ``off`` for none."""

_CONVERTED = "model.bin"
_INSIDE = "ct2"
"""Subfolder of a Hugging Face folder that may hold its conversion."""

_HUB_ID = re.compile(r"\A[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?\Z")
_WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
_BUNDLED = Path(__file__).resolve().parent.parent / "models" / "mini"
_HASHED_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is written beside a conversion.

    ``source``: the absolute path or hub id; ``fingerprint``: of a local source's files, so that a
    checkpoint that has changed is converted anew; ``tokenizer``: :data:`BYTES` or
    :data:`TOKENIZER`; ``sha256``: of the weights.
    """

    name: str
    source: str
    fingerprint: str
    quantization: str
    tokenizer: str
    sha256: str
    made_with: str
    format: int = 1

    def text(self) -> str:
        """The manifest as a file's content."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model on this machine: its folder, the format of its weights, and its name for people."""

    folder: Path
    format: Literal["ct2", "hf"]
    name: str


def is_hub_id(model: str) -> bool:
    """Whether ``model`` can be a Hugging Face hub id and names nothing here."""
    return _HUB_ID.match(model) is not None and not Path(model).exists()


def bundled() -> str | None:
    """The folder of the model that comes with this package, if it does."""
    return str(_BUNDLED) if (_BUNDLED / _CONVERTED).is_file() else None


def default_model() -> str | None:
    """The model that is used where none is named; see :data:`VARIABLE`."""
    chosen = os.environ.get(VARIABLE)
    if chosen == "off":
        return None
    return chosen or bundled()


def locate(model: str, *, prefer: Literal["ct2", "hf"]) -> ModelFolder:
    """The folder that ``model`` (a path or hub id) stands for.

    Where both formats are there, ``prefer`` decides. Raises :class:`EngineError` where there is
    neither; nothing is downloaded.
    """
    path = Path(model).expanduser()
    if path.is_dir():
        found = _formats(path)
        if not found:
            raise EngineError(
                f"{path} holds no model.",
                remedy="Name a folder with config.json and weights, or a converted one.",
            )
    elif is_hub_id(model):
        found = {}
        if (converted := _cached(model, "")) is not None:
            found["ct2"] = converted
        if (snapshot := _snapshot(model)) is not None:
            found["hf"] = snapshot
        if not found:
            raise EngineError(
                f"The model {model} is not on this machine.",
                remedy=f"Download and convert it with: dsp-engine convert {model}",
                kind=ErrorKind.ENVIRONMENT,
            )
    else:
        raise EngineError(f"There is no model at {path}.", remedy="Check the path.")
    chosen: Literal["ct2", "hf"] = prefer if prefer in found else next(iter(found))
    return ModelFolder(found[chosen], chosen, _name(model, found[chosen], chosen))


def _name(model: str, folder: Path, kept: str) -> str:
    source = model if is_hub_id(model) else Path(model).expanduser().resolve().name
    manifest = read_manifest(folder)
    digest = manifest.sha256 if manifest is not None else _quick_hash(folder, kept)
    name = manifest.name if manifest is not None else source
    return f"{name} ({digest[:8]})"


def _quick_hash(folder: Path, kept: str) -> str:
    """Of the sizes and beginnings of the weights: reading all of them takes a second."""
    names = [folder / _CONVERTED] if kept == "ct2" else _weights(folder)
    digest = hashlib.sha256()
    for file in names:
        digest.update(file.stat().st_size.to_bytes(8, "big"))
        with file.open("rb") as stream:
            digest.update(stream.read(_HASHED_BYTES))
            stream.seek(-min(_HASHED_BYTES, file.stat().st_size), 2)
            digest.update(stream.read())
    return digest.hexdigest()


def _weights(folder: Path) -> list[Path]:
    return sorted(file for pattern in _WEIGHTS for file in folder.glob(pattern))


def _is_checkpoint(folder: Path) -> bool:
    return (folder / "config.json").is_file() and bool(_weights(folder))


def _formats(folder: Path) -> dict[Literal["ct2", "hf"], Path]:
    found: dict[Literal["ct2", "hf"], Path] = {}
    checkpoint = _is_checkpoint(folder)
    if checkpoint:
        found["hf"] = folder
    for place in (folder, folder / _INSIDE):
        if (place / _CONVERTED).is_file():
            found.setdefault("ct2", place)
    if checkpoint and "ct2" not in found:
        converted = _cached(str(folder.resolve()), fingerprint(folder))
        if converted is not None:
            found["ct2"] = converted
    return found


def _cached(source: str, mark: str) -> Path | None:
    for quantization in ("int8", "int8_float32", "float32", "*"):
        pattern = conversion_folder(source, quantization)
        for folder in sorted(pattern.parent.glob(pattern.name)):
            manifest = read_manifest(folder)
            if manifest is not None and manifest.fingerprint == mark:
                return folder
    return None


def _snapshot(hub_id: str) -> Path | None:
    """The hub's own cache, if there is something of the model in it."""
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        return None
    try:
        folder = Path(snapshot_download(hub_id, local_files_only=True))
    except Exception:  # whatever it raises for what is not there
        return None
    return folder if _is_checkpoint(folder) else None


def conversion_folder(source: str, quantization: str) -> Path:
    """Where the conversion of ``source`` (an absolute path or hub id) is kept."""
    slug = re.sub(r"[^A-Za-z0-9.-]+", "-", source.rstrip("/").rsplit("/", 1)[-1]) or "model"
    digest = hashlib.sha256(source.encode()).hexdigest()[:12]
    return cache_folder() / "models" / f"{slug}-{digest}-{quantization}"


def fingerprint(folder: Path) -> str:
    """Of a local checkpoint's files: names, sizes and times of change."""
    digest = hashlib.sha256()
    for file in [folder / "config.json", *_weights(folder)]:
        status = file.stat()
        digest.update(f"{file.name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest in ``folder``; None where there is none that we understand."""
    try:
        data = json.loads((folder / MANIFEST).read_text("utf-8"))
        manifest = Manifest(**data)
    except (OSError, ValueError, TypeError):
        return None
    return manifest if manifest.format == 1 else None
