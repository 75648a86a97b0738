"""Finding the sites in the body of one declaration.

A tactic's arguments are terms and a term may hold tactics, so which of the two a ``sorry`` is
depends on what encloses it; and a comma ends a tactic only where no binder, ``have``, ``let`` or
bracket waits for it. One pass over the tokens with a stack of what is open decides both. Text that
does not parse leaves things open; a closing token then closes them all.

No site is reported inside a quotation (a backquote and a bracket), nor where a ``sorry`` would be a
tactic of another monad (``conv``, ``begin [smt] … end``): no proof fits there.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple

from engine.source.lexer import (
    ADMIT,
    ASSIGN,
    ASSUME,
    BAR,
    BEGIN,
    BINDER,
    BY,
    CALC,
    CLOSE,
    COMMA,
    ELLIPSIS,
    ELSE,
    END,
    HAVE,
    IF,
    IN,
    LET,
    MATCH,
    OPEN,
    QUOTE,
    SEPARATOR,
    SHOW,
    SORRY,
    THEN,
    THEN_TACTIC,
    WORD,
    Token,
    closer,
)
from engine.source.model import SiteKind
from engine.source.vocabulary import BLOCK_TACTICS, CONV_TACTICS, PATTERN_TACTICS, TERM_TACTICS


class FoundSite(NamedTuple):
    """A site, with offsets from where the tokens' own count from."""

    kind: SiteKind
    start: int
    end: int
    isolated: bool


class _Kind(IntEnum):
    BASE = 0
    GROUP = 1  # a bracket
    MATCH = 2
    BLOCK = 3  # `begin … end` or `{ … }`, tactics between commas
    TACTICS = 4  # `[t, t]`, a list of tactics
    BY = 5
    BINDER = 6
    HAVE = 7
    SHOW = 8
    LET = 9
    IF = 10
    CALC = 11


_BASE: Final = _Kind.BASE
_GROUP: Final = _Kind.GROUP
_MATCH: Final = _Kind.MATCH
_BLOCK: Final = _Kind.BLOCK
_TACTICS: Final = _Kind.TACTICS
_BY: Final = _Kind.BY
_BINDER: Final = _Kind.BINDER

_TACTIC_KINDS: Final = frozenset((_BLOCK, _TACTICS, _BY))
_NAMING: Final = frozenset((_Kind.HAVE, _Kind.LET))  # what has a `:=` of its own
_REACH: Final = 200
"""How many open things a closing token may close, and how many tokens a pattern may have; without a
limit, hostile text would take time in the square of its length."""

_NO_PATTERN: Final = frozenset((BEGIN, END, BY, THEN_TACTIC, LET, HAVE, BINDER, MATCH, BAR))


class Frame:
    """Something open.

    A tactic frame with ``start`` waits for its next tactic; with ``open_end``, the argument it is
    in ends in a term that goes on as far as it can (the body of a ``λ``, ``let``, ``have`` …).
    """

    __slots__ = (
        "assigned",
        "closer",
        "conv",
        "head",
        "isolated",
        "kind",
        "open_end",
        "quoted",
        "stage",
        "start",
    )

    def __init__(self, kind: _Kind, below: Frame | None, closer: str = "") -> None:
        self.kind = kind
        self.closer = closer
        self.start = kind in (_BLOCK, _TACTICS, _BY)
        self.isolated = kind in (_TACTICS, _BY)
        self.head = ""
        self.stage = 0
        self.conv = False
        self.open_end = False
        self.quoted: bool = below is not None and below.quoted
        self.assigned: bool = below is None or below.assigned


def find_in_body(
    text: str, tokens: list[Token], *, fields: bool = False, may_be_missing: bool = True
) -> list[FoundSite]:
    """The sites among ``tokens``, a declaration's body from its ``:=``, ``|`` or ``begin`` on.

    ``fields``: the body is a structure's, whose terms stand after a ``:=`` of their own, the
    default values. ``may_be_missing``: a body that ends in its ``:=`` is a site.
    """
    finder = Finder(text, tokens, fields)
    finder.run()
    if may_be_missing and finder.ends_in_assign and tokens:
        end = tokens[-1][2]
        finder.found.append(FoundSite(SiteKind.MISSING, end, end, False))
    return finder.found


