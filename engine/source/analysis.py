"""From a text to its sites: the whole analysis, cold or after an edit.

Each command is examined by itself, with offsets from its own start, and never again while its text
stays the same. What depends on the commands before it (namespaces, variables, line numbers) is put
together afresh each time; that is cheap.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from engine.source.commands import Command, split
from engine.source.heads import read_head
from engine.source.lexer import NAME, tokenize
from engine.source.model import Declaration, Import, Site, Span
from engine.source.sites import FoundSite, find_in_body
from engine.source.vocabulary import CONTEXT, DECLARING, LASTING, PROVABLE, WITH_FIELDS


@dataclass(frozen=True, slots=True)
class _Head:
    """A declaration with offsets from its command's start; ``statement`` is free of layout."""

    keyword: str
    name: str
    start: int
    statement_end: int
    end: int
    statement: str


@dataclass(frozen=True, slots=True)
class _Part:
    """What one command says, with offsets from its start.

    ``scope`` is ``namespace``, ``section`` or ``end``, with ``name``; else ``context`` for what
    bears on later statements until its scope ends, ``lasting`` for what does so to the end of the
    text; or empty. ``text`` is then that command, free of layout.
    """

    length: int
    lines: int
    scope: str = ""
    text: str = ""
    head: _Head | None = None
    sites: tuple[FoundSite, ...] = ()
    modules: tuple[tuple[str, int, int], ...] = ()
    keyword: str = ""
    code_end: int = 0


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a text holds. Two analyses are equal if they say the same of it.

    ``sites`` and ``declarations`` are in the order of the text. ``imports`` are those of the
    header, the only place where Lean takes them; ``header_end`` is where its last token ends (0
    without one), ``prelude`` whether it says so. ``byte_order_mark`` is true of a text that begins
    with one: Lean refuses such a document. No site lies in a statement (a proof there would
    change what is stated), in a command that declares nothing, in a quotation, or after ``#exit``.
    """

    sites: tuple[Site, ...]
    declarations: tuple[Declaration, ...]
    imports: tuple[Import, ...]
    prelude: bool
    header_end: int
    byte_order_mark: bool
    _text: str = field(repr=False, compare=False)
    _starts: tuple[int, ...] = field(repr=False, compare=False)
    _parts: tuple[_Part, ...] = field(repr=False, compare=False)


_SAME_KEYWORD: Final = {"lemma": "theorem", "definition": "def", "abbreviation": "def"}
_MODULE: Final = re.compile(rf"\.*[ \t\r\n]*{NAME}")
_BLOCK: Final = 4096


def analyse(text: str, previous: Analysis | None = None) -> Analysis:
    """What ``text`` holds; never raises, whatever the text.

    ``previous`` is the analysis of an earlier version of the document. It changes the time this
    takes, not the answer: commands before and after the edited ones are not read again.
    """
    if previous is None:
        starts: list[int] = []
        parts: list[_Part] = []
        _read(text, 0, starts, parts, {}, 0)
    else:
        starts, parts = _reread(text, previous)
    return _assemble(text, starts, parts)


def _read(
    text: str, start: int, starts: list[int], parts: list[_Part], old: dict[int, int], shift: int
) -> int:
    """Reads commands from ``start`` on, until one ends where an ``old`` one starts.

    ``old`` maps the starts of the commands after the edit to their indices, ``shift`` is how far
    they have moved. Returns that index, or -1 at the end of the text.
    """
    for command in split(text, start):
        starts.append(command.start)
        parts.append(_examine(text, command))
        if command.end - shift in old:
            return old[command.end - shift]
    return -1


def _reread(text: str, previous: Analysis) -> tuple[list[int], list[_Part]]:
    before, old_starts, old_parts = previous._text, previous._starts, previous._parts
    if text == before:
        return list(old_starts), list(old_parts)
    shorter = min(len(text), len(before))
    same_head = _common_prefix(text, before, shorter)
    same_tail = _common_suffix(text, before, shorter - same_head)
    # A command ends where the next one begins, so one more than those before the edit is in doubt.
    kept = max(0, bisect_right(old_starts, max(0, same_head - 1)) - 2)
    starts = list(old_starts[:kept])
    parts = list(old_parts[:kept])
    shift = len(text) - len(before)
    first = bisect_right(old_starts, len(before) - same_tail)
    old = {old_starts[index]: index for index in range(first, len(old_starts))}
    start = old_starts[kept] if old_starts else 0
    index = _read(text, start, starts, parts, old, shift)
    if index >= 0:
        starts += [start + shift for start in old_starts[index:]]
        parts += old_parts[index:]
    return starts, parts


def _common_prefix(one: str, other: str, limit: int) -> int:
    length = 0
    size = _BLOCK
    while size:
        if length + size <= limit and one[length : length + size] == other[length : length + size]:
            length += size
        else:
            size //= 2
            while size and length + size > limit:
                size //= 2
    return length


def _common_suffix(one: str, other: str, limit: int) -> int:
    length = 0
    size = _BLOCK
    ends = len(one), len(other)
    while size:
        if (
            length + size <= limit
            and one[ends[0] - length - size : ends[0] - length]
            == other[ends[1] - length - size : ends[1] - length]
        ):
            length += size
        else:
            size //= 2
    return length


def _examine(whole: str, command: Command) -> _Part:
    start = command.start
    text = whole[start : command.end]
    keyword = command.keyword
    keyword_start = command.keyword_start - start
    code_end = command.code_end - start
    lines = text.count("\n")
    if keyword in DECLARING:
        head, sites = _declaration(text, keyword, keyword_start, code_end, command.promising)
        return _Part(len(text), lines, head=head, sites=sites, keyword=keyword)
    if keyword in ("namespace", "section", "end"):
        # A full stop that stands alone ends a command and is not of the name.
        name = _one_line(text[keyword_start + len(keyword) :]).removesuffix(".").rstrip()
        return _Part(len(text), lines, keyword, name, keyword=keyword)
    if keyword == "import":
        modules = _modules(text, keyword_start + len(keyword))
        return _Part(len(text), lines, modules=modules, keyword=keyword, code_end=code_end)
    scope = ""
    modifiers = text[:keyword_start]
    if keyword in CONTEXT:
        scope = "context"
    elif keyword in LASTING or (keyword == "attribute" and "instance" in text):
        scope = "context" if "local" in modifiers.split() else "lasting"
    return _Part(
        len(text),
        lines,
        scope,
        _one_line(text[:code_end]) if scope else "",
        keyword=keyword,
        code_end=code_end,
    )


def _declaration(
    text: str, keyword: str, keyword_start: int, code_end: int, promising: bool
) -> tuple[_Head, tuple[FoundSite, ...]]:
    after = keyword_start + len(keyword)
    name, body = read_head(text, after, code_end)
    tokens = tokenize(text[after:body])
    statement_end = after + tokens[-1][2] if tokens else after
    statement = " ".join(
        [_SAME_KEYWORD.get(keyword, keyword)]
        + [text[after + begin : after + end] for _, begin, end in tokens]
    )
    head = _Head(keyword, name, keyword_start, statement_end, max(code_end, after), statement)
    if keyword in PROVABLE:
        if promising or text.startswith(":=", code_end - 2):
            return head, _sites(text, body, code_end, fields=False)
    elif keyword in WITH_FIELDS and promising:
        return head, _sites(text, body + 2, code_end, fields=True)
    return head, ()


def _sites(text: str, body: int, end: int, *, fields: bool) -> tuple[FoundSite, ...]:
    found = find_in_body(
        text[:end], tokenize(text[:end], body), fields=fields, may_be_missing=not fields
    )
    return tuple(found)


def _one_line(text: str) -> str:
    return " ".join([text[start:end] for _, start, end in tokenize(text)])


def _modules(text: str, position: int) -> tuple[tuple[str, int, int], ...]:
    tokens = tokenize(text, position)
    modules = []
    index = 0
    while index < len(tokens):
        start = tokens[index][1]
        if not _MODULE.match(text, start):
            break  # Lean reads names as far as there are any
        while index < len(tokens) and text[tokens[index][1] : tokens[index][2]].strip(".") == "":
            index += 1
        if index == len(tokens):
            break
        end = tokens[index][2]
        index += 1
        while index < len(tokens) and tokens[index][1] == end and text[end] == ".":
            end = tokens[index][2]
            index += 1
        modules.append(("".join(text[start:end].split()), start, end))
    return tuple(modules)


class _Scopes:
    """The namespaces and sections that are open, and what has been said in them."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, str, str, bytes]] = []  # keyword, name, outer prefix, context
        self.prefix = ""
        self.context = b""
        self.lasting = b""

    def enter(self, keyword: str, name: str) -> None:
        self.opened.append((keyword, name, self.prefix, self.context))
        if keyword == "namespace":
            self.prefix = f"{self.prefix}{name}."
            self.say(f"namespace {name}")

    def leave(self, name: str) -> None:
        # An `end` of another name is an error to Lean, which stays in the namespace.
        if self.opened and self.opened[-1][1] == name:
            _, _, self.prefix, self.context = self.opened.pop()

    def say(self, text: str) -> None:
        self.context = _digest(self.context, text)

    def say_lastingly(self, text: str) -> None:
        self.lasting = _digest(self.lasting, text)

    def hash_of(self, statement: str) -> str:
        return _digest(self.context + b"|" + self.lasting, statement).hex()


