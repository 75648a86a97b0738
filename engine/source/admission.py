"""Which documents of strangers are given to Lean: an allow-list, judged by tokens.

A document is a program, even where it only states something: a type can hold a tactic block. The
sandbox is the defence against what it does; this is a second one in front of it, and it tells
people early what is not served. Admitted are definitions, variables, notations and statements, with
proofs of known interactive tactics; no commands that run programs, no meta code, no names that
reach out of the object language, nothing that a reader does not see.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from engine.source.commands import Command, split
from engine.source.lexer import (
    ADMIT,
    ATOM,
    BEGIN,
    BY,
    CALC,
    CLOSE,
    END,
    MATCH,
    OPEN,
    QUOTE,
    SORRY,
    THEN_TACTIC,
    WORD,
    Token,
    tokenize,
)
from engine.source.objections import HARMLESS, LONGEST_NUMERAL, Starts
from engine.source.tactic_names import CONV, FORBIDDEN, OUTSIDE, TACTICS
from engine.source.vocabulary import KEYWORDS, NOTATIONS, words

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEEPEST: Final = 128
"""How deep brackets and blocks may be nested; Lean's parser is recursive."""

_NOTATIONS: Final = NOTATIONS - words("notation3 reserve")

_COMMANDS: Final = _NOTATIONS | words(
    """
    theorem lemma def definition example instance abbreviation structure class inductive
    axiom axioms constant constants variable variables parameter parameters universe universes
    open open_locale namespace section end include omit export attribute set_option
    """
)
_MODIFIERS: Final = words("private protected noncomputable local mutual")
_IN_TERMS: Final = words("prefix")  # keywords of commands that are names elsewhere, too
_OPENING: Final = words("open export namespace section")
_OPTIONS: Final = words("old_structure_cmd")
_ATTRIBUTES: Final = words(
    """
    simp reducible irreducible semireducible instance class refl symm trans subst congr ext inline
    elab_as_eliminator elab_simple pp_nodot pattern priority derive norm_cast push_cast simps mono
    continuity measurability
    """
)
_LEAVING_OPEN: Final = words("sorry admit")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a document is not admitted, as a sentence, and the code point that it is about."""

    message: str
    offset: int


def refusal(text: str) -> Refusal | None:
    """What speaks against giving ``text`` to Lean; None for a document that is admitted.

    The text has no imports: whoever serves it puts them in front.
    """
    for found in (_unseen(text), _over_tokens(text)):
        if found is not None:
            return found
    for command in split(text):
        found = _command(text, command)
        if found is not None:
            return found
    return None


def _unseen(text: str) -> Refusal | None:
    for offset, character in enumerate(text):
        if character not in " \n\t" and unicodedata.category(character)[0] in "CZ":
            message = f"The character U+{ord(character):04X} is not seen: it is not allowed here."
            return Refusal(message, offset)
    return None


def _over_tokens(text: str) -> Refusal | None:
    """What is refused wherever it stands."""
    tokens = tokenize(text)
    depth = 0
    for index, (code, start, end) in enumerate(tokens):
        word = text[start:end]
        if code in (OPEN, BEGIN, MATCH, QUOTE):
            depth += 1
            if depth > _DEEPEST:
                return Refusal("The text is nested too deeply.", start)
        elif code in (CLOSE, END):
            depth = max(0, depth - 1)
        follower = tokens[index + 1] if index + 1 < len(tokens) else None
        message = _hidden(text, (code, start, end), follower) or _name(text, word, end)
        if message:
            return Refusal(message, start)
    return None


def _hidden(text: str, token: Token, follower: Token | None) -> str:
    """What Lean may read otherwise than it looks, and commands that begin with a sign."""
    code, start, end = token
    word = text[start:end]
    if "«" in word or "»" in word:
        return "Names in « » are not allowed here."
    if code == QUOTE:
        return "Quotations are not allowed here: they are meta code."
    if '"' in word:
        return "Strings are not allowed here."
    if word == "%" and text.startswith("%%", start):
        return "Antiquotations are not allowed here: they are meta code."
    if word.isdigit() and len(word) > LONGEST_NUMERAL:
        return "The numeral is too long."
    if word == "#" and follower is not None and follower[0] == WORD and follower[1] == end:
        return f"The command `#{text[follower[1] : follower[2]]}` is not allowed here."
    if code == BEGIN and follower is not None and text[follower[1] : follower[2]] == "[":
        return "Blocks of other tactic classes are not allowed here."
    return ""


def _name(text: str, word: str, end: int) -> str:
    if word in ("import", "prelude"):
        return "Imports are not allowed here: those of this page stand in front of every text."
    if word in ("do", "meta"):
        return f"`{word}` is not allowed here: it is meta code."
    if word in KEYWORDS - _COMMANDS - _MODIFIERS - _IN_TERMS:
        return f"The command `{word}` is not allowed here."
    parts = word.lstrip(".`").split(".")
    if any(part in FORBIDDEN - _LEAVING_OPEN for part in parts):
        return f"`{word}` is not allowed here."
    if parts[0] == "_root_":
        parts = parts[1:]
    qualified = len(parts) > 1 or text.startswith(".", end)
    if parts and parts[0] in OUTSIDE and qualified and not HARMLESS.match(word):
        return f"`{word}` is not allowed here: it is meta code."
    return ""


def _command(text: str, command: Command) -> Refusal | None:
    body = text[command.start : command.code_end]
    tokens = tokenize(body)
    for message, at in (
        *_kind(body, command, tokens),
        *_attributes(body, tokens),
        *_tactics(body, command, tokens),
    ):
        return Refusal(message, command.start + at)
    return None


def _kind(body: str, command: Command, tokens: list[Token]) -> Iterator[tuple[str, int]]:
    """Whether the command is one of those admitted, and its arguments are."""
    keyword = command.keyword
    at = command.keyword_start - command.start
    said = [body[start:end] for _, start, end in tokens]
    if not keyword:
        if said and said != ["noncomputable", "theory"]:
            yield "Lean expects a command here.", tokens[0][1]
        return
    if keyword not in _COMMANDS:
        yield f"The command `{keyword}` is not allowed here.", at
    if keyword in _OPENING:
        for (_, start, _), word in zip(tokens, said, strict=True):
            if any(part in OUTSIDE | {"meta"} for part in word.split(".")):
                yield f"`{keyword} {word}` is not allowed here: it is meta code.", start
    if keyword == "set_option" and not set(said) & _OPTIONS:
        yield f"Of options, only {', '.join(sorted(_OPTIONS))} can be set here.", at
    if keyword in _NOTATIONS:
        yield from _symbols(body, tokens)
    else:
        for (_, start, _), word in zip(tokens, said, strict=True):
            if word.startswith("`"):
                yield "Quoted names are not allowed here: they are meta code.", start


def _symbols(body: str, tokens: list[Token]) -> Iterator[tuple[str, int]]:
    """Symbols that change where comments, literals and names begin would hide what follows."""
    opened = -1
    for _, start, end in tokens:
        word = body[start:end]
        if not word.startswith("`"):
            continue
        if opened < 0:
            opened = start + 1
            continue
        symbol = body[opened:start]
        if any(sign in symbol for sign in ("--", "/-", "-/", "'", "#", "`", "\n")):
            yield f"The symbol {symbol!r} is not allowed here.", opened
        opened = -1
    if opened >= 0:
        yield "The symbol is not closed.", opened


def _attributes(body: str, tokens: list[Token]) -> Iterator[tuple[str, int]]:
    """The names of attributes, in ``@[…]`` and behind ``attribute``."""
    said = [body[start:end] for _, start, end in tokens]
    for index, word in enumerate(said):
        before = said[index - 1] if index else ""
        if word != "[" or before not in ("@", "attribute"):
            continue
        depth, expected = 1, True
        for (code, start, _), name in zip(tokens[index + 1 :], said[index + 1 :], strict=True):
            depth += (code == OPEN) - (code == CLOSE)
            if not depth:
                break
            if expected and name not in ("-", "*"):
                if name not in _ATTRIBUTES:
                    yield f"The attribute `{name}` is not allowed here.", start
                expected = False
            if depth == 1 and name == ",":
                expected = True


def _tactics(body: str, command: Command, tokens: list[Token]) -> Iterator[tuple[str, int]]:
    """Whether each tactic, wherever it stands, starts with a known name, a block or ``calc``."""
    if command.keyword in ("open", "export", "namespace", "section", "end", "attribute", ""):
        return
    finder = Starts(body, tokens)
    finder.run()
    for (code, start, end), before, conv in finder.starts:
        word = body[start:end]
        if code in (BEGIN, BY, CALC, SORRY, ADMIT) or word == "{":
            continue
        if word == "[" and before[0] == THEN_TACTIC:
            continue
        if code == ATOM and word == "":
            continue
        if word in TACTICS or (conv and word in CONV):
            continue
        yield f"`{word}` is no tactic that is known here.", start
