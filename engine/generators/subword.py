"""The view of text that a T5 or mT5 has which does not work on bytes: its ``tokenizer.json``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.generators.backend import BackendError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Subword", "load"]


class Subword:
    """A :class:`engine.generators.backend.Codec` around a tokenizer of the Rust library."""

    PAD = 0
    EOS = 1

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def encode(self, text: str, /) -> list[int]:
        """The tokens of ``text``, the end token included."""
        ids = list(self._tokenizer.encode(text).ids)
        return ids if ids[-1:] == [self.EOS] else [*ids, self.EOS]

    def decode(self, ids: Sequence[int], /) -> str | None:
        """The text up to the end token; None without one, without text, or with padding in it."""
        if self.EOS not in ids:
            return None
        ids = list(ids[: list(ids).index(self.EOS)])
        if self.PAD in ids:
            return None
        text: str = self._tokenizer.decode(ids)
        return text.strip() or None


def load(file: Path) -> Subword:
    """Raises :class:`BackendError` where the library is missing or does not take the file."""
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise BackendError(
            "This model does not work on bytes and needs the Python package `tokenizers`.",
            remedy="Install it: pip install tokenizers",
        ) from error
    try:
        return Subword(Tokenizer.from_file(str(file)))
    except Exception as error:  # the library raises no narrower class
        raise BackendError(
            f"{file} cannot be read: {error}.", remedy="Convert the model again."
        ) from error
