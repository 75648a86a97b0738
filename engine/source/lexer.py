"""Lean 3's tokens, read with one compiled expression.

The rules are those of Lean's own scanner: the longest token wins, so ``4/-2`` opens a comment and
``sorry.foo`` is a name; ``/-/`` does not close itself; a prime after a letter belongs to the name.
Lean's token table grows with every ``notation``; what is here is core's and mathlib's, as far as it
changes where other tokens begin.
"""

from __future__ import annotations

import re
from typing import Final

LETTERS: Final = (
    "A-Za-z_\u0391-\u039f\u03a1\u03a2\u03a4-\u03a9\u03b1-\u03ba\u03bc-\u03c9\u03ca-\u03fb"
    "\u1f00-\u1ffe\u2100-\u214f\U0001d49c-\U0001d59f"
)
"""Inside a character class: what a name can begin with (λ, Π and Σ are no letters)."""

REST: Final = LETTERS + "0-9'\u207f-\u2089\u2090-\u209c\u1d62-\u1d6a"
"""Inside a character class: what a name can go on with."""

QUOTED_PART: Final = "«[^«»\r\n\t]*»"
PART: Final = f"(?:[{LETTERS}]|{QUOTED_PART})[{REST}]*(?:{QUOTED_PART}[{REST}]*)*"
NAME: Final = f"{PART}(?:\\.{PART})*"
"""A name of one or more parts, as an expression without groups."""

STRING: Final = r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)'
"""A string literal; one that is never closed runs to the end of the text."""

CHARACTER: Final = r"'(?:\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[\\\"'nt])|[^\\'\n])'"
"""A character literal; only where no letter precedes it, else the prime belongs to a name."""

LINE_COMMENT: Final = "--[^\n]*"

# What a token means to the site finder. Plain integers: they are compared a million times.
ATOM: Final = 0
WORD: Final = 1
SORRY: Final = 2
ADMIT: Final = 3
BEGIN: Final = 4
END: Final = 5
BY: Final = 6
OPEN: Final = 7
CLOSE: Final = 8
COMMA: Final = 9
THEN_TACTIC: Final = 10  # `;` and `<|>`
BINDER: Final = 11
LET: Final = 12
IN: Final = 13
MATCH: Final = 14
HAVE: Final = 15  # also `suffices`
SHOW: Final = 16
IF: Final = 17
THEN: Final = 18
ELSE: Final = 19
CALC: Final = 20
ELLIPSIS: Final = 21
ASSIGN: Final = 22
QUOTE: Final = 23  # an opening bracket of a quotation
BAR: Final = 24
ASSUME: Final = 25
SEPARATOR: Final = 26  # words that end a tactic's argument

CLOSER_OF: Final = {
    "(": ")",
    "[": "]",
    "{": "}",
    "⟨": "⟩",
    "⦃": "⦄",
    "⟪": "⟫",
    "⟦": "⟧",
    "⁅": "⁆",
    "⟮": "⟯",
    "⦋": "⦌",
    "‹": "›",
    "⌊": "⌋",
    "⌈": "⌉",
}

BINDERS: Final = "λ∀∃∄ΠΣ∑∏∐∫∮∯⨍⋃⋂⨆⨅⨁⨂"
"""Signs that, in core's or mathlib's notations, are followed by binders and a comma."""

_CODES: Final = {
    "sorry": SORRY,
    "admit": ADMIT,
    "begin": BEGIN,
    "end": END,
    "by": BY,
    ",": COMMA,
    ";": THEN_TACTIC,
    "<|>": THEN_TACTIC,
    "fun": BINDER,
    "forall": BINDER,
    "Pi": BINDER,
    "exists": BINDER,
    "assume": ASSUME,
    "let": LET,
    "in": IN,
    "match": MATCH,
    "have": HAVE,
    "suffices": HAVE,
    "show": SHOW,
    "if": IF,
    "then": THEN,
    "else": ELSE,
    "calc": CALC,
    "at": SEPARATOR,
    "using": SEPARATOR,
    "with": SEPARATOR,
    "...": ELLIPSIS,
    ":=": ASSIGN,
    "|": BAR,
    **dict.fromkeys(BINDERS, BINDER),
    **dict.fromkeys(CLOSER_OF, OPEN),
    **dict.fromkeys(CLOSER_OF.values(), CLOSE),
}

_TOKEN: Final = re.compile(
    rf"""
      ({NAME})
    | ({LINE_COMMENT})
    | (/-)
    | ({STRING} | {CHARACTER} | [0-9]+(?:\.[0-9]+)? | \.(?:[0-9]+|{PART}) )
    | (`+ (?:{NAME}|[(\[])?)
    | (:= | <\|> | \.\.\.? | \.\{{ | :: | <- | -> | // | ⋃₀ | ⋂₀ | !\[ | \#\[ | ''
      | [^\x00-\x7f{REST}]'(?!(?:\\.|[^\\'])') | [^ \t\r\n] )
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE: Final = re.compile("/-|-/")
_STRING_BLOCK_EDGE: Final = re.compile('/-|-/|"-/')

Token = tuple[int, int, int]
"""What it means, where it starts, where it ends."""


def comment_end(text: str, start: int) -> int:
    """Where the comment or string block that ``/-`` opens at ``start`` ends.

    Comments nest. One that is never closed runs to the end of the text.
    """
    position = start + 2
    if text.startswith('"', position):
        depth = 0
        for edge in _STRING_BLOCK_EDGE.finditer(text, position + 1):
            if edge.group() == "/-":
                depth += 1
            elif depth:
                depth -= 1
            elif edge.group() == '"-/':
                return edge.end()
        return len(text)
    if text.startswith(("-", "!"), position):
        position += 1  # of `/--` and `/-!`, so that `/--/` does not close itself
    depth = 1
    for edge in _COMMENT_EDGE.finditer(text, position):
        depth += 1 if edge.group() == "/-" else -1
        if not depth:
            return edge.end()
    return len(text)


def tokenize(text: str, start: int = 0) -> list[Token]:
    """The tokens of ``text`` from ``start`` on, without blanks and comments.

    ``start`` must not lie inside a token. Text that is not Lean yields some tokens, never an error.
    """
    tokens: list[Token] = []
    append = tokens.append
    code_of = _CODES.get
    position = start
    while True:
        for match in _TOKEN.finditer(text, position):
            group = match.lastindex
            begin, end = match.span()
            if group == 1:
                append((code_of(text[begin:end], WORD), begin, end))
            elif group == 6:
                sign = text[begin:end]
                code = code_of(sign)
                if code is None:
                    code = _code_of_sign(sign)
                append((code, begin, end))
            elif group == 4:
                append((ATOM, begin, end))
            elif group == 5:
                append((QUOTE if text[end - 1] in "([" else ATOM, begin, end))
            elif group == 3:
                position = comment_end(text, begin)
                if text.startswith('"', begin + 2):
                    append((ATOM, begin, position))
                break
        else:
            return tokens


def closer(text: str, token: Token) -> str:
    """The sign that closes the bracket that ``token`` (``OPEN`` or ``QUOTE``) opens."""
    return CLOSER_OF[text[token[1] : token[2]].rstrip("'")[-1]]


def _code_of_sign(sign: str) -> int:
    if sign in ("![", "#[", ".{"):
        return OPEN
    if len(sign) > 1 and sign[1] == "'":
        return _CODES.get(sign[0], ATOM)
    return ATOM
