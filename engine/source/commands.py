"""Splitting a Lean 3 text into its commands.

Lean reads a keyword of a command as one wherever it stands, so the text can be cut there without
parsing what lies between; ``end`` alone needs a count of what is open. Nothing that precedes a
command changes how it is cut, which is what makes re-analysis after an edit cheap.

Commands of mathlib are included. A doc comment, attributes and modifiers belong to the command that
they precede; a module's doc comment is a command.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from engine.source.lexer import (
    CHARACTER,
    LETTERS,
    LINE_COMMENT,
    NAME,
    QUOTED_PART,
    REST,
    STRING,
    comment_end,
)
from engine.source.vocabulary import KEYWORDS, MODIFIERS, NOTATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORDS_INSIDE: Final = frozenset(("begin", "match", "sorry", "admit"))

_WORD_END: Final = rf"(?![{REST}]|\.[{LETTERS}«])"


def _by_initial(words: frozenset[str]) -> list[str]:
    """Expressions for ``words`` as whole words, one for each initial: fewer to try at a letter."""
    rests: dict[str, list[str]] = {}
    for word in sorted(words):
        rests.setdefault(word[0], []).append(word[1:])
    return [f"{initial}(?:{'|'.join(some)}){_WORD_END}" for initial, some in rests.items()]


# Alternatives begin with a literal character each, so that `re` can skip quickly to the next one.
_INTERESTING: Final = re.compile(
    "|".join(
        [
            LINE_COMMENT,
            "/-",
            "//",
            "<-",
            STRING,
            f"'(?<![{REST}]'){CHARACTER[1:]}",
            rf"``*(?:{NAME})?",
            QUOTED_PART,
            r"@\[",
            *_by_initial(KEYWORDS | _WORDS_INSIDE),
        ]
    ),
    re.DOTALL,
)
_QUOTED_SYMBOL: Final = re.compile('`[^`\n"]*`')
_ATTRIBUTE_EDGE: Final = re.compile(f"{LINE_COMMENT}|/-|{STRING}|[\\[\\]]", re.DOTALL)
_REST_CHARACTER: Final = re.compile(f"[{REST}»]")
_BLANKS: Final = " \t\r\n"


@dataclass(slots=True)
class Command:
    """A command of the text, from its doc comment or first modifier to the next command.

    ``keyword`` is empty for what precedes the first command, for a module's doc comment and for
    modifiers without a keyword (``noncomputable theory``). ``keyword_start`` is an offset.
    ``code_end`` is where its last token ends, comments apart. ``promising`` says that ``sorry`` or
    ``admit`` occurs, or ``begin`` with nothing but blanks and comments before ``end``.
    """

    start: int
    keyword: str = ""
    keyword_start: int = 0
    end: int = 0
    code_end: int = 0
    promising: bool = False


def split(text: str, start: int = 0) -> Iterator[Command]:
    """The commands of ``text`` from ``start``, where one must begin, to the end, in order.

    Together they cover the text: each ends where the next one starts. After ``#exit`` the rest of
    the text belongs to that command, as Lean does not read it.
    """
    search = _INTERESTING.search
    current = Command(start)
    comments: list[tuple[int, int]] = []
    depth = 0  # how many `begin` and `match` wait for their `end`
    # Each of these is where something ends, as long as only blanks and comments have followed it,
    # and -1 after that: modifiers, a doc comment, a `begin`.
    modifiers_end = doc_end = begin_end = -1
    doc_start = 0
    position = start
    while True:
        match = search(text, position)
        if match is None:
            break
        at, position = match.span()
        first = text[at]
        if first in "\"'«<":
            continue
        word = match.group()
        if word == "//":
            continue
        if modifiers_end >= 0 and not _blank(text, modifiers_end, at):
            modifiers_end = -1
        if doc_end >= 0 and not _blank(text, doc_end, at):
            doc_end = -1
        if begin_end >= 0 and not _blank(text, begin_end, at):
            begin_end = -1
        if first in "-/":
            if first == "/":
                position = comment_end(text, at)
                sort = text[at + 2 : at + 3]
                if sort == '"':
                    continue
                if sort == "!":
                    if at > current.start:
                        yield _finished(current, text, at, comments)
                        current = Command(at)
                    depth = 0
                    modifiers_end = doc_end = begin_end = -1
                elif sort == "-":
                    doc_start, doc_end = at, position
            comments.append((at, position))
            modifiers_end = position if modifiers_end >= 0 else -1
            doc_end = position if doc_end >= 0 else -1
            begin_end = position if begin_end >= 0 else -1
            continue
        if first == "`":
            if current.keyword in NOTATIONS:
                quoted = _QUOTED_SYMBOL.match(text, at)
                position = quoted.end() if quoted else position
            continue
        if first != "@":
            before = text[at - 1 : at]
            if _REST_CHARACTER.match(before) or (before == "." and text[at - 2 : at] != ".."):
                continue
            if word in _WORDS_INSIDE:
                if word == "begin":
                    begin_end = position
                    depth += 1
                elif word == "match":
                    depth += 1
                else:
                    current.promising = True
                continue
            if word == "end" and depth:
                depth -= 1
                current.promising = current.promising or begin_end >= 0
                continue
            if _is_attribute(text, at, position):
                continue
        joins = modifiers_end >= 0 or (
            word == "inductive"
            and current.keyword == "class"
            and _blank(text, current.keyword_start + len("class"), at)
        )
        if not joins:
            begins = doc_start if doc_end >= 0 else at
            if begins > current.start:
                yield _finished(current, text, begins, comments)
                current = Command(begins)
        depth = 0
        modifiers_end = doc_end = begin_end = -1
        current.keyword_start = at
        if first == "@":
            position = modifiers_end = _attribute_end(text, position)
        elif word in MODIFIERS:
            modifiers_end = position
        else:
            current.keyword = word
            if word == "#exit":
                break
    yield _finished(current, text, len(text), comments)


def _finished(command: Command, text: str, end: int, comments: list[tuple[int, int]]) -> Command:
    """Ends ``command`` at ``end`` and forgets the comments before it."""
    command.end = command.code_end = end
    later = [comment for comment in comments if comment[0] >= end]
    while True:
        while command.code_end > command.start and text[command.code_end - 1] in _BLANKS:
            command.code_end -= 1
        while comments and comments[-1][0] >= command.code_end:
            comments.pop()
        # A line comment holds the CR of its line's end, which was taken for a blank here.
        if not comments or comments[-1][1] < command.code_end:
            break
        command.code_end = max(comments.pop()[0], command.start)
    comments[:] = later
    return command


def _blank(text: str, start: int, end: int) -> bool:
    return start == end or not text[start:end].strip(_BLANKS)


def _is_attribute(text: str, start: int, end: int) -> bool:
    """Whether a keyword is the name of an attribute: ``[instance]``, ``[-instance, simp]``."""
    after = text[end : end + 1]
    if not after or after not in ",]":
        return False
    before = text[max(0, start - 80) : start].rstrip(_BLANKS)
    return before.endswith(("[", ",", "-"))


def _attribute_end(text: str, position: int) -> int:
    """Where the attributes end whose ``@[`` ends at ``position``."""
    depth = 1
    while True:
        match = _ATTRIBUTE_EDGE.search(text, position)
        if match is None:
            return len(text)
        position = match.end()
        sign = match.group()
        if sign == "[":
            depth += 1
        elif sign == "]":
            depth -= 1
            if not depth:
                return position
        elif sign == "/-":
            position = comment_end(text, match.start())
