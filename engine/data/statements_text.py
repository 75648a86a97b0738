"""The texts in which Lean states the theorems of files, and what it answers.

Pure. A file's modules are imported, so of the file itself only what opens and closes namespaces and
sections is left, with local notations and the like; where a theorem stood stands a question. So
each state is printed with the names and notations that its own file sees.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from engine.data.records import STATEMENT, STEP, TacticPair
from engine.source.commands import split
from engine.source.vocabulary import CONTEXT, NOTATIONS, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from engine.lean.messages import Message
    from engine.source.commands import Command

__all__ = [
    "MODULE",
    "THE_END",
    "Stated",
    "Theorem",
    "asking_for_statements",
    "asking_for_theorems",
    "causes",
    "read_answers",
    "read_theorems",
    "stated",
]

MODULE: Final = "dsp_lsp_statements"

MOST_BYTES: Final = 2048
"""Longer states are left out."""

THE_END: Final = "_end"
"""No theorem's name, which is asked for last."""

_THEOREMS: Final = "dsp-lsp-theorems "
_STATEMENTS: Final = "dsp-lsp-statements "
_STEPS: Final = "dsp-lsp-steps "

_FILES: Final = 40
_AT_ONCE: Final = 64
"""Files and theorems of one question, whose answer is one message: Lean's are not endless."""

_SCOPES: Final = CONTEXT - words("include omit")
_LOCALIZED: Final = re.compile(r"\bin\s+([\w.«»]+)\s*$")
_QUESTION: Final = re.compile(r'run_cmd \S+ \d+ \d+ "(.*)"')
_WORDS: Final = re.compile(r"[^\s\"\\]+")


@dataclass(frozen=True, slots=True, order=True)
class Theorem:
    """A theorem's place in its file: ``line`` from 1, ``column`` from 0, in code points."""

    line: int
    column: int
    name: str


@dataclass(slots=True)
class Stated:
    """What came of a file's theorems: pairs, and the reason why there is none of a theorem."""

    pairs: list[TacticPair] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def asking_for_theorems(modules: Mapping[str, str]) -> str:
    """A text in which Lean says which theorems modules have, whose files' paths are given."""
    paths = list(modules.values())
    parts = (":".join(paths[at : at + _FILES]) for at in range(0, len(paths), _FILES))
    asked = "".join(
        f"run_cmd dsp_lsp.theorems {json.dumps(part, ensure_ascii=False)}\n" for part in parts
    )
    return f"import {MODULE} {' '.join(modules)}\n{asked}"


def read_theorems(text: str) -> dict[str, list[Theorem]]:
    """The theorems by the paths of their files that a message of Lean tells; none for others."""
    return {
        str(file): [Theorem(int(line), int(column), str(name)) for name, line, column in theorems]
        for file, *theorems in _answer(text, _THEOREMS)
    }


def asking_for_statements(
    files: Iterable[tuple[str, str, Sequence[Theorem]]], *, heartbeats: int, steps: bool = False
) -> str:
    """A text in which Lean states theorems: (module, text, theorems) of each file. One that takes
    more than that many thousand ``heartbeats``, as Lean counts its work, fails. With ``steps`` it
    also says the steps of their proofs. There is an answer for :data:`THE_END` where Lean comes to
    the text's end.
    """
    asked = ("statements", "steps") if steps else ("statements",)
    found = [(module, _with_questions(text, of, asked, heartbeats)) for module, text, of in files]
    imports = " ".join(module for module, _ in found)
    sections = "".join(f"section\n{lines}end\n" for _, lines in found)
    end = f'run_cmd dsp_lsp.statements {heartbeats} {MOST_BYTES} "{THE_END}"\n'
    return f"import {MODULE} {imports}\n{sections}{end}"


def _with_questions(
    text: str, theorems: Sequence[Theorem], asked_for: Sequence[str], heartbeats: int
) -> str:
    """The scopes of a file, and a question for its theorems in each."""
    commands = list(split(text))
    starts = [command.start for command in commands]
    lines = [0, *(match.end() for match in re.finditer("\n", text))]
    by_command: dict[int, list[str]] = {}
    for one in sorted(theorems):
        offset = lines[min(one.line, len(lines)) - 1] + one.column
        by_command.setdefault(bisect_right(starts, offset) - 1, []).append(one.name)
    asked: list[str] = []
    parts: list[str] = []
    opened: list[str] = []
    for number, command in enumerate(commands):
        kept = _scope(text, command, opened)
        if kept:
            parts += _questions(asked, asked_for, heartbeats)
            asked = []
            parts.append(f"{kept}\n")
        asked += by_command.get(number, ())
    parts += _questions(asked, asked_for, heartbeats)
    parts += [f"{end}\n" for end in reversed(opened) if end]
    return "".join(parts)


