"""Statements, and tactics to try on them, for the comparison with Lean.

``corpus.txt`` has an entry a paragraph: a text, whose last site is meant, and scripts, one a line
after ``> ``: tactics with `` | `` between them, each applied to what the one before it left. An
entry marked ``! false`` does not follow: all its scripts are wrong, like many of the others.
"""

from __future__ import annotations

from pathlib import Path

_COMMON = """
intro
intros
split
left
right
refl
symmetry
transitivity
assumption
contradiction
trivial
exfalso
constructor
intros; assumption
repeat { split }
try { refl }
skip
existsi 0
cases h
induction h
subst h
rw h
rw ← h
apply h
exact h
induction n
cases n
exact h.symm
exact ⟨_, _⟩
refine ⟨_, _⟩
apply or.inl
exact or.inr h
exact false.elim _
{ assumption }
intros, split
all_goals { intros }
split; intros; assumption
cases h with a b
cases h with a
intro h, cases h
intro h, cases h; assumption
intro h, split; cases h
"""


def _read() -> tuple[list[tuple[str, list[list[str]]]], dict[str, list[list[str]]]]:
    entries, false = [], {}
    text = Path(__file__).with_name("corpus.txt").read_text(encoding="utf-8")
    for paragraph in text.strip("\n").split("\n\n"):
        lines = paragraph.split("\n")
        statement = "\n".join(line for line in lines if line[:1] not in (">", "!"))
        scripts = [line[2:].split(" | ") for line in lines if line.startswith(">")]
        common = [[tactic] for tactic in _COMMON.strip().splitlines()]
        entries.append((statement, [*scripts, *common]))
        if lines[0] == "! false":
            false[statement] = scripts
    return entries, false


ENTRIES, FALSE = _read()
"""All entries, and the scripts of their own of those that are false."""
