"""Lean's output, line by line."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.lean.messages import Message, parse_message

RECORD = {
    "caption": "",
    "file_name": "document.lean",
    "pos_col": 7,
    "pos_line": 3,
    "severity": "error",
    "text": "unknown identifier 'λ∀'",
}


def line(**changes: object) -> bytes:
    return json.dumps({**RECORD, **changes}, ensure_ascii=False).encode()


def test_a_message_is_read() -> None:
    assert parse_message(line()) == Message("error", 3, 7, "unknown identifier 'λ∀'", "")


@pytest.mark.parametrize(
    ("severity", "is_error"), [("error", True), ("warning", False), ("information", False)]
)
def test_only_errors_are_errors(severity: str, is_error: bool) -> None:
    message = parse_message(line(severity=severity))
    assert message is not None
    assert message.is_error is is_error


def test_the_end_of_the_line_does_not_matter() -> None:
    assert parse_message(line() + b"\n") == parse_message(line())


def test_a_record_without_a_caption_is_a_message() -> None:
    record = {key: value for key, value in RECORD.items() if key != "caption"}
    assert parse_message(json.dumps(record).encode()) is not None


@pytest.mark.parametrize(
    "noise",
    [
        b"",
        b"\n",
        b"sort of text",
        b"{",
        b"{}",
        b"[1, 2]",
        b'{"severity": "error"}',
        b'{"severity": "error", "pos_line": null, "pos_col": 0, "text": ""}',
        b'{"severity": "error", "pos_line": "x", "pos_col": 0, "text": ""}',
        line()[:-5],
        line() + line(),
        b"{\xff\xfe}",
    ],
)
def test_what_is_no_message_is_dropped(noise: bytes) -> None:
    assert parse_message(noise) is None


@given(st.binary() | st.binary().map(lambda tail: b"{" + tail))
def test_nothing_raises(noise: bytes) -> None:
    found = parse_message(noise)
    assert found is None or isinstance(found, Message)


@given(st.text(), st.integers(1, 10**9), st.integers(0, 10**6))
def test_any_text_comes_through(text: str, pos_line: int, pos_col: int) -> None:
    record = {**RECORD, "text": text, "pos_line": pos_line, "pos_col": pos_col}
    found = parse_message(json.dumps(record).encode())
    assert found == Message("error", pos_line, pos_col, text, "")
