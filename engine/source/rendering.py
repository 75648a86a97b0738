"""Writing a proof as Lean 3 text that fits where its site stands.

Term, missing and empty sites get ``begin … end``, tactic sites a run of tactics or one ``{ … }``.
``begin`` binds as tightly as a bracket, so an application takes it as an argument as it is; only a
projection after it (``sorry.1``) needs parentheses, since ``end.1`` would not be read as meant.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from engine.source.lexer import LINE_COMMENT, REST, STRING, comment_end
from engine.source.model import Site, SiteKind

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH: Final = 100
"""mathlib's limit for a line, in code points."""

_STEP: Final = 2
_OPAQUE: Final = re.compile(f"({LINE_COMMENT})|/-|{STRING}", re.DOTALL)
_REST_CHARACTER: Final = re.compile(f"[{REST}]")
_TAIL: Final = re.compile(r"[ \t]*[)}\]⟩,;]+|[^ \t]*")
_CLOSING_LINE: Final = re.compile(r"[ \t]*(?:end\b|[})\]⟩|])")


class _Tactic(NamedTuple):
    """A tactic: its lines, and the line comment at its end, which a comma must precede.

    ``fixed[i]`` says that line ``i`` begins inside a string or a comment and must stay as it is.
    """

    lines: tuple[str, ...]
    fixed: tuple[bool, ...]
    comment: str


def render_proof(text: str, site: Site, steps: Sequence[str], *, goals: int = 1) -> str:
    """What replaces ``site.span`` in ``text`` for the proof made of the tactics ``steps``.

    ``goals`` is the number of goals open at the site: where it is not 1, and where the site is an
    operand, the tactics are put in one ``{ … }``. The replacement may begin or end with blanks that
    keep it apart from its neighbours. Lines stay within ``WIDTH`` where a break between tactics can
    achieve it. Comments in an empty block are kept. Raises ValueError if ``steps`` holds no tactic.
    """
    tactics = [_tactic(step) for step in steps if step.strip()]
    if not tactics:
        raise ValueError("a proof has at least one tactic")
    if site.kind is SiteKind.TACTIC:
        result = _in_tactics(text, site, tactics, braces=site.isolated or goals != 1)
    elif site.kind is SiteKind.MISSING:
        result = _after_assign(text, site, tactics)
    else:
        result = _as_term(text, site, tactics)
    return result.replace("\n", "\r\n") if _has_crlf(text) else result


def _in_tactics(text: str, site: Site, tactics: list[_Tactic], *, braces: bool) -> str:
    before, after = _around(text, site)
    opening, closing = ("{ ", " }") if braces else ("", "")
    one_line = _one_line(tactics)
    alone = not before.strip()
    if one_line is not None and (braces or not alone or len(tactics) == 1):
        result = opening + one_line + closing
        if len(before) + len(result) + len(_tail(after)) <= WIDTH:
            return result
    indent = before if alone else _same_width(before)
    tactics[-1] = _without_comment(tactics[-1], keep=not (braces or after.strip()))
    result = opening + _lines(tactics, indent + " " * len(opening)).lstrip(" \t") + closing
    if alone or _width(before + result + _tail(after)) <= WIDTH:
        return result
    # Too far to the right to line up: begin a line of its own.
    lower = before[: len(before) - len(before.lstrip())] + " " * (2 * _STEP)
    below = f"{opening.rstrip()}\n{_lines(tactics, lower)}{closing}"
    return below if _width(before + below + _tail(after)) < _width(before + result) else result


def _after_assign(text: str, site: Site, tactics: list[_Tactic]) -> str:
    start = site.declaration.span.start
    line = text[text.rfind("\n", 0, start) + 1 : start]
    indent = line[: len(line) - len(line.lstrip())]
    following = text[site.span.end : site.span.end + 1]
    apart = "" if not following or following.isspace() else "\n"
    body = _lines(tactics, indent + " " * _STEP)
    return f"\n{indent}begin\n{body}\n{indent}end{apart}"


