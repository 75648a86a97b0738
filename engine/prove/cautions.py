"""What a result says besides its proof: where the statement is not what it looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.source.cautions import invisible_characters, redeclared_symbols
from engine.values import Progress

if TYPE_CHECKING:
    from engine.lean import Hole
    from engine.source import Site

_PLAINLY = "(tactic.set_bool_option `pp.notation ff)"
_SECONDS = 10.0


async def cautions(text: str, site: Site, hole: Hole) -> list[str]:
    """Notes on the statement of ``site``: symbols of another meaning, characters unseen."""
    notes = []
    span = site.declaration.span
    unseen = invisible_characters(text, span.start, span.end)
    if unseen:
        notes.append(
            f"The declaration has characters that are not seen ({', '.join(unseen)}): it may not "
            "say what it shows."
        )
    symbols = redeclared_symbols(text, span.start)
    if symbols:
        notes.append(
            f"The document gives {', '.join(symbols)} a meaning of its own."
            + await _without_notation(hole)
        )
    return notes


async def _without_notation(hole: Hole) -> str:
    async for result in hole.apply(0, [_PLAINLY], timeout=_SECONDS):
        if isinstance(result.outcome, Progress):
            return f" Without notations, the goal is:\n{result.outcome.text}"
    return ""
