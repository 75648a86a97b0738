"""What the messages of two runs say about a proof."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.lean.messages import Message
from engine.lean.session import _objection
from engine.lean.verify import Audit, new_errors, read_audits
from engine.source import analyse, splice

if TYPE_CHECKING:
    from collections.abc import Sequence

CLEAN: dict[str, Any] = {
    "declaration": "t",
    "metavariables": False,
    "sorry": False,
    "itself": False,
    "axioms": [],
    "foreign": [],
    "sorries": [],
    "untrusted": [],
}


def error(line: int, text: str = "no", column: int = 0) -> Message:
    return Message("error", line, column, text)


def trace(nonce: int, **changes: object) -> Message:
    return Message("information", 1, 0, f"dsp-lsp-audit {nonce} {json.dumps({**CLEAN, **changes})}")


def audit(**changes: object) -> Audit:
    (found,) = read_audits([trace(1, **changes)], 1)
    return found


def test_a_clean_proof_has_no_objection() -> None:
    assert audit().objection() is None
    assert audit(axioms=["propext"], sorries=["earlier"]).objection() is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"metavariables": True}, "metavariables"),
        ({"sorry": True}, "contains sorry"),
        ({"itself": True}, "uses the theorem that it proves"),
        ({"foreign": ["evil", "worse"]}, "evil, worse"),
        ({"untrusted": ["some.meta"]}, "some.meta"),
    ],
)
def test_each_objection_is_said(changes: dict[str, object], words: str) -> None:
    objection = audit(**changes).objection()
    assert objection is not None
    assert words in objection


def test_only_the_named_audit_counts() -> None:
    messages = [trace(1), trace(2, sorry=True), error(1, "dsp-lsp-audit"), trace(1, itself=True)]
    assert [found.uses_itself for found in read_audits(messages, 1)] == [False, True]
    assert read_audits(messages, 3) == []
    assert read_audits(messages, 12) == []


def test_an_audit_may_stand_among_other_traces() -> None:
    inner = trace(5, axioms=["a"]).text
    (found,) = read_audits([Message("information", 1, 0, f"hello\n{inner}\nbye")], 5)
    assert found.axioms == ("a",)


def test_the_same_errors_are_not_new() -> None:
    before = [error(1, "x"), error(9, "y")]
    assert new_errors(before, [error(1, "x"), error(12, "y")], end=(5, 0), shift=3) == []
    assert new_errors(before, [error(1, "x")], end=(5, 0), shift=3) == []


def test_an_error_that_comes_once_more_is_new() -> None:
    assert new_errors([error(1)], [error(1), error(1)], end=(5, 0), shift=0) == [error(1)]


def test_another_text_or_line_is_new() -> None:
    before = [error(2, "x")]
    assert new_errors(before, [error(2, "z")], end=(5, 0), shift=0) == [error(2, "z")]
    assert new_errors(before, [error(3, "x")], end=(5, 0), shift=0) == [error(3, "x")]


def test_what_stands_behind_the_proof_on_its_line_moves_with_it() -> None:
    before = [error(2, "x", 3), error(2, "y", 12)]
    after = [error(2, "x", 3), error(4, "y", 4)]
    assert new_errors(before, after, end=(2, 12), shift=2) == []
    assert new_errors(before, after, end=(2, 13), shift=2) == [error(4, "y", 4)]


def test_warnings_never_count() -> None:
    assert (
        new_errors([], [Message("warning", 1, 0, "declaration uses sorry")], end=(2, 0), shift=0)
        == []
    )


LINES = st.lists(st.tuples(st.integers(1, 30), st.sampled_from("abc")), max_size=12)


@given(LINES, st.integers(1, 30), st.integers(0, 9), st.randoms())
def test_errors_that_only_moved_are_never_new(
    lines: list[tuple[int, str]], last: int, shift: int, random: Any
) -> None:
    before = [error(line, text) for line, text in lines]
    after = [error(line + shift if line >= last else line, text) for line, text in lines]
    random.shuffle(after)
    assert new_errors(before, after, end=(last, 0), shift=shift) == []
    fresh = error(99, "fresh")
    assert new_errors(before, [*after, fresh], end=(last, 0), shift=shift) == [fresh]


# -- the objection of a session -------------------------------------------------------------------

TEXT = "theorem a : p :=\n\ntheorem b : p :=\n\ntheorem c : p := d\n"


def objection(
    before: Sequence[Message], after: Sequence[Message], ordinal: int, replacement: str
) -> str | None:
    site = analyse(TEXT).sites[ordinal]
    spliced = splice(TEXT, [(site.span, replacement)])
    return _objection(before, after, TEXT, spliced, site, replacement)


def test_errors_that_were_there_elsewhere_do_not_matter() -> None:
    before = [error(3, "command expected"), error(5, "command expected"), error(5, "d")]
    after = [error(5, "command expected"), error(7, "command expected"), error(7, "d")]
    # The first site has been given two lines more, and no error of its own.
    assert objection(before, after, 0, "\nbegin\n  simp\nend"[:-4] + " end") is None


def test_an_error_inside_the_proof_matters() -> None:
    found = objection([], [error(2, "simp failed", 2)], 0, "\nbegin simp end")
    assert found is not None
    assert "simp failed" in found


def test_an_old_error_of_the_declaration_itself_matters() -> None:
    # It was reported at the same line before, but the proof must not be offered with it.
    same = [error(1, "bad binder", 12)]
    found = objection(same, same, 0, " by simp")
    assert found is not None
    assert "bad binder" in found


def test_a_new_error_behind_the_proof_matters() -> None:
    found = objection([], [error(5, "broken by the proof")], 1, " by simp")
    assert found is not None
    assert "broken by the proof" in found


def test_an_error_at_the_very_start_of_the_declaration_is_the_neighbours() -> None:
    same = [error(3, "command expected", 0)]
    assert objection(same, same, 1, " by simp") is None