def _as_term(text: str, site: Site, tactics: list[_Tactic]) -> str:
    before, after = _around(text, site)
    old = text[site.span.start : site.span.end]
    comments = old[len("begin") : -len("end")].strip() if site.kind is SiteKind.EMPTY else ""
    opening, closing = "begin", "end"
    if after.startswith("."):
        opening, closing = "(begin", "end)"
    if _REST_CHARACTER.match(before[-1:]):
        opening = " " + opening
    # A proof that is the whole body, or has its lines to itself, is laid out as a block.
    blocky = "\n" in old or not before.strip() or before.rstrip().endswith(":=")
    one_line = None if comments or "\n" in old else _one_line(tactics)
    if one_line is not None and not (blocky and not after.strip() and len(tactics) > 1):
        result = f"{opening} {one_line} {closing}"
        if len(before) + len(result) + len(_tail(after)) <= WIDTH:
            return result
    indent = before[: len(before) - len(before.lstrip())]
    inner = indent + " " * _STEP
    body = _lines(tactics, inner)
    if comments:
        body = f"{inner}{comments}\n{body}".replace("\r\n", "\n")
    return f"{opening}\n{body}\n{indent}{closing}"


def _around(text: str, site: Site) -> tuple[str, str]:
    """What precedes and what follows the site on its lines."""
    start, end = site.span.start, site.span.end
    line_end = text.find("\n", end)
    after = text[end : len(text) if line_end < 0 else line_end]
    return text[text.rfind("\n", 0, start) + 1 : start], after.rstrip("\r")


def _tail(after: str) -> str:
    """What must stay on the line: up to the first place where a line could be broken."""
    match = _TAIL.match(after)
    return match.group() if match else ""


def _same_width(before: str) -> str:
    """Blanks as wide as ``before``, with its tabs."""
    return "".join(["\t" if character == "\t" else " " for character in before])


def _width(text: str) -> int:
    return max(map(len, text.split("\n")))


def _has_crlf(text: str) -> bool:
    return 2 * text.count("\r\n") > text.count("\n")


def _tactic(step: str) -> _Tactic:
    step = step.replace("\r\n", "\n").strip()
    inside: list[tuple[int, int]] = []
    comment = ""
    position = 0
    while True:
        match = _OPAQUE.search(step, position)
        if match is None:
            break
        start, position = match.span()
        if match.group(1):
            if position == len(step):
                comment = match.group()
                step = step[:start].rstrip()
            continue
        if match.group() == "/-":
            position = comment_end(step, start)
        inside.append((start, position))
    if not step:  # a comment and no tactic
        return _Tactic(("skip",), (False,), comment)
    lines = step.split("\n")
    fixed = []
    offset = 0
    for line in lines:
        fixed.append(any(start < offset < end for start, end in inside))
        offset += len(line) + 1
    return _Tactic(tuple(lines), tuple(fixed), comment)


def _without_comment(tactic: _Tactic, *, keep: bool) -> _Tactic:
    """The tactic with its final line comment as a block comment: something follows it."""
    if keep or not tactic.comment:
        return tactic
    said = tactic.comment[2:].strip()
    if "-/" in said or "/-" in said or said.startswith(("-", "!", '"')) or said.endswith("/"):
        return tactic._replace(comment="")
    last = f"{tactic.lines[-1]} /- {said} -/"
    return tactic._replace(lines=(*tactic.lines[:-1], last), comment="")


def _one_line(tactics: list[_Tactic]) -> str | None:
    if any(tactic.comment or len(tactic.lines) > 1 for tactic in tactics):
        return None
    return ", ".join([tactic.lines[0] for tactic in tactics])


def _lines(tactics: list[_Tactic], indent: str) -> str:
    """One tactic a line, commas between them."""
    result = []
    for number, tactic in enumerate(tactics):
        lines = _indented(tactic, indent)
        if number + 1 < len(tactics):
            lines[-1] += ","
        if tactic.comment:
            lines[-1] += " " + tactic.comment
        result += lines
    return "\n".join(result)


def _indented(tactic: _Tactic, indent: str) -> list[str]:
    """The tactic's lines, the first at ``indent``, the others as far from it as they were.

    Lines that were cut from a deeper place come back to one step, those that close something to
    none.
    """
    movable = [
        line
        for line, fixed in zip(tactic.lines[1:], tactic.fixed[1:], strict=True)
        if not fixed and line.strip()
    ]
    margin = min((len(line) - len(line.lstrip(" ")) for line in movable), default=0)
    closing = any(
        _CLOSING_LINE.match(line) and len(line) - len(line.lstrip(" ")) == margin
        for line in movable
    )
    excess = max(0, margin - (0 if closing else _STEP))
    result = [indent + tactic.lines[0]]
    for line, fixed in zip(tactic.lines[1:], tactic.fixed[1:], strict=True):
        if fixed:
            result.append(line)
        else:
            result.append(indent + line[excess:] if line.strip() else "")
    return result
