from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.data.premises import Resolver, ask_for_names
from engine.data.syntax_tree import Identifier, SyntaxTree
from engine.lean.messages import Message

TEXT = """namespace a
theorem one : true := by { exact foo }
section
theorem two : true := begin exact bar.baz end
end
mutual def f, g
with f : ℕ → ℕ | n := by exact qux
end
theorem three : true := by trivial
end a
theorem four : true := by exact foo
"""

pieces = st.sampled_from(
    ["namespace a\n", "section\n", "end\n", "end a\n", "mutual def f, g\n", "#exit\n", "  end  ",
     "theorem t : p := by { simp [foo] }\n", "theorem t : p := begin exact h end\n", "/- end -/\n",
     "/-! by -/\n", "\n", "lemma \"", "open b\n", "«x y» ", "by ", "α\r\n"]
)  # fmt: skip


def test_each_scope_asks_where_it_ends() -> None:
    questions = ask_for_names(TEXT)
    before, after = TEXT.split("\n"), questions.text.split("\n")
    changed = [n for n, (one, two) in enumerate(zip(before, after, strict=False), 1) if one != two]
    # No question inside `mutual`; the last is behind the text.
    assert changed == [5, 10]
    assert questions.lines == frozenset({5, 10, 13})
    inner, outer, last = (after[line - 1] for line in sorted(questions.lines))
    assert inner.endswith(") end")
    assert "bar.baz" in inner
    assert "foo" not in inner
    assert outer.endswith(") end a")
    assert "foo" in outer
    assert "bar.baz" not in outer
    assert "foo" in last
    assert "trivial" not in last


@given(st.lists(pieces, max_size=25).map("".join))
def test_questions_move_no_line_and_no_column(text: str) -> None:
    questions = ask_for_names(text)
    asked = questions.text.split("\n")
    for number, line in enumerate(text.split("\n"), 1):
        there = asked[number - 1]
        if number in questions.lines:
            assert there.endswith(line.lstrip()) or line == ""
            assert line == "" or line.lstrip().startswith("end")
        else:
            assert there == line


def test_names_are_found_in_their_scope() -> None:
    questions = ask_for_names(TEXT)
    scope_of_two = questions.scopes[
        next(n for n, start in enumerate(questions.starts) if TEXT.startswith("theorem two", start))
    ]
    answers = {
        scope_of_two: "\n\tbar.baz\t[macro field_notation (const a.bar [])]\n\tx\t(const x [])",
        0: "\n\tfoo\t[macro choice (const\n foo []) (const b.foo [l])]\n\th\t(const h [])",
    }
    messages = [
        Message("information", 9, 0, f"dsp_lsp names {number}{text}")
        for number, text in answers.items()
    ]
    messages.append(Message("information", 3, 0, "dsp_lsp is something else"))
    tree = SyntaxTree(
        identifiers=[
            Identifier("foo", (11, 33), in_term=True),
            Identifier("h", (11, 37), in_term=True),
            Identifier("foo", (11, 40), in_term=True),
            Identifier("x", (4, 30), in_term=False),
            Identifier("x", (4, 31), in_term=True),
            Identifier("bar.baz", (4, 34), in_term=True),
            Identifier("foo", (4, 40), in_term=True),
        ]
    )
    named = Resolver(questions, messages, tree, TEXT).named
    some = frozenset({"h"})
    # `x` is bound in the tactic, and `foo` was not known there.
    assert named("exact", (4, 28), (4, 50), some) == ("a.bar",)
    assert named("unfold", (4, 28), (4, 50), some) == ("x", "a.bar")
    assert named("exact", (11, 26), (11, 60), some) == ("foo", "b.foo")
    assert named("exact", (11, 26), (11, 60), frozenset({"foo"})) == ("h",)
    assert named("exact", (11, 50), (11, 60), some) == ()
    assert named("exact", (9, 0), (9, 60), some) == ()
