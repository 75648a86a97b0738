"""Texts that show something else than Lean reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.source.cautions import invisible_characters, redeclared_symbols

THEOREM = "theorem t : 1 = 2 :="


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("local notation (name := other) a ` = `:50 b := true\n", ["="]),
        ("local infix ` ≤ `:50 := r\n", ["≤"]),
        ("notation `false` := true\n", ["false"]),
        ('localized "infix ` ∣ `:50 := r" in foo\n', ["∣"]),
        ("local notation `𝓝` := nhds\nlocal infix ` ∼ᵣ `:50 := r\n", []),
        ("def f := 1\n-- notation `=` := x\n", []),
        ('def s := "notation `=` := x"\n', []),
    ],
)
def test_symbols_that_get_another_meaning(text: str, symbols: list[str]) -> None:
    whole = text + THEOREM
    assert redeclared_symbols(whole, len(text)) == symbols
    assert redeclared_symbols(whole, 0) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("theorem t : p /- \u202e -/ :=", ["U+202E"]),
        ("p\u200b q\u200b\ufeff", ["U+200B", "U+FEFF"]),
        ("∀ x : ℝ, ‖x‖₊ ≤ 𝕜 \n\t⁻¹ é", []),
    ],
)
def test_characters_that_are_not_seen(text: str, found: list[str]) -> None:
    assert invisible_characters(text, 0, len(text)) == found


@given(st.text(max_size=80), st.integers(0, 80))
def test_any_text_can_be_asked(text: str, end: int) -> None:
    redeclared_symbols(text, end)
    invisible_characters(text, 0, end)
