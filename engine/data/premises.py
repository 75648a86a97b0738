"""Which declarations a tactic names.

A syntax tree holds the names of a tactic block as they are written. Lean itself says what they
mean: at the end of each namespace and section of the copy that is traced stands a command more,
which looks up all names that were used there, with the namespaces that are open and the aliases
that are there. What follows a local name with a dot (``h.trans``) is not found; where a name is
overloaded, all that it may mean are.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.source.commands import split
from engine.source.lexer import WORD, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.data.syntax_tree import Position, SyntaxTree
    from engine.lean.messages import Message

__all__ = ["Questions", "Resolver", "ask_for_names"]

_MARK = "dsp_lsp names "
_MOST = 800
"""Names that one command looks up: its answer is one message, and Lean's are not endless."""

_COMMAND = (
    "run_cmd (λ dsp_t : _root_.tactic_state, _root_.tactic.trace "
    "((\"{names}\".split (λ dsp_c, dsp_c = ' ')).foldl (λ (dsp_a : _root_.string) dsp_s, "
    "match _root_.tactic.resolve_name ((dsp_s.split (λ dsp_c, dsp_c = '.')).foldl "
    "(λ dsp_n dsp_p, _root_.name.mk_string dsp_p dsp_n) _root_.name.anonymous) dsp_t with "
    "| (_root_.interaction_monad.result.success dsp_e _) := "
    'dsp_a ++ "\\n\\t" ++ dsp_s ++ "\\t" ++ dsp_e.to_raw_fmt.to_string '
    "| (_root_.interaction_monad.result.exception _ _ _) := dsp_a end) "
    '"{mark}{number}") dsp_t) '
)
"""Names in full and no `do`: what a namespace calls `bind` would be taken for that of tactics."""

_CONSTANT = re.compile(r"\(const\s+(\S+)\s+\[")
_WITHOUT_TERMS = frozenset({"delta", "dunfold", "dunfold1", "unfold", "unfold1"})
"""Tactics whose arguments are names of declarations, not terms."""


@dataclass(slots=True)
class _Scope:
    """A part of the text with the same namespaces open; ``asks`` tells that one can ask there."""

    number: int
    asks: bool
    names: dict[str, None]


@dataclass(frozen=True, slots=True)
class Questions:
    """A text that asks for its names. ``starts`` are the offsets where another scope begins, and
    ``scopes`` their numbers; ``lines`` those, 1-based, that have a question in them.
    """

    text: str
    starts: list[int]
    scopes: list[int]
    lines: frozenset[int]


def ask_for_names(text: str) -> Questions:
    """Puts the questions into a Lean text; what was there keeps its line, and its column but for
    the ``end`` that a question precedes.
    """
    starts: list[int] = []
    scopes: list[int] = []
    edits: list[tuple[int, str]] = []
    count = 1
    opened = [_Scope(0, asks=True, names={})]
    for command in split(text):
        if command.keyword == "end" and len(opened) > 1:
            closed = opened.pop()
            start_of_line = text.rfind("\n", 0, command.start) + 1
            alone = not text[start_of_line : command.start].strip()
            if closed.asks and alone and command.keyword_start == command.start:
                edits.append((command.start, _question(closed)))
        starts.append(command.start)
        scopes.append(opened[-1].number)
        mutual = "mutual" in text[command.start : command.keyword_start].split()
        if mutual or command.keyword in ("namespace", "section"):
            # Inside of mutual definitions stand no commands.
            opened.append(_Scope(count, asks=not mutual, names={}))
            count += 1
        elif command.keyword == "#exit":
            opened[0].asks = False
        elif _has_tactics(text, command.start, command.end):
            opened[-1].names.update(dict.fromkeys(_names(text[command.start : command.end])))
    if opened[0].asks:
        edits.append((len(text), "\n" + _question(opened[0]) + "\n"))
    parts = []
    position = 0
    for offset, inserted in edits:
        parts += [text[position:offset], inserted]
        position = offset
    whole = "".join([*parts, text[position:]])
    asking = (match.start() for match in re.finditer(re.escape(_MARK), whole))
    lines = frozenset(whole.count("\n", 0, offset) + 1 for offset in asking)
    return Questions(whole, starts, scopes, lines)


def _question(scope: _Scope) -> str:
    names = list(scope.names)
    return "".join(
        _COMMAND.format(names=" ".join(names[at : at + _MOST]), mark=_MARK, number=scope.number)
        for at in range(0, len(names), _MOST)
    )


def _has_tactics(text: str, start: int, end: int) -> bool:
    return text.find("begin", start, end) >= 0 or text.find("by", start, end) >= 0


def _names(text: str) -> Iterable[str]:
    return (
        text[start:end]
        for code, start, end in tokenize(text)
        if code == WORD and "«" not in text[start:end]
    )


class Resolver:
    """What Lean answered, for one file."""

    def __init__(
        self, questions: Questions, messages: Iterable[Message], tree: SyntaxTree, text: str
    ) -> None:
        self._tables: dict[int, dict[str, tuple[str, ...]]] = {}
        for message in messages:
            if message.text.startswith(_MARK):
                self._read(message.text)
        line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._places = [
            (line := bisect_right(line_starts, start), start - line_starts[line - 1])
            for start in questions.starts
        ]
        self._scopes = questions.scopes
        self._identifiers = sorted(tree.identifiers, key=lambda one: one.start)
        self._starts = [one.start for one in self._identifiers]

    def _read(self, answer: str) -> None:
        head, *entries = answer.split("\n\t")
        table = self._tables.setdefault(int(head.removeprefix(_MARK)), {})
        for entry in entries:
            name, _, meaning = entry.partition("\t")
            table[name] = tuple(dict.fromkeys(_CONSTANT.findall(meaning)))

    def named(
        self, tactic: str, start: Position, end: Position, hypotheses: frozenset[str]
    ) -> tuple[str, ...]:
        """The declarations named between two places as Lean says them, in their order, where
        these hypotheses are. ``tactic`` is the name of the tactic.
        """
        scope = self._scopes[max(0, bisect_right(self._places, start) - 1)] if self._places else 0
        table = self._tables.get(scope, {})
        local = set(hypotheses)
        found: dict[str, None] = {}
        for place in range(bisect_right(self._starts, start), len(self._starts)):
            identifier = self._identifiers[place]
            if identifier.start >= end:
                break
            if not identifier.in_term and tactic not in _WITHOUT_TERMS:
                local.add(identifier.name)
            elif identifier.name.partition(".")[0] not in local:
                found.update(dict.fromkeys(table.get(identifier.name, ())))
        return tuple(found)
