"""What the generator proposes for a tactic state that is only a text: no Lean tries it."""

from __future__ import annotations

from itertools import chain, zip_longest
from typing import TYPE_CHECKING

from engine.generators import Repertoire
from engine.lean import Document
from engine.protocol import EngineError
from engine.source import analyse, objection

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.generators import TacticGenerator
    from engine.protocol import ProposeParams
    from engine.prove.sessions import Sessions

_TRIAL = "theorem dsp_lsp_trial : true :="
_LEAST_SAMPLES = 64
"""With a prefix most candidates do not fit: so many are looked at in any case."""


async def proposals(
    generator: TacticGenerator,
    repertoire: Repertoire,
    params: ProposeParams,
    object_to: Callable[[str], str | None] = objection,
) -> list[str]:
    """The tactics that begin with the prefix, best first, at most as many as are asked for.

    The repertoire's closers, which fit any goal, stand between its moves; behind what a model says.
    """
    prefix = params.prefix.lstrip()
    count = max(_LEAST_SAMPLES, 4 * params.limit)
    found = await generator.sample(params.state, count, seed=params.seed)
    sampled = [candidate.tactic for candidate in found]
    closers = [extra.tactic for extra in repertoire.closers()]
    ranked = list(chain(sampled, closers))
    if generator.name == Repertoire.name:
        pairs = zip_longest(sampled, closers)
        ranked = [tactic for pair in pairs for tactic in pair if tactic is not None]
    fitting = (t for t in ranked if t.startswith(prefix) and object_to(t) is None)
    return list(dict.fromkeys(fitting))[: params.limit]


class Known:
    """Which of the declarations that the repertoire asks for exist, for folders: asked once each,
    under what a bare statement there imports.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._found: dict[Path, set[str]] = {}

    async def under_default_imports(self, folder: Path, *, required: bool) -> set[str]:
        """The names; nothing where Lean does not say and it is not ``required``.

        Raises :class:`EngineError` where it is.
        """
        if folder not in self._found:
            try:
                self._found[folder] = await self._ask(folder)
            except EngineError:
                if required:
                    raise
                return set()
        return self._found[folder]

    async def _ask(self, folder: Path) -> set[str]:
        imports = (await self._sessions.environment(folder)).default_imports
        text = "".join(f"import {module}\n" for module in imports) + _TRIAL
        document = Document(text, folder / "dsp_lsp_trial.lean")
        session, _ = await self._sessions.serving(document)
        hole = await session.open(document, analyse(text).sites[0])
        try:
            return await hole.known(Repertoire.asked())
        finally:
            await hole.close()
