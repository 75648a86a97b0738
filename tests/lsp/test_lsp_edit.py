"""The edit: where it lands, what was judged before it, and when it is withheld."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from lsprotocol import types

from .conftest import SCRIPTED, Editor, at, end_editor, start_editor, uri_of

if TYPE_CHECKING:
    from pathlib import Path

GATE = "theorem before : true := trivial\n\ntheorem gate (p : Prop) (h : p) : p := sorry\n"
PROVE = "Prove with DS-Prover"


def open_gate(tmp_path: Path) -> None:
    (tmp_path / "gate").write_text("")


def judged(tmp_path: Path) -> list[Any]:
    """What the engine was asked to judge, as ``[text, site, replacement]``."""
    path = tmp_path / "verified"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


async def searching(editor: Editor, uri: str, text: str, number: int = 0) -> str:
    job: str = (await editor.choose_action(uri, at(text, number=number), PROVE))["job"]
    await editor.until(lambda job: job["state"] == "searching", job)
    return job


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
async def test_the_edit_lands_in_every_encoding(tmp_path: Path, encoding: str, end: str) -> None:
    editor = await start_editor(tmp_path, command=SCRIPTED, encodings=[encoding])
    try:
        assert editor.encoding.value == encoding
        # Characters that end no line for an editor, though Python thinks so.
        text = (
            "-- 𝔸α\u2028 \x0c \x0b \x85 \x1c é\n"
            "example (𝔸 𝒜 : Prop) (h : 𝔸) : 𝔸 ∨ 𝒜 := /- 𝕜ℝ -/ sorry /- 𝓝 -/\n"
        ).replace("\n", end)
        uri = uri_of(tmp_path)
        buffer = editor.open(uri, text)
        # An edit of the user's that has to be understood as well.
        editor.edit(uri, text.index("é"), text.index("é") + 1, "𝕜𝕜")
        now = buffer.text
        job = (await editor.choose_action(uri, at(now), PROVE))["job"]
        assert (await editor.until_over(job))["state"] == "proved"
        assert buffer.text == now.replace("sorry", "begin trivial end")
    finally:
        await end_editor(editor)


async def test_the_site_is_found_where_it_moved(scripted: Editor, tmp_path: Path) -> None:
    uri = uri_of(tmp_path)
    buffer = scripted.open(uri, GATE)
    job = await searching(scripted, uri, GATE)
    scripted.edit(uri, 0, 0, "-- 𝔸 first\nlemma early : true := trivial\n\n")
    scripted.edit(uri, len(buffer.text), len(buffer.text), "\n-- last\n")
    before = buffer.text
    open_gate(tmp_path)
    assert (await scripted.until_over(job))["state"] == "proved"
    assert len(judged(tmp_path)) == 1
    text, site, replacement = judged(tmp_path)[0]
    assert text == before, "judged in the text as it was then"
    # What stands there is what was judged, byte for byte.
    assert buffer.text == before[:site] + replacement + before[site + len("sorry") :]
    scripted.undo_once(uri)
    assert buffer.text == before


async def test_an_unchanged_text_is_not_judged_twice(scripted: Editor, tmp_path: Path) -> None:
    uri = uri_of(tmp_path)
    buffer = scripted.open(uri, GATE)
    job = await searching(scripted, uri, GATE)
    open_gate(tmp_path)
    assert (await scripted.until_over(job))["state"] == "proved"
    assert judged(tmp_path) == []
    assert buffer.text == GATE.replace("sorry", "begin trivial end")
    edit = scripted.edits[0].edit.document_changes
    assert edit is not None
    assert isinstance(edit[0], types.TextDocumentEdit)
    assert edit[0].text_document.version == 1


async def test_a_changed_statement_is_left_alone(scripted: Editor, tmp_path: Path) -> None:
    uri = uri_of(tmp_path)
    buffer = scripted.open(uri, GATE)
    job = await searching(scripted, uri, GATE)
    where = buffer.text.index("(h : p)")
    scripted.edit(uri, where, where + len("(h : p)"), "(h : ¬ p)")
    before = buffer.text
    open_gate(tmp_path)
    assert (await scripted.until_over(job))["state"] == "withheld"
    assert buffer.text == before
    assert scripted.edits == []
    await scripted.eventually(lambda: any("statement" in m.message for m in scripted.messages))
    # The proof is not lost: where the statement is as it was, it can be inserted.
    scripted.undo_once(uri)
    assert "begin trivial end" in await scripted.hover_text(uri, at(buffer.text))
    await scripted.choose_action(uri, at(buffer.text), "Insert the proof")
    assert (await scripted.until_over(job))["state"] == "proved"
    assert buffer.text == GATE.replace("sorry", "begin trivial end")


async def test_lean_refuses_it_in_the_new_text(scripted: Editor, tmp_path: Path) -> None:
    text = GATE + "\ntheorem strict (p : Prop) (h : p) : p := sorry\n"
    uri = uri_of(tmp_path)
    buffer = scripted.open(uri, text)
    seen: list[str] = []

    def meanwhile() -> None:
        scripted.edit(uri, 0, 0, "-- new\n")
        seen.append(buffer.text)

    # The edit meets a document that has changed in the same moment.
    scripted.before_edit = meanwhile
    job = (await scripted.choose_action(uri, at(text, number=1), PROVE))["job"]
    assert (await scripted.until_over(job))["state"] == "withheld"
    assert buffer.text == seen[0]
    await scripted.eventually(lambda: any("type mismatch" in m.message for m in scripted.messages))


async def test_a_stale_edit_is_tried_again(scripted: Editor, tmp_path: Path) -> None:
    uri = uri_of(tmp_path)
    buffer = scripted.open(uri, GATE)
    scripted.before_edit = lambda: scripted.edit(uri, 0, 0, "-- typed in the same moment\n")
    job = await searching(scripted, uri, GATE)
    open_gate(tmp_path)
    assert (await scripted.until_over(job))["state"] == "proved"
    assert buffer.text.startswith("-- typed in the same moment\n")
    assert "sorry" not in buffer.text
    assert len(scripted.edits) == 2
    assert judged(tmp_path)[0][0] == "-- typed in the same moment\n" + GATE


async def test_an_editor_that_tells_of_a_change_after_it_has_refused(
    scripted: Editor, tmp_path: Path
) -> None:
    """As Emacs does, which waits for a pause of the user's."""
    uri = uri_of(tmp_path)
    buffer = scripted.open(uri, GATE)
    apply = scripted.apply_edit

    def refuse(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        scripted.apply_edit = apply
        asyncio.get_running_loop().call_later(0.5, scripted.edit, uri, 0, 0, "-- typed before\n")
        return types.ApplyWorkspaceEditResult(applied=False, failure_reason="version")

    scripted.apply_edit = refuse
    job = await searching(scripted, uri, GATE)
    open_gate(tmp_path)
    assert (await scripted.until_over(job))["state"] == "proved"
    assert buffer.text.startswith("-- typed before\n")
    assert "sorry" not in buffer.text


async def test_an_editor_that_refuses(scripted: Editor, tmp_path: Path) -> None:
    uri = uri_of(tmp_path)
    buffer = scripted.open(uri, GATE)
    refusals: list[object] = []

    def refuse(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        refusals.append(params)
        # Neovim claims success.
        return types.ApplyWorkspaceEditResult(applied=scripted.kind == "neovim")

    scripted.apply_edit = refuse
    job = await searching(scripted, uri, GATE)
    open_gate(tmp_path)
    assert (await scripted.until_over(job))["state"] == "withheld"
    assert len(refusals) == 1
    assert buffer.text == GATE
    assert "Insert the proof" in await scripted.titles(uri, at(GATE))


async def test_closed_meanwhile_and_opened_again(scripted: Editor, tmp_path: Path) -> None:
    uri = uri_of(tmp_path)
    scripted.open(uri, GATE)
    job = await searching(scripted, uri, GATE)
    scripted.close(uri)
    open_gate(tmp_path)
    over = await scripted.until_over(job)
    assert over["state"] == "withheld"
    assert over["range"] is None
    assert scripted.edits == []
    buffer = scripted.open(uri, "-- later\n" + GATE)
    await scripted.choose_action(uri, at(buffer.text), "Insert the proof")
    assert (await scripted.until_over(job))["state"] == "proved"
    assert "sorry" not in buffer.text


@pytest.mark.parametrize("folder", [False, True])
async def test_renamed_meanwhile(scripted: Editor, tmp_path: Path, folder: bool) -> None:
    old, new = uri_of(tmp_path, "old/a.lean"), uri_of(tmp_path, "new/a.lean")
    scripted.open(old, GATE)
    job = await searching(scripted, old, GATE)
    scripted.close(old)
    buffer = scripted.open(new, GATE)
    names = (old, new)
    if folder:
        names = (uri_of(tmp_path, "old"), uri_of(tmp_path, "new"))
    scripted.workspace_did_rename_files(types.RenameFilesParams([types.FileRename(*names)]))
    open_gate(tmp_path)
    assert (await scripted.until_over(job))["state"] == "proved"
    assert "sorry" not in buffer.text


async def test_the_proof_of_one_moves_the_other(scripted: Editor, tmp_path: Path) -> None:
    text = "".join(f"theorem gate_{i} (p : Prop) (h : p) : p := sorry\n" for i in range(4))
    uri = uri_of(tmp_path)
    buffer = scripted.open(uri, text)
    jobs = (await scripted.command("dsp.proveAll", {"uri": uri}))["jobs"]
    assert len(jobs) == 4
    open_gate(tmp_path)
    for job in jobs:
        assert (await scripted.until_over(job))["state"] == "proved"
    assert "sorry" not in buffer.text
    for i in range(4):
        assert f"theorem gate_{i} (p : Prop) (h : p) : p := begin" in buffer.text
    await scripted.eventually(lambda: any("4 of 4" in m.message for m in scripted.messages))


async def test_two_sites_of_one_declaration(scripted: Editor, tmp_path: Path) -> None:
    """The proof of the first makes the second the first."""
    text = (
        "theorem gate (p q : Prop) (hp : p) (hq : q) : p ∧ q :=\n"
        "begin\n  split,\n  sorry,\n  sorry\nend\n"
    )
    uri = uri_of(tmp_path)
    buffer = scripted.open(uri, text)
    second = await searching(scripted, uri, text, 1)
    first = await searching(scripted, uri, text, 0)
    open_gate(tmp_path)
    for job in (first, second):
        assert (await scripted.until_over(job))["state"] == "proved"
    assert "sorry" not in buffer.text
    assert buffer.text.startswith(text[: at(text)])
    assert buffer.text.endswith("\nend\n")


async def test_the_user_writes_something_else_there(scripted: Editor, tmp_path: Path) -> None:
    uri = uri_of(tmp_path)
    buffer = scripted.open(uri, GATE)
    job = await searching(scripted, uri, GATE)
    scripted.edit(uri, at(GATE), at(GATE) + len("sorry"), "h")
    open_gate(tmp_path)
    over = await scripted.until_over(job)
    assert over["state"] == "withheld"
    assert "The site has gone" in over["message"]
    assert buffer.text == GATE.replace("sorry", "h")
