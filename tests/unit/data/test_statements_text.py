from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data.records import STATEMENT, STEP
from engine.data.statements_text import (
    MOST_BYTES,
    Theorem,
    asking_for_statements,
    asking_for_theorems,
    causes,
    read_answers,
    read_theorems,
    stated,
)
from engine.lean.messages import Message

SOURCE = """\
import data.set.basic
/-! A heading: `open foo`. -/
universe u
open set
open_locale big_operators

namespace mine
variables {α : Type u} -- of any kind
/-- A doc comment. -/
theorem one : true :=
begin
  trivial
end

section
include α
local notation `⟪` x `⟫` := id x
local attribute [simp] one
attribute [simp] one
local attribute [simp]
lemma with_it : true := trivial
localized "notation `∎` := one" in mine.signs
notation `all` := one
lemma two : true := trivial
lemma three : true := trivial
end

mutual def even, odd
with even : ℕ → bool
| 0 := tt
with odd : ℕ → bool
| 0 := ff
end
end mine
lemma four : true := trivial
#exit
open never
"""

QUESTION = f'run_cmd _root_.dsp_lsp.statements 7 {MOST_BYTES} "'

EXPECTED = f"""\
import dsp_lsp_statements my.file
section
universe u
open set
open_locale big_operators
namespace mine
variables {{α : Type u}}
{QUESTION}mine.one"
section
local notation `⟪` x `⟫` := id x
local attribute [simp] one
open_locale mine.signs
{QUESTION}mine.two mine.three"
end
end mine
{QUESTION}four"
end
run_cmd dsp_lsp.statements 7 {MOST_BYTES} "_end"
"""


def place_of(name: str) -> Theorem:
    lines = SOURCE.splitlines()
    short = name.rpartition(".")[2]
    number = next(n for n, line in enumerate(lines) if f" {short} : true" in line)
    return Theorem(number + 1, lines[number].index(short), name)


def test_of_a_file_its_scopes_are_left_and_questions_for_its_theorems() -> None:
    theorems = [place_of(name) for name in ("four", "mine.two", "mine.one", "mine.three")]
    assert asking_for_statements([("my.file", SOURCE, theorems)], heartbeats=7) == EXPECTED


def test_each_file_has_a_section_that_is_closed() -> None:
    text = asking_for_statements([("a", "namespace x\nsection y", []), ("b", "", [])], heartbeats=1)
    sections = text.partition("\n")[2].rpartition("run_cmd")[0]
    assert sections == "section\nnamespace x\nsection y\nend y\nend x\nend\nsection\nend\n"


commands = st.sampled_from(
    [
        *("namespace a", "section", "section s", "end", "end a", "end s", "open a"),
        *("lemma l : p := q", "mutual def f, g with f : t := u", "local infix `+` := a"),
        *("/- end -/", "begin end"),
    ]
)


@given(st.lists(commands, max_size=15), st.data())
def test_each_theorem_is_asked_for_once_and_all_that_is_opened_is_closed(
    lines: list[str], data: st.DataObject
) -> None:
    source = "\n".join(lines)
    places = st.tuples(st.integers(1, len(lines) + 1), st.integers(0, 5))
    theorems = [
        Theorem(line, column, f"t{number}")
        for number, (line, column) in enumerate(data.draw(st.lists(places, max_size=5)))
    ]
    asked = asking_for_statements([("m", source, theorems)], heartbeats=1).splitlines()
    words = [line.split()[0] for line in asked]
    assert words.count("end") == words.count("section") + words.count("namespace")
    depth = 0
    for word in words:
        depth += (word in ("section", "namespace")) - (word == "end")
        assert depth >= 0
    names = [name for line in asked if line.startswith(QUESTION[:15]) for name in line.split()[4:]]
    assert sorted(name.strip('"') for name in names if name != '"_end"') == sorted(
        one.name for one in theorems
    )


def test_many_theorems_are_asked_for_in_several_questions() -> None:
    theorems = [Theorem(1, 0, f"t{number}") for number in range(200)]
    asked = asking_for_statements([("m", "", theorems)], heartbeats=1)
    questions = [line for line in asked.splitlines() if line.startswith("run_cmd _root_")]
    assert [len(line.split()) - 4 for line in questions] == [64, 64, 64, 8]


@pytest.mark.parametrize("name", ["of «odd name»", 'with"quote', "with\\backslash"])
def test_a_name_that_cannot_be_asked_for_is_not(name: str) -> None:
    asked = asking_for_statements([("m", "", [Theorem(1, 0, name)])], heartbeats=1)
    assert asked.count("run_cmd") == 1


