"""From what a person typed to the document that Lean judges, and back to the places in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsp_lsp.splices import line_and_column
from dsp_lsp.targets import complete_statement
from engine.protocol import EngineError
from engine.source import analyse, refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.protocol import ProveResult
    from engine.source import Site

__all__ = ["Prepared", "prepare"]

_NAME = "Your text"


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A text that is admitted: ``header`` and ``text`` make the document, ``site`` is the last one
    of it. ``given`` is what was typed; ``text`` may have a ``:=`` behind it. ``others`` are the
    lines, of ``text``, of the sites that stay open.
    """

    given: str
    header: str
    text: str
    site: Site
    others: tuple[int, ...] = ()

    @property
    def document(self) -> str:
        """What Lean is given."""
        return self.header + self.text

    @property
    def name(self) -> str:
        """What people call the declaration."""
        return self.site.declaration.name or self.site.declaration.keyword

    def in_text(self, error: EngineError) -> EngineError:
        """The error with its place in ``text``; without one where it is about the header."""
        lines = self.header.count("\n")
        line = error.line - lines if error.line is not None else 0
        return EngineError(
            error.message,
            remedy=error.remedy,
            kind=error.kind,
            line=line if line >= 1 else None,
            column=error.column if line >= 1 else None,
        )

    def proved(self, result: ProveResult) -> tuple[str, int, int]:
        """The text with the proof in it, and where in it the proof begins and ends."""
        shift = len(self.header)
        start, end = result.start - shift, result.end - shift
        text = self.text[:start] + result.replacement + self.text[end:]
        return text, start, start + len(result.replacement)


def prepare(given: str, imports: Sequence[str], characters: int) -> Prepared:
    """What is to be proved in ``given``, under ``imports``: its last site.

    Raises :class:`EngineError`, with its place, for a text that is too long, not admitted, or has
    nothing to prove.
    """
    given = given.replace("\r\n", "\n")
    if len(given) > characters:
        raise EngineError(
            f"Your text has {len(given)} characters; at most {characters} are taken.",
            remedy="State what is needed for the theorem, and nothing else.",
        )
    if not given.strip():
        raise EngineError(
            "There is nothing to prove yet.",
            remedy="Type a theorem without its proof, or choose an example.",
        )
    refused = refusal(given)
    if refused is not None:
        line, column = line_and_column(given, refused.offset)
        raise EngineError(
            refused.message,
            remedy="This page takes definitions, variables and statements.",
            line=line,
            column=column,
        )
    text = complete_statement(given, _NAME)
    header = "".join(f"import {module}\n" for module in imports)
    sites = analyse(header + text).sites
    lines = header.count("\n")
    return Prepared(
        given=given,
        header=header,
        text=text,
        site=sites[-1],
        others=tuple(site.line - lines for site in sites[:-1]),
    )