def _digest(seed: bytes, text: str) -> bytes:
    return blake2b(seed + b"|" + text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _assemble(text: str, starts: list[int], parts: list[_Part]) -> Analysis:
    scopes = _Scopes()
    sites: list[Site] = []
    declarations: list[Declaration] = []
    imports: list[Import] = []
    prelude = False
    header = True
    header_end = 0
    line = 1
    for start, part in zip(starts, parts, strict=True):
        head = part.head
        if head is not None:
            header = False
            name = head.name
            if name.startswith("_root_."):
                name = name[len("_root_.") :]
            elif name:
                name = scopes.prefix + name
            declaration = Declaration(
                head.keyword,
                name,
                Span(start + head.start, start + head.end),
                Span(start + head.start, start + head.statement_end),
                scopes.hash_of(head.statement),
            )
            declarations.append(declaration)
            counted = start
            site_line = line
            line_start = text.rfind("\n", 0, start) + 1 if part.sites else 0
            for ordinal, found in enumerate(part.sites):
                at = start + found.start
                site_line += text.count("\n", counted, at)
                line_start = max(line_start, text.rfind("\n", counted, at) + 1)
                counted = at
                sites.append(
                    Site(
                        found.kind,
                        Span(at, start + found.end),
                        site_line,
                        at - line_start,
                        declaration,
                        ordinal,
                        found.isolated,
                    )
                )
        elif part.keyword == "import":
            if header:
                header_end = start + part.code_end
                for module, begin, end in part.modules:
                    imports.append(Import(module, Span(start + begin, start + end)))
                    scopes.say_lastingly(f"import {module}")
        elif part.keyword == "prelude":
            prelude = prelude or (header and not imports)
            header_end = start + part.code_end if header else header_end
        else:
            header = header and not part.keyword
            if part.scope == "context":
                scopes.say(part.text)
            elif part.scope == "lasting":
                scopes.say_lastingly(part.text)
            elif part.scope == "end":
                scopes.leave(part.text)
            elif part.scope:
                scopes.enter(part.scope, part.text)
        line += part.lines
    return Analysis(
        tuple(sites),
        tuple(declarations),
        tuple(imports),
        prelude,
        header_end,
        text.startswith("\ufeff"),
        text,
        tuple(starts),
        tuple(parts),
    )


def find_sites(text: str) -> tuple[Site, ...]:
    """The sites of ``text``, in its order."""
    return analyse(text).sites


def site_at(source: Analysis | str, line: int, column: int | None = None) -> Site | None:
    """The site at a position (1-based line, 0-based column in code points).

    A position at either edge of a site counts as at it; where two sites touch, the one that starts
    there. A site that spans lines is at all of them. Without ``column``, the first site that starts
    on the line, else the first that covers part of it. None if there is none.
    """
    analysis = analyse(source) if isinstance(source, str) else source
    text = analysis._text
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
        if not start:
            return None
    end = text.find("\n", start)
    end = len(text) if end < 0 else end
    if line < 1:
        return None
    if column is not None:
        start = end = min(start + max(column, 0), end)
    touching = [
        site for site in analysis.sites if site.span.start <= end and site.span.end >= start
    ]
    for site in touching:
        if site.span.start >= start:
            return site
    return touching[0] if touching else None


def find_again(old: Site, new: Analysis) -> Site | None:
    """The site of ``new`` that ``old``, a site of an earlier version, has become.

    It is the site of the same kind and ordinal in the declaration of the same name and
    ``statement_hash``; an ``example`` has no name. Of several such declarations, the one nearest to
    where the old one stood. None if the statement, or what bears on it, has changed, or the site
    has gone.
    """
    wanted = old.declaration
    matches = [
        site
        for site in new.sites
        if site.ordinal == old.ordinal
        and site.kind is old.kind
        and site.declaration.statement_hash == wanted.statement_hash
        and site.declaration.name == wanted.name
    ]
    return min(matches, key=lambda site: abs(site.span.start - old.span.start), default=None)
