"""Settings over the wire: pulled, pushed, wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from .conftest import SCRIPTED, at, end_editor, start_editor, uri_of

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "theorem gate (p : Prop) (h : p) : p := sorry\n"


async def test_settings_are_pulled(tmp_path: Path) -> None:
    settings = {"longerBudgets": [90], "budget": "soon", "nonsense": 1}
    editor = await start_editor(tmp_path, command=SCRIPTED, settings=settings)
    try:
        uri = uri_of(tmp_path)
        editor.open(uri, TEXT)
        await editor.eventually(lambda: len(editor.messages) >= 2)
        said = sorted(message.message for message in editor.messages)
        assert said == [
            "There is no setting `dsp.nonsense`.",
            '`dsp.budget` must be a number (above 0), not "soon"; 60.0 is used.',
        ]
        titles = await editor.titles(uri, at(TEXT))
        assert "Prove with DS-Prover, for up to 90 seconds" in titles
        # Changed in the editor, which then only says that something has.
        editor.set_configuration({"longerBudgets": [30], "budget": "soon"}, section="dsp")
        editor.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings=None))
        for _ in range(200):
            titles = await editor.titles(uri, at(TEXT))
            if "Prove with DS-Prover, for up to 30 seconds" in titles:
                break
        assert "Prove with DS-Prover, for up to 30 seconds" in titles
        assert len(editor.messages) == 2, "the same complaint is not made twice"
    finally:
        await end_editor(editor)


async def test_settings_are_pushed(tmp_path: Path) -> None:
    editor = await start_editor(tmp_path, kind="neovim", command=SCRIPTED)
    try:
        uri = uri_of(tmp_path)
        editor.open(uri, TEXT)
        pushed = {"dsp": {"longerBudgets": [120.0, 45]}}
        editor.workspace_did_change_configuration(
            types.DidChangeConfigurationParams(settings=pushed)
        )
        titles = await editor.titles(uri, at(TEXT))
        assert "Prove with DS-Prover, for up to 2 minutes" in titles
        assert "Prove with DS-Prover, for up to 45 seconds" in titles
        editor.workspace_did_change_configuration(
            types.DidChangeConfigurationParams(settings={"dsp": {"longerBudgets": []}})
        )
        assert not any("for up to" in title for title in await editor.titles(uri, at(TEXT)))
    finally:
        await end_editor(editor)


async def test_another_lean_is_another_engine(tmp_path: Path) -> None:
    """Settings of the engine take effect with the next search."""
    editor = await start_editor(tmp_path, settings={"leanPath": "/nonexistent/lean"})
    try:
        text = "theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p := sorry\n"
        uri = uri_of(tmp_path)
        editor.open(uri, text)
        job = (await editor.choose_action(uri, at(text), "Prove"))["job"]
        over = await editor.until_over(job)
        assert over["state"] == "failed"
        assert "/nonexistent/lean" in over["message"]
        assert "Traceback" not in over["message"]
        editor.workspace_did_change_configuration(
            types.DidChangeConfigurationParams(settings={"dsp": {"leanPath": "embedded"}})
        )
        job = (await editor.choose_action(uri, at(text), "Prove"))["job"]
        assert (await editor.until_over(job))["state"] == "proved"
    finally:
        await end_editor(editor)