def _scope(text: str, command: Command, opened: list[str]) -> str:
    """What a command does to the scope, as text; ``opened`` are the ends that the blocks so far
    wait for, which are empty for those that are no scopes.
    """
    before = text[command.start : command.keyword_start].split()
    whole = text[command.keyword_start : command.code_end]
    keyword = command.keyword
    if keyword in ("namespace", "section"):
        opened.append(" ".join(["end", *whole.split()[1:2]]))
        return whole
    if "mutual" in before:
        opened.append("")
        return ""
    if keyword == "end":
        return opened.pop() if opened else ""
    if keyword in _SCOPES:
        return whole
    if keyword == "localized":
        # Declared already; what it declares is opened for the rest of the scope.
        place = _LOCALIZED.search(whole)
        return f"open_locale {place[1]}" if place else ""
    if "local" not in before or "reserve" in before or whole.endswith("]"):
        return ""  # what ends with an attribute goes with the theorem behind it
    return f"local {whole}" if keyword in NOTATIONS | {"attribute"} else ""


def _questions(names: Sequence[str], asked_for: Sequence[str], heartbeats: int) -> Iterator[str]:
    speakable = [name for name in names if _WORDS.fullmatch(name)]
    for at in range(0, len(speakable), _AT_ONCE):
        some = " ".join(speakable[at : at + _AT_ONCE])
        for question in asked_for:
            yield f'run_cmd _root_.dsp_lsp.{question} {heartbeats} {MOST_BYTES} "{some}"\n'


def read_answers(text: str, messages: Iterable[Message]) -> dict[str, list[str]]:
    """What Lean's messages on :func:`asking_for_statements` say of theorems, by their names: the
    state and the tactic, or alone the reason why there are none; then those of the steps.
    """
    answers: dict[str, list[str]] = {}
    steps: dict[str, list[str]] = {}
    lines = dict(enumerate(text.split("\n"), start=1))
    for message in messages:
        if message.is_error and (question := _QUESTION.fullmatch(lines.get(message.line, ""))):
            for name in question[1].split():
                answers.setdefault(name, [message.text])
        for name, *said in _answer(message.text, _STATEMENTS):
            answers[str(name)] = list(map(str, said))
        for name, *said in _answer(message.text, _STEPS):
            steps[str(name)] = list(map(str, said))
    for name, said in steps.items():
        # Where there are none, there is the reason: one text.
        if len(said) % 2 == 0 and len(answers.get(name, ())) == 2:
            answers[name] += said
    return answers


def _answer(text: str, mark: str) -> list[list[Any]]:
    found: list[list[Any]] = json.loads(text.removeprefix(mark)) if text.startswith(mark) else []
    return found


def stated(
    file: str, theorems: Iterable[Theorem], answers: dict[str, list[str]], why_not: str
) -> Stated:
    """The pairs of a file; ``why_not`` is the reason where Lean did not answer."""
    result = Stated()
    for one in sorted(theorems):
        answer = answers.get(one.name, [why_not])
        if len(answer) % 2:
            result.failed[one.name] = answer[0].partition("\nAdditional information")[0]
            continue
        if len(answer[0].encode()) > MOST_BYTES:
            result.failed[one.name] = "the state is too long"
        for number, (state, tactic) in enumerate(zip(answer[::2], answer[1::2], strict=True)):
            if len(state.encode()) <= MOST_BYTES and "?m_" not in state + tactic:
                own = number == 0
                result.pairs.append(
                    TacticPair(
                        theorem=one.name,
                        file=file,
                        line=one.line,
                        column=one.column,
                        state=state,
                        tactic=tactic,
                        next="no goals" if own else "",
                        premises=(one.name,) if own else (),
                        family=STATEMENT if own else STEP,
                    )
                )
    return result


def causes(reasons: Iterable[str]) -> dict[str, int]:
    """How often each cause is behind what Lean said, the most frequent first: how that begins,
    without names.
    """
    firsts = (re.split(r"[,:`]|\s'", reason.partition("\n")[0])[0] for reason in reasons)
    return dict(Counter(first.strip()[:60] for first in firsts).most_common())
