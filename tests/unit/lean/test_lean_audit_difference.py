"""Errors that show only where a proof is audited."""

from __future__ import annotations

from engine.lean.messages import Message
from engine.lean.verify import only_under_audit


def error(text: str, line: int = 1) -> Message:
    return Message("error", line, 0, text)


def test_only_what_the_document_lacks_counts() -> None:
    assert only_under_audit([], []) is None
    assert only_under_audit([error("a"), error("b")], [error("a", 7)]) is None
    assert only_under_audit([error("a")], [error("a"), error("caught")]) == "caught"
    assert only_under_audit([error("a")], [error("a"), error("a", 2)]) == "a"
    warning = Message("warning", 1, 0, "declaration uses sorry")
    assert only_under_audit([], [warning]) is None


def test_a_text_that_is_cut_off_in_a_namespace_is_no_difference() -> None:
    cut_off = error("invalid end of module, expecting 'end'")
    assert only_under_audit([], [cut_off]) is None
    assert only_under_audit([], [cut_off, cut_off]) == cut_off.text
    assert only_under_audit([], [cut_off, error("caught")]) == "caught"
