"""The pieces: the document made of a text, and the table of abbreviations."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp_lsp.web.app import STATIC
from dsp_lsp.web.statement import prepare
from engine.protocol import EngineError

TABLE: dict[str, str] = json.loads((STATIC / "abbreviations.json").read_text("utf-8"))


def test_the_last_site_is_proved_and_the_others_are_told() -> None:
    text = "lemma a : 1 = 1 := sorry\nlemma b : 2 = 2 :=\n\ntheorem c : 3 = 3"
    with pytest.raises(EngineError):
        prepare("def f := 1", [], 1000)
    prepared = prepare(text.replace("\n", "\r\n") + " :=", ["tactic", "data.x"], 1000)
    assert prepared.name == "c"
    assert prepared.others == (1, 2)
    assert prepared.document == f"import tactic\nimport data.x\n{text} :="


def test_what_is_refused_has_its_place() -> None:
    with pytest.raises(EngineError) as caught:
        prepare("def a := 1\n  #eval a\nexample : a = 1 :=", ["tactic"], 1000)
    assert (caught.value.line, caught.value.column) == (2, 2)
    with pytest.raises(EngineError, match="at most 10"):
        prepare("theorem long : 1 = 1 :=", [], 10)


@given(st.integers(1, 9), st.integers(0, 9), st.integers(0, 3))
def test_places_are_those_of_what_was_typed(line: int, column: int, imports: int) -> None:
    prepared = prepare("theorem t : 1 = 1 :=", ["m"] * imports, 1000)
    moved = prepared.in_text(EngineError("x", line=line + imports, column=column))
    assert (moved.line, moved.column) == (line, column)
    header = prepared.in_text(EngineError("x", line=imports, column=column))
    assert (header.line, header.column) == (None, None)


def test_abbreviations_are_typed_on_any_keyboard_and_stand_for_what_is_seen() -> None:
    assert len(TABLE) > 500
    for name, symbol in TABLE.items():
        assert re.fullmatch(r"[!-~]+", name), name
        shown = symbol.replace("$CURSOR", "")
        assert 1 <= len(shown) <= 3
        assert symbol.count("$CURSOR") <= 1
        for character in shown:
            assert unicodedata.category(character)[0] not in "CZ", (name, character)


@pytest.mark.parametrize(
    ("names", "symbol"),
    [
        ("to r imp", "→"), ("all forall", "∀"), ("ex exists", "∃"), ("and wedge", "∧"),
        ("or vee", "∨"), ("not neg n", "¬"), ("iff lr", "↔"), ("le leq", "≤"), ("ge geq", "≥"),
        ("ne neq", "≠"), ("in mem", "∈"), ("sub subseteq", "⊆"), ("un cup", "∪"), ("i cap", "∩"),
        ("N nat", "ℕ"), ("Z int", "ℤ"), ("Q", "ℚ"), ("R real", "ℝ"), ("C", "ℂ"), ("a alpha", "α"),
        ("b beta", "β"), ("e epsilon", "ε"), ("l from", "←"), ("lambda fun", "λ"), ("x times", "×"),
        ("inv -1", "⁻¹"), ("1 _1", "₁"), ("^2", "²"), ("<>", "⟨$CURSOR⟩"), ("|- vdash", "⊢"),
        ("comp circ o", "∘"), ("sum", "∑"), ("prod", "∏"), ("nhds nN MCN", "𝓝"), ("bbk", "𝕜"),
        ("mid |", "∣"), ("norm", "‖$CURSOR‖"), ("t", "▸"), ("empty emptyset", "∅"),
    ],
)  # fmt: skip
def test_the_usual_names_have_their_usual_symbols(names: str, symbol: str) -> None:
    for name in names.split():
        assert TABLE[name] == symbol, name


def test_the_page_asks_no_other_host_and_has_no_markup_from_text() -> None:
    for path in STATIC.iterdir():
        text = path.read_text("utf-8")
        addresses = set(re.findall(r"https?://[^\s\"'<>)]+", text))
        assert addresses <= {"http://www.w3.org/2000/svg"}, path
        if path.suffix in (".js", ".html"):
            for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
                assert sink not in text, (path, sink)
            assert not re.search(r"<[^>]*\s(?:on\w+|style)=", text), path


_PAIRS = [
    ("ink", "page"), ("ink", "card"), ("ink", "field"), ("ink", "accent-soft"),
    ("ink", "good-soft"),
    ("faint", "page"), ("faint", "card"), ("faint", "field"), ("accent", "card"),
    ("accent-ink", "accent"), ("good", "card"), ("bad", "card"), ("bad", "bad-soft"),
    ("warn", "card"), ("warn", "warn-soft"),
    *((f"t-{name}", ground)
      for name in ("command", "keyword", "tactic", "name", "sort", "number", "comment", "sign")
      for ground in ("field", "good-soft", "bad-soft")),
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_letters_stand_out_from_their_ground(scheme: str) -> None:
    """WCAG 2: a ratio of at least 4.5 for text."""
    style = (STATIC / "style.css").read_text("utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light if scheme == "light" else dark))

    def luminance(name: str) -> float:
        parts = [int(colours[name][at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for one, other in _PAIRS:
        low, high = sorted((luminance(one), luminance(other)))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (one, other)
