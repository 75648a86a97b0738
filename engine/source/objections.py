"""Why a generated tactic is not given to Lean, judged by its tokens.

A tactic is a program in Lean's meta language; the sandbox is the defence against what it does, and
this is a second one, for machines without a sandbox and against waste. It lists what is allowed:
each tactic, however deep inside, must start with the name of a known interactive tactic (anything
else Lean reads as an expression of the meta language), and nothing may be named that reaches out of
it. Names cannot be hidden: quotations, quoted names and invisible characters are refused.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from engine.source.lexer import (
    ADMIT,
    ATOM,
    BEGIN,
    BY,
    CALC,
    CLOSE,
    COMMA,
    END,
    MATCH,
    OPEN,
    QUOTE,
    SORRY,
    THEN_TACTIC,
    Token,
    closer,
    tokenize,
)
from engine.source.sites import Finder, Frame
from engine.source.tactic_names import CONV, FORBIDDEN, OUTSIDE, TACTICS
from engine.source.vocabulary import KEYWORDS, words

_LONGEST: Final = 4096
"""Code points. No tactic of mathlib is longer; deep nesting would cost Lean its stack."""

_DEEPEST: Final = 64
LONGEST_NUMERAL: Final = 400

HARMLESS: Final = re.compile(
    rf"tactic\.(?:interactive\.(?:{'|'.join(sorted(TACTICS - {'from', 'calc'}))})|"
    r"transparency\.[a-z]+|ring\.[a-z_]+)\Z"
)
"""Tactics and settings as they are written in the configuration of another tactic."""

_TERM_KEYWORDS: Final = words("end instance class open include prefix local")
"""Keywords of commands that a term or a tactic may have, too."""


def objection(tactic: str) -> str | None:
    """Why ``tactic`` must not be run, as a clause for people; None where nothing speaks against it.

    Judges text that comes from a generator; what a person wrote into a document is not asked.
    """
    if len(tactic) > _LONGEST:
        return "it is too long"
    for character in tactic:
        if character not in " \n\t" and unicodedata.category(character)[0] in "CZ":
            return f"it has the invisible character U+{ord(character):04X}"
    tokens = tokenize(tactic)
    if not tokens:
        return "it is empty"
    return (
        _hidden(tactic, tokens)
        or _unbalanced(tactic, tokens)
        or _names(tactic, tokens)
        or _starts(tactic, tokens)
    )


def _hidden(text: str, tokens: list[Token]) -> str | None:
    """Text that Lean, or the template around the tactic, may read otherwise than it looks."""
    if "/-" in text or "-/" in text:
        return "it has a comment"
    if text.lstrip().startswith("["):
        return "it changes the class of tactics"  # as the first thing in a block does
    position = 0
    for code, start, end in [*tokens, (ATOM, len(text), len(text))]:
        if text[position:start].strip():
            return "it has a comment"
        position = end
        word = text[start:end]
        if "«" in word or "»" in word:
            return "it has a quoted name"
        if code == QUOTE or word.startswith("`"):
            return "it quotes a name or a term"
        if word.startswith('"'):
            return "it has a string"
        if word.isdigit() and len(word) > LONGEST_NUMERAL:
            return "it has a very long numeral"
        if word == "%" and text.startswith("%%", start):
            return "it has an antiquotation"
    return None


def _unbalanced(text: str, tokens: list[Token]) -> str | None:
    expected: list[str] = []
    for token in tokens:
        code, start, end = token
        if code == OPEN:
            expected.append(closer(text, token))
        elif code in (BEGIN, MATCH):
            expected.append("end")
        elif code in (CLOSE, END) and (not expected or expected.pop() != text[start:end]):
            return f"its {text[start:end]} closes nothing"
        if len(expected) > _DEEPEST:
            return "it is nested too deeply"
    return f"it lacks a closing {expected[-1]}" if expected else None


def _names(text: str, tokens: list[Token]) -> str | None:
    for code, start, end in tokens:
        word = text[start:end]
        if code in (SORRY, ADMIT):
            return f"it uses {word}"
        if code == ATOM and not word.startswith("."):
            continue
        parts = word.split(".")
        if any(part in FORBIDDEN for part in parts):
            return f"it uses {word}"
        if code == BEGIN and text[end:].lstrip().startswith("["):
            return "it changes the class of tactics"
        head = parts[1] if parts[0] == "_root_" and len(parts) > 1 else parts[0]
        qualified = len(parts) > 1 or text.startswith(".", end)
        if head in OUTSIDE and qualified and not HARMLESS.match(word):
            return f"it uses {word}, of the meta language"
        if word in KEYWORDS and word not in _TERM_KEYWORDS:
            return f"it has the command {word}"
        if word in ("do", "meta"):
            return f"it has {word}, of the meta language"
    return None


class Starts(Finder):
    """Collects the first tokens of all tactics, what is before them, and whether ``conv`` reads
    them.
    """

    def __init__(self, text: str, tokens: list[Token]) -> None:
        super().__init__(text, tokens, False)
        self.starts: list[tuple[Token, Token, bool]] = []

    def _tactic(self, top: Frame, token: Token, index: int) -> int:
        if token[0] not in (COMMA, CLOSE, END):
            self.starts.append((token, self.tokens[index - 2], top.conv))
        return super()._tactic(top, token, index)


def _starts(text: str, tokens: list[Token]) -> str | None:
    """Whether each tactic starts with a known name, a block, a list of tactics, or ``calc``."""
    wrapped = f"begin\n{text}\nend"
    finder = Starts(wrapped, tokenize(wrapped))
    finder.run()
    for (code, start, end), before, conv in finder.starts:
        word = wrapped[start:end]
        if code in (BEGIN, BY, CALC) or word == "{":
            continue
        if word == "[" and before[0] == THEN_TACTIC:
            continue
        if word in TACTICS or (conv and word in CONV):
            continue
        return f"{word} is no tactic that is known here"
    return None
