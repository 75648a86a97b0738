"""Reading a declaration's head: its name, and where its statement ends and its body begins."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

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


class Head(NamedTuple):
    """``name`` as written, or empty; ``body`` is where the body begins (``:=``, ``|`` or a stray
    ``begin``), or the end of the command if there is none.
    """

    name: str
    body: int


_NAME: Final = re.compile(NAME)
_UNIVERSES: Final = re.compile(rf"\{{(?:[ \t\r\n]|[{REST}])*\}}")
_BLANK_OR_COMMENT: Final = re.compile(rf"(?:[ \t\r\n]+|{LINE_COMMENT})*")
_WORD_END: Final = rf"(?![{REST}]|\.[{LETTERS}«])"
_EDGE: Final = re.compile(
    "|".join(
        [
            LINE_COMMENT,
            "/-",
            "//",
            STRING,
            f"'(?<![{REST}]'){CHARACTER[1:]}",
            rf"``*(?:{NAME})?",
            QUOTED_PART,
            ":=",
            r"\|",
            "[()]",
            r"\[",
            "[\\]{}⟨⟩⦃⦄⟪⟫⟦⟧⁅⁆]",
            *(word + _WORD_END for word in ("let", "in", "match", "begin", "end")),
        ]
    ),
    re.DOTALL,
)
_REST_CHARACTER: Final = re.compile(f"[{REST}»]")
_OPERAND_END: Final = re.compile(rf"[{REST})\]}}⟩⦄⟫⟧⁆⌋⌉›»\"⁻¹²³ᵒᵖᶜˣᵀᴴ†∞∅⊤⊥!?]")
_OPERATOR_WORD: Final = re.compile(
    rf"(?:^|[^{REST}.])(?:in|if|then|else|by|from|fun|forall|Pi|exists|at|with|do)$"
)
_OPENING: Final = frozenset("([{⟨⦃⟪⟦⁅")


def read_head(text: str, position: int, end: int) -> Head:
    """The head of a declaration whose keyword ends at ``position``; its command ends at ``end``."""
    position = _skip(text, position)
    universes = _UNIVERSES.match(text, position, end)
    if universes:
        named = _NAME.match(text, _skip(text, universes.end()), end)
    else:
        named = _NAME.match(text, position, end)
    if text.startswith("[", position):  # `instance [priority 100] name`
        bracket = text.find("]", position, end)
        if bracket >= 0 and text[position + 1 : bracket].lstrip().startswith("priority"):
            named = _NAME.match(text, _skip(text, bracket + 1), end)
    name = named.group() if named else ""
    if named:
        position = named.end()
    start = position
    depth = words = lets = bars = 0
    while True:
        match = _EDGE.search(text, position, end)
        if match is None:
            return Head(name, end)
        at, position = match.span()
        sign = match.group()
        if sign == ":=":
            if not (depth or words or lets):
                return Head(name, at)
        elif sign == "|":
            if depth or words:
                continue
            if _ends_operand(text, start, at):
                if not bars:
                    return Head(name, at)
                bars -= 1
            elif not text[text.rfind("\n", 0, at) + 1 : at].strip() and not bars:
                return Head(name, at)
            else:
                bars += 1
        elif sign in _OPENING:
            depth += 1
        elif sign == "/-":
            position = comment_end(text, at)
        elif len(sign) == 1 and sign in ")]}⟩⦄⟫⟧⁆":
            depth -= depth > 0
        elif sign in ("let", "in", "match", "begin", "end"):
            before = text[at - 1]
            if _REST_CHARACTER.match(before) or before == ".":
                continue
            if sign == "let":
                lets += not depth
            elif sign == "in":
                lets -= lets > 0 and not depth
            elif sign == "end":
                words -= words > 0
            elif sign == "match" or depth or words:
                words += 1
            else:
                return Head(name, at)


def _skip(text: str, position: int) -> int:
    """Past blanks and comments."""
    while True:
        match = _BLANK_OR_COMMENT.match(text, position)
        position = match.end() if match else position
        if not text.startswith("/-", position):
            return position
        position = comment_end(text, position)


def _ends_operand(text: str, start: int, at: int) -> bool:
    """Whether what stands before ``at`` is a whole term, so that ``|`` there opens no ``|x|``."""
    before = text[max(start, at - 80) : at].rstrip()
    if before.endswith(("Type*", "Sort*")):
        return True
    return bool(before and _OPERAND_END.match(before[-1])) and not _OPERATOR_WORD.search(before)