class Finder:
    """One pass over the tokens of a body; see the top of this module."""

    def __init__(self, text: str, tokens: list[Token], fields: bool) -> None:
        self.text = text
        self.tokens = tokens
        self.found: list[FoundSite] = []
        self.ends_in_assign = False
        self.block_ends: dict[int, int] | None = None
        base = Frame(_BASE, None)
        base.assigned = not fields
        self.stack = [base]

    def run(self) -> None:
        """Reads all tokens."""
        text = self.text
        tokens = self.tokens
        stack = self.stack
        count = len(tokens)
        index = 0
        alternative = True  # the next `:=` of the body itself begins a value
        while index < count:
            code, start, end = token = tokens[index]
            index += 1
            top = stack[-1]
            if top.stage == 1 and top.kind in (_Kind.HAVE, _Kind.SHOW):
                # A `have`, `suffices` or `show` whose proof comes now: `{` opens tactics here.
                top.stage = 2
                if top.kind is _Kind.SHOW:
                    stack.pop()
                if code == OPEN and text[start] == "{":
                    self._push(_BLOCK, "}")
                    continue
                top = stack[-1]
            if top.start:
                moved = self._tactic(top, token, index)
                if moved >= 0:
                    index = moved
                    continue
            if code <= WORD:
                continue
            if code == COMMA:
                self._comma()
            elif code == OPEN:
                if text[start] == "{" and self._opens_block(top, index):
                    block = self._push(_BLOCK, "}")
                    block.conv = top.conv or top.head in CONV_TACTICS
                else:
                    self._push(_GROUP, closer(text, token))
            elif code == CLOSE:
                self._close(text[start:end])
            elif code == SORRY:
                self._add(SiteKind.TERM, start, end, False)
            elif code in (BINDER, ASSUME):
                self._push(_BINDER)
            elif code == BEGIN:
                index = self._begin(top, token, index)
            elif code == END:
                self._end()
            elif code == BY:
                self._push(_BY)
            elif code == THEN_TACTIC:
                self._then()
            elif code == ASSIGN:
                if top.kind is _Kind.HAVE and not top.stage:
                    top.stage = 2
                top.assigned = True
                self._set_open_end(False)
                if len(stack) == 1:
                    self.ends_in_assign = alternative and index == count
                    alternative = False
            elif code == BAR:
                self._bar(index)
                if len(stack) == 1:
                    alternative = True
            elif code == SEPARATOR:
                self._set_open_end(False)
            elif code == MATCH:
                self._push(_MATCH)
            elif code == HAVE:
                self._push(_Kind.HAVE)
            elif code == SHOW:
                self._push(_Kind.SHOW)
            elif code == LET:
                self._push(_Kind.LET)
            elif code == IF:
                self._push(_Kind.IF)
            elif code == CALC:
                self._push(_Kind.CALC)
            elif code == THEN:
                self._unwind(_Kind.IF, 0, keep=True)
            elif code == ELSE:
                self._unwind(_Kind.IF, 1, keep=False)
            elif code == IN:
                if top.kind is not _BINDER:
                    self._unwind(_Kind.LET, 0, keep=False)
            elif code == ELLIPSIS:
                self._unwind(_Kind.CALC, 0, keep=True)
            elif code == QUOTE:
                self._push(_GROUP, closer(text, token)).quoted = True

    # What follows returns the index of the next token to read, or -1: read this one as a term's.

    def _tactic(self, top: Frame, token: Token, index: int) -> int:
        """Reads the first token of a tactic."""
        code, start, end = token
        if code in (SORRY, ADMIT):
            top.start = False
            top.head = "sorry"
            index, end = self._skip_block(index, end)
            follower = self.tokens[index][0] if index < len(self.tokens) else -1
            if not top.conv:
                self._add(SiteKind.TACTIC, start, end, top.isolated or follower == THEN_TACTIC)
            return index
        if code == COMMA and top.kind is not _BY:
            return index
        if code in (COMMA, CLOSE, END, ELLIPSIS, THEN, ELSE, IN, ASSIGN, BAR):
            return -1
        top.start = False
        top.head = ""
        if code == OPEN:
            if self.text[start] == "{":
                self._push(_BLOCK, "}").conv = top.conv
                return index
            if self.text[start:end] == "[":
                self._push(_TACTICS, "]").conv = top.conv
                return index
            return -1
        if code in (WORD, HAVE, SHOW, LET, ASSUME):
            top.head = self.text[start:end]
            return index
        return -1

    def _begin(self, top: Frame, token: Token, index: int) -> int:
        tokens = self.tokens
        conv = top.head in CONV_TACTICS or (top.conv and not top.head)
        if index < len(tokens) and tokens[index][0] == END:
            if not conv:
                self._add(SiteKind.EMPTY, token[1], tokens[index][2], False)
            return index + 1
        block = self._push(_BLOCK, "end")
        block.conv = conv
        if index + 2 < len(tokens) and self._is_tactic_class(index):
            block.conv = self.text[tokens[index + 1][1] : tokens[index + 1][2]] != "tactic"
            return index + 3
        return index

    def _is_tactic_class(self, index: int) -> bool:
        """Whether the tokens are ``[name]`` and what follows goes on: ``begin [smt] …``."""
        opening, word, closing = self.tokens[index : index + 3]
        text = self.text
        return (
            text[opening[1] : opening[2]] == "["
            and word[0] == WORD
            and text[closing[1] : closing[2]] == "]"
        )

    def _skip_block(self, index: int, end: int) -> tuple[int, int]:
        """Past the block that ``sorry`` and ``admit`` take and ignore, if there is one."""
        tokens = self.tokens
        text = self.text
        if index >= len(tokens):
            return index, end
        code, start, _ = tokens[index]
        if code != BEGIN and not (code == OPEN and text[start] == "{"):
            return index, end
        last = self._block_ends().get(index)
        return (index, end) if last is None else (last + 1, tokens[last][2])

    def _block_ends(self) -> dict[int, int]:
        """The index of the token that closes each block, by that of the one that opens it."""
        if self.block_ends is None:
            self.block_ends = {}
            opened = []
            for index, (code, start, end) in enumerate(self.tokens):
                if code in (BEGIN, MATCH) or (code == OPEN and self.text[end - 1] == "{"):
                    opened.append(index)
                elif (code == END or (code == CLOSE and self.text[start] == "}")) and opened:
                    self.block_ends[opened.pop()] = index
        return self.block_ends

    def _add(self, kind: SiteKind, start: int, end: int, isolated: bool) -> None:
        top = self.stack[-1]
        if top.assigned and not top.quoted:
            self.found.append(FoundSite(kind, start, end, isolated))

    def _push(self, kind: _Kind, closer: str = "") -> Frame:
        frame = Frame(kind, self.stack[-1], closer)
        self.stack.append(frame)
        if kind >= _BINDER:
            self._set_open_end(True)
        return frame

    def _set_open_end(self, value: bool) -> None:
        """Marks the tactic whose argument this is, unless brackets or a ``let`` come between."""
        stack = self.stack
        for depth in range(len(stack) - 1, max(-1, len(stack) - _REACH), -1):
            frame = stack[depth]
            if frame.kind in _TACTIC_KINDS:
                frame.open_end = value
                return
            if frame.kind < _BLOCK or (not value and frame.kind in _NAMING):
                return

    def _comma(self) -> None:
        stack = self.stack
        while True:
            top = stack[-1]
            kind = top.kind
            if kind is _BLOCK or kind is _TACTICS:
                top.start = True
                top.isolated = kind is _TACTICS
                top.open_end = False
                top.head = ""
                return
            if kind in (_GROUP, _MATCH, _BASE, _Kind.LET):
                return
            if kind is _BINDER:
                stack.pop()
                return
            if kind in (_Kind.HAVE, _Kind.SHOW):
                if top.stage:
                    stack.pop()
                else:
                    top.stage = 1
                return
            stack.pop()  # `by`, `calc` and `if` end before a comma

    def _then(self) -> None:
        """``;`` and ``<|>``: end what the nearest tactic has open, and wait for the next one.

        In an argument that goes on as far as it can they are the term's: Lean reads
        ``exact λ x, f; simp`` as ``exact λ x, (f; simp)``.
        """
        stack = self.stack
        for depth in range(len(stack) - 1, max(-1, len(stack) - _REACH), -1):
            frame = stack[depth]
            if frame.kind in (_GROUP, _MATCH, _BASE):
                return
            if frame.kind in _TACTIC_KINDS:
                if frame.open_end:
                    return
                del stack[depth + 1 :]
                frame.start = frame.isolated = True
                frame.head = ""
                return

    def _opens_block(self, top: Frame, index: int) -> bool:
        """Whether a ``{`` among a tactic's arguments opens tactics; ``index`` is what follows."""
        if top.kind not in (_BLOCK, _TACTICS, _BY):
            return False
        if top.conv or top.head in BLOCK_TACTICS:
            return True
        if not top.head or top.head in TERM_TACTICS:
            return False
        # A tactic that is not known here: judge by what the braces hold.
        following = self.tokens[index : index + 2]
        if not following:
            return True
        text = self.text
        signs = [text[start:end] for _, start, end in following]
        if signs[0] in ("}", "..", "..."):
            return False
        return not (
            following[0][0] == WORD
            and len(signs) > 1
            and signs[1] in (":=", "with", "|", ":", "∈", "//", "..")
        )

    def _close(self, sign: str) -> None:
        stack = self.stack
        for depth in range(len(stack) - 1, max(0, len(stack) - _REACH), -1):
            frame = stack[depth]
            if frame.closer == sign:
                del stack[depth:]
                return
            if frame.kind in (_BLOCK, _MATCH):
                return

    def _end(self) -> None:
        stack = self.stack
        for depth in range(len(stack) - 1, max(0, len(stack) - _REACH), -1):
            frame = stack[depth]
            if frame.kind is _MATCH or frame.closer == "end":
                del stack[depth:]
                return

    def _unwind(self, kind: _Kind, stage: int, *, keep: bool) -> None:
        """Closes what is open up to the nearest frame of that kind and stage in these brackets."""
        stack = self.stack
        for depth in range(len(stack) - 1, max(0, len(stack) - _REACH), -1):
            frame = stack[depth]
            if frame.kind is kind and frame.stage == stage:
                if keep:
                    frame.stage += kind is _Kind.IF
                    del stack[depth + 1 :]
                else:
                    del stack[depth:]
                return
            if frame.kind in (_GROUP, _MATCH, _BLOCK, _TACTICS):
                return

    def _bar(self, index: int) -> None:
        """``|`` may begin the next alternative of a ``match`` or an equation."""
        stack = self.stack
        depth = len(stack) - 1
        least = max(0, depth - _REACH)
        while depth > least and stack[depth].kind not in (_GROUP, _MATCH, _BLOCK, _TACTICS, _BASE):
            if stack[depth].head in PATTERN_TACTICS:
                return
            depth -= 1
        if stack[depth].kind not in (_MATCH, _BASE) or depth == len(stack) - 1:
            return
        nesting = 0
        for code, _, _ in self.tokens[index : index + _REACH]:
            if code == OPEN:
                nesting += 1
            elif code == CLOSE:
                nesting -= 1
                if nesting < 0:
                    return
            elif nesting:
                continue
            elif code == ASSIGN:
                del stack[depth + 1 :]
                return
            elif code in _NO_PATTERN:
                return