def test_theorems_are_asked_for_with_the_paths_of_some_files_at_a_time() -> None:
    modules = {f"m.n{number}": f'/a "b"/m/n{number}.lean' for number in range(100)}
    imports, *questions = asking_for_theorems(modules).splitlines()
    assert imports.split() == ["import", "dsp_lsp_statements", *modules]
    asked = [json.loads(one.removeprefix("run_cmd dsp_lsp.theorems ")) for one in questions]
    assert [path for part in asked for path in part.split(":")] == [*modules.values()]
    assert len(asked) == 3


def test_answers_are_read_and_other_messages_are_not() -> None:
    files = [["/src/a.lean", ["x.y", 3, 6], ["z", 1, 0]], ["/src/b.lean"]]
    assert read_theorems(f"dsp-lsp-theorems {json.dumps(files)}\n") == {
        "/src/a.lean": [Theorem(3, 6, "x.y"), Theorem(1, 0, "z")],
        "/src/b.lean": [],
    }
    said = [["x", "⊢ p", "exact x"], ["y", "no"]]
    text = asking_for_statements([("m", "", [Theorem(1, 0, "z")])], heartbeats=1)
    line = 1 + text.split("\n").index(f'run_cmd _root_.dsp_lsp.statements 1 {MOST_BYTES} "z"')
    messages = [
        Message("information", 9, 0, f"dsp-lsp-statements {json.dumps(said)}\n"),
        Message("error", 2, 0, "unknown namespace"),
        Message("error", line, 0, "no such command"),
        Message("warning", 2, 0, "declaration uses sorry"),
    ]
    assert read_answers(text, messages) == {
        "x": ["⊢ p", "exact x"],
        "y": ["no"],
        "z": ["no such command"],
    }
    assert not read_theorems("dsp-lsp-statements [[]]")


def test_steps_are_asked_for_and_read_behind_the_statement() -> None:
    theorems = [Theorem(1, 0, name) for name in ("a", "b", "c", "d")]
    text = asking_for_statements([("m", "", theorems)], heartbeats=1, steps=True)
    names = f'1 {MOST_BYTES} "a b c d"'
    questions = [line for line in text.splitlines() if line.endswith(names)]
    assert [line.split()[1] for line in questions] == [
        "_root_.dsp_lsp.statements",
        "_root_.dsp_lsp.steps",
    ]
    long = "⊢ " + "α" * (MOST_BYTES // 2)
    said = [["a", "⊢ p", "exact a"], ["b", "⊢ q", "exact b"], ["c", "no"], ["d", long, "exact d"]]
    steps = [
        ["a", "⊢ p", "refine r _", "⊢ ?m_1", "exact s", long, "exact t", "⊢ s", "exact s"],
        ["b", "it took too long"],
        ["c", "⊢ r", "exact u"],
        ["d", "⊢ t", "exact v"],
    ]
    messages = [
        Message("information", 1, 0, f"dsp-lsp-{mark} {json.dumps(answer)}")
        for mark, answer in (("statements", said), ("steps", steps))
    ]
    found = stated("m.lean", theorems, read_answers(text, messages), "")
    assert [(p.theorem, p.family, p.state, p.tactic, p.next) for p in found.pairs] == [
        ("a", STATEMENT, "⊢ p", "exact a", "no goals"),
        ("a", STEP, "⊢ p", "refine r _", ""),
        ("a", STEP, "⊢ s", "exact s", ""),
        ("b", STATEMENT, "⊢ q", "exact b", "no goals"),
        ("d", STEP, "⊢ t", "exact v", ""),
    ]
    assert [*found.failed] == ["c", "d"]


def test_what_lean_did_not_close_is_counted_by_cause() -> None:
    theorems = [Theorem(n, 0, name) for n, name in enumerate(("d", "c", "b", "a", "e", "f"))]
    answers = {
        "a": ["p : Prop\n⊢ p", "exact a"],
        "b": ["⊢ " + "α" * (MOST_BYTES // 2), "exact b"],
        "c": ["unknown identifier 'x'"],
        "d": ["unknown identifier 'y'\nmore"],
        "e": ["type mismatch at application\n  e x\nterm"],
    }
    found = stated("x/y.lean", theorems, answers, "Lean was killed")
    assert [(p.theorem, p.line, p.state, p.tactic, p.next) for p in found.pairs] == [
        ("a", 3, "p : Prop\n⊢ p", "exact a", "no goals")
    ]
    assert found.pairs[0].family == STATEMENT
    assert found.pairs[0].premises == ("a",)
    assert causes(found.failed.values()) == {
        "unknown identifier": 2,
        "the state is too long": 1,
        "type mismatch at application": 1,
        "Lean was killed": 1,
    }
