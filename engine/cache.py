"""The folder for what is made once and kept: compiled runtimes, converted models, proofs."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """``DSP_LSP_CACHE``, or the user's cache folder."""
    chosen = os.environ.get("DSP_LSP_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("dsp-lsp"))


def proofs_file() -> Path | None:
    """The file of the cache of proofs: ``DSP_LSP_PROOFS``, or one in the cache folder; None where
    that variable is ``off``.
    """
    chosen = os.environ.get("DSP_LSP_PROOFS")
    if chosen == "off":
        return None
    return Path(chosen) if chosen else cache_folder() / "proofs-1.sqlite"
