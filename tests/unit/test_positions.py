"""Positions in every encoding, against the slow and obvious way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp_lsp.positions import Encoding, Lines, Mark, code_points, units

CODECS = {
    Encoding.UTF8: ("utf-8", 1),
    Encoding.UTF16: ("utf-16-le", 2),
    Encoding.UTF32: ("utf-32-le", 4),
}
LETTERS = st.sampled_from("a α𝔸𝕜\n\r\té\u2028\x0c\x85\x1c😋\ud800")
TEXTS = st.text(LETTERS, max_size=40) | st.text(max_size=40)
ENCODINGS = st.sampled_from(list(Encoding))


def slow_units(text: str, encoding: Encoding) -> int:
    codec, width = CODECS[encoding]
    return sum(len(letter.encode(codec, "surrogatepass")) // width for letter in text)


@given(TEXTS, ENCODINGS)
def test_units(text: str, encoding: Encoding) -> None:
    assert units(text, encoding) == slow_units(text, encoding)


@given(TEXTS, ENCODINGS, st.integers(0, 60))
def test_code_points(text: str, encoding: Encoding, count: int) -> None:
    found = code_points(text, count, encoding)
    # As many as fit: a position inside a character is the one before it.
    assert slow_units(text[:found], encoding) <= count
    assert found == len(text) or slow_units(text[: found + 1], encoding) > count


@given(TEXTS, ENCODINGS)
def test_there_and_back(text: str, encoding: Encoding) -> None:
    lines = Lines(text, encoding)
    for offset in range(len(text) + 1):
        line, character = lines.place(offset)
        assert line == text.count("\n", 0, offset)
        start = text.rfind("\n", 0, offset) + 1
        assert character == slow_units(text[start:offset], encoding)
        # A place between `\r` and `\n` is none: it is taken for the line's end.
        inside = text[offset - 1 : offset + 1] == "\r\n"
        assert lines.offset((line, character)) == (offset - 1 if inside else offset)


@given(TEXTS, ENCODINGS, st.integers(-2, 50), st.integers(-2, 50))
def test_every_place_is_somewhere(text: str, encoding: Encoding, line: int, character: int) -> None:
    lines = Lines(text, encoding)
    offset = lines.offset((line, character))
    assert 0 <= offset <= len(text)
    start, end = lines.line_span(line)
    assert 0 <= start <= end <= len(text)
    assert "\n" not in text[start:end]
    if 0 <= line <= text.count("\n"):
        assert start <= offset <= end


def test_places_outside() -> None:
    lines = Lines("ab\r\nc", Encoding.UTF16)
    assert lines.offset((0, 99)) == 2
    assert lines.offset((9, 0)) == 5
    assert lines.offset((-1, 4)) == 0
    assert lines.place(99) == (1, 1)


@pytest.mark.parametrize("encoding", list(Encoding))
def test_an_empty_text(encoding: Encoding) -> None:
    lines = Lines("", encoding)
    assert lines.place(0) == (0, 0)
    assert lines.offset((0, 0)) == 0
    assert lines.line_span(0) == (0, 0)


@given(st.data(), st.text("ab", max_size=12), st.text("ab", max_size=12))
def test_a_mark_follows_its_piece(data: st.DataObject, before: str, after: str) -> None:
    text = before + "sorry" + after
    mark = Mark(len(before), len(before) + 5)
    for _ in range(data.draw(st.integers(0, 6))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, len(text)))
        new = data.draw(st.text("ab", max_size=4))
        text = text[:start] + new + text[end:]
        mark.change(start, end, len(new))
    # It is lost when, and only when, the word is: the other letters make no other.
    assert (mark.offset is None) == ("sorry" not in text)
    if mark.offset is not None:
        assert text.index("sorry") == mark.offset


def test_a_mark_of_nothing_stays_behind_its_word() -> None:
    mark = Mark(2, 2)  # after the `:=` of ":= …"
    mark.change(2, 2, 3)
    assert mark.offset == 2
    mark.change(0, 0, 4)
    assert mark.offset == 6
