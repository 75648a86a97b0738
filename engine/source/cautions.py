"""What a reader of a statement should know, because the text shows something else than Lean reads.

Notations can give `=` or `≤` any meaning, and invisible characters can reorder what is seen.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from engine.source.commands import split
from engine.source.vocabulary import NOTATIONS, words

_COMMON: Final = words(
    """
    = ≠ ≤ ≥ < > == ≈ ∼ ≡ ∣ ∈ ∉ ⊆ ⊂ ∧ ∨ ¬ ↔ → ∀ ∃ ∃! + - * / % ^ ∪ ∩ \\ ∘ :: ++ ∑ ∏ | ⁻¹ ⊥ ⊤ ∅
    true false not and or iff sorry 0 1 2
    """
)
"""Symbols that every reader takes to have the meaning of core Lean and mathlib."""

_TOKEN: Final = re.compile(r"`([^`\n]*)`|^\s*\S+\s+([^\s`:]+)\s*:")


def redeclared_symbols(text: str, end: int) -> list[str]:
    """The well-known symbols that notations in ``text`` before ``end`` declare anew."""
    found: dict[str, None] = {}
    for command in split(text[:end]):
        if command.keyword not in NOTATIONS and command.keyword != "localized":
            continue
        body = text[command.start : command.end]
        for match in _TOKEN.finditer(body):
            symbol = (match[1] or match[2] or "").strip()
            if symbol in _COMMON:
                found.setdefault(symbol)
    return list(found)


def invisible_characters(text: str, start: int, end: int) -> list[str]:
    """The characters of ``text[start:end]`` that have no shape or change the order of others."""
    found: dict[str, None] = {}
    for character in text[start:end]:
        if not character.isascii() and unicodedata.category(character) in ("Cf", "Cc", "Co", "Cn"):
            found.setdefault(f"U+{ord(character):04X}")
    return list(found)
