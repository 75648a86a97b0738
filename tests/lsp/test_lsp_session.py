"""A long session of random steps, after which the text is what a model of it says.

The model knows the user's edits and the edits that the server asked for and the editor made; every
difference would be a character lost or invented. Besides, each proof that stands in the text was
judged, or found, in exactly the text into which it was put.

``DSP_LSP_STEPS`` and ``DSP_LSP_SEED`` choose another length and another session.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from pygls.exceptions import JsonRpcException

from dsp_lsp.positions import Lines
from engine.source import find_sites

from .conftest import SCRIPTED, Editor, end_editor, start_editor, uri_of

if TYPE_CHECKING:
    from pathlib import Path

STEPS = int(os.environ.get("DSP_LSP_STEPS", "150"))
SEED = int(os.environ.get("DSP_LSP_SEED", "20"))
WORDS = ["gate", "some", "budget", "fail", "refuse", "strict", "other"]
TYPED = ["-- 𝔸 note\n", "α", "\n", "lemma l : true := trivial\n", "𝕜 ", "sorry", "(", "/- x -/ "]


class Session:
    """A document that a user, the server and the undo key change."""

    def __init__(self, editor: Editor, uri: str, end: str, random: random.Random) -> None:
        self.editor = editor
        self.uri = uri
        self.random = random
        self.end = end
        text = "".join(
            f"theorem {word}_{i} (p 𝔸 : Prop) (h : p) : p := sorry\n"
            for i, word in enumerate(WORDS * 3)
        ).replace("\n", end)
        self.buffer = editor.open(uri, text)
        self.first = self.model = text
        self.history: list[str] = []
        self.made: list[tuple[str, str]] = []  # the text before, and what was inserted

    def take(self, params: Any) -> None:
        """Makes the edit that the server asks for in the model, if it is for this version."""
        (document,) = params.edit.document_changes
        if document.text_document.version != self.buffer.version:
            return
        (one,) = document.edits
        lines = Lines(self.model, self.editor.encoding)
        start, end = (
            lines.offset((place.line, place.character))
            for place in (one.range.start, one.range.end)
        )
        # Nothing but a site may go.
        assert self.model[start:end] in ("sorry", ""), self.model[start:end]
        self.made.append((self.model, one.new_text))
        self.history.append(self.model)
        self.model = self.model[:start] + one.new_text + self.model[end:]

    def restored(self) -> None:
        """The user pastes the first text over everything."""
        self.history.append(self.model)
        self.editor.edit(self.uri, 0, len(self.model), self.first)
        self.model = self.first

    def typed(self) -> None:
        start = self.random.randrange(len(self.model) + 1)
        end = min(len(self.model), start + self.random.choice([0, 0, 0, 1, 3, 12]))
        # Editors do not cut a line's end in two.
        while self.end == "\r\n" and self.model[start - 1 : start + 1] == "\r\n":
            start -= 1
        while self.end == "\r\n" and self.model[end - 1 : end + 1] == "\r\n":
            end += 1
        end = max(start, end)
        text = self.random.choice(TYPED).replace("\n", self.end)
        self.history.append(self.model)
        self.model = self.model[:start] + text + self.model[end:]
        self.editor.edit(self.uri, start, end, text)

    def undone(self) -> None:
        if self.history:
            self.model = self.history.pop()
            self.editor.undo_once(self.uri)

    async def acted(self) -> None:
        place = self.random.randrange(len(self.model) + 1)
        offered = await self.editor.actions(self.uri, place)
        if offered:
            command = self.random.choice(offered).command
            assert command is not None
            await self.told(command.command, *command.arguments or ())

    async def told(self, name: str, *arguments: Any) -> None:
        try:
            await self.editor.command(name, *arguments)
        except JsonRpcException as error:
            assert "log says more" not in error.message, error.message  # noqa: PT017


def read_lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("kind", ["visual_studio_code", "neovim"])
async def test_a_random_session(tmp_path: Path, kind: str, end: str) -> None:
    chance = random.Random(f"{SEED} {kind} {end!r}")
    (tmp_path / "gate").write_text("")
    settings = {"maxSearches": 3}
    editor = await start_editor(tmp_path, kind=kind, command=SCRIPTED, settings=settings)
    try:
        session = Session(editor, uri_of(tmp_path), end, chance)
        apply = editor.apply_edit

        def applied(params: Any) -> Any:
            # What the user types may cross the server's edit.
            if chance.random() < 0.3:
                session.typed()
            session.take(params)
            return apply(params)

        editor.apply_edit = applied
        for _ in range(STEPS):
            kind_of_step = chance.random()
            if kind_of_step < 0.35:
                session.typed()
            elif kind_of_step < 0.5:
                session.undone()
            elif kind_of_step < 0.8:
                await session.acted()
            elif kind_of_step < 0.86:
                await session.told("dsp.stop")
            elif kind_of_step < 0.89:
                session.restored()
            elif kind_of_step < 0.92:
                await session.told("dsp.proveAll", {"uri": session.uri})
            else:
                await editor.hover_text(session.uri, chance.randrange(len(session.model) + 1))
            if chance.random() < 0.3:
                await asyncio.sleep(chance.choice([0, 0.02, 0.2]))
            assert session.buffer.text == session.model
        await session.told("dsp.stop")
        for job in await editor.jobs():
            await editor.until_over(job["id"])
        await asyncio.sleep(0.3)
        assert session.buffer.text == session.model
        # The server's text is the editor's: it finds the same sites.
        sites = await editor.actions(session.uri, 0, len(session.model))
        known = len(find_sites(session.model))
        assert known < 2 or f"these {known} sites" in sites[0].title
        states = Counter(job["state"] for job in await editor.jobs())
        print(f"{len(session.made)} edits asked for; jobs: {dict(states)}")  # with `pytest -s`
        assert session.made, "no proof was inserted in the whole session"
        # Each proof was put into a text in which it was found, or in which it was judged.
        known_texts = {text for text, *_ in read_lines(tmp_path / "verified")}
        known_texts |= {text for text, *_ in read_lines(tmp_path / "searched")}
        for before, replacement in session.made:
            assert "sorry" in replacement or before in known_texts, (before, replacement)
    finally:
        await end_editor(editor)
