"""The folder for what is made once and kept: compiled runtimes, converted models."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """``DSP_LSP_CACHE``, or the user's cache folder."""
    chosen = os.environ.get("DSP_LSP_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("dsp-lsp"))
