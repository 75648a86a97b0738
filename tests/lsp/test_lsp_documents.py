"""Documents of all sorts: long, in several folders, never saved, and with a real Lean."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

from .conftest import Editor, at, end_editor, environment, start_editor, uri_of
from .test_lsp_edit import PROVE

if TYPE_CHECKING:
    from pathlib import Path

SWAP = "theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p := sorry\n"


async def test_several_folders(scripted: Editor, tmp_path: Path) -> None:
    text = "theorem some : true := sorry\n"
    uris = [uri_of(tmp_path, "one/a.lean"), uri_of(tmp_path, "two/a.lean"), "untitled:Untitled-1"]
    for uri in uris:
        scripted.open(uri, text)
        job = (await scripted.choose_action(uri, at(text), PROVE))["job"]
        assert (await scripted.until_over(job))["state"] == "proved"
    lines = (tmp_path / "searched").read_text().splitlines()
    paths = [json.loads(line)[1] for line in lines]
    # What was never saved is taken to be in the first folder, so that its imports are found.
    wanted = [tmp_path / "one" / "a.lean", tmp_path / "two" / "a.lean", tmp_path / "untitled.lean"]
    assert paths == list(map(str, wanted))


async def test_twenty_thousand_lines(editor: Editor, tmp_path: Path) -> None:
    filler = "".join(
        f"lemma l_{i} (p : Prop) : p → p :=\nbegin\n  intro h,\n  exact h\nend\n"
        for i in range(4000)
    )
    text = filler + SWAP
    uri = uri_of(tmp_path)
    buffer = editor.open(uri, text)
    editor.edit(uri, 0, 0, "-- 𝔸\n")
    offered = await asyncio.gather(*(editor.titles(uri, at(buffer.text)) for _ in range(20)))
    assert all(PROVE in titles for titles in offered)
    # Many changes, and one question that is about the last of them.
    for number in range(50):
        editor.edit(uri, 0, 0, f"-- {number}\n")
    assert PROVE in await editor.titles(uri, at(buffer.text))
    scattered = buffer.text.index("exact h\nend\nlemma l_2000 ")
    editor.edit(uri, scattered, scattered + len("exact h"), "sorry")
    assert PROVE in await editor.titles(uri, scattered)


async def test_where_there_is_no_lean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What only the embedded core has checked is inserted when the user says so."""
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setenv("HOME", str(tmp_path))
    editor = await start_editor(tmp_path, settings={"embeddedFallback": True})
    try:
        uri = uri_of(tmp_path)
        buffer = editor.open(uri, SWAP)
        job = (await editor.choose_action(uri, at(SWAP), PROVE))["job"]
        over = await editor.until_over(job)
        assert over["state"] == "withheld"
        assert "only the embedded core has checked it" in over["message"]
        assert buffer.text == SWAP
        await editor.choose_action(uri, at(SWAP), "Insert the proof")
        assert (await editor.until_over(job))["state"] == "proved"
        assert "sorry" not in buffer.text
    finally:
        await end_editor(editor)


async def test_no_lean_and_nothing_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setenv("HOME", str(tmp_path))
    editor = await start_editor(tmp_path)
    try:
        uri = uri_of(tmp_path)
        editor.open(uri, SWAP)
        job = (await editor.choose_action(uri, at(SWAP), PROVE))["job"]
        over = await editor.until_over(job)
        assert over["state"] == "failed"
        assert "No `lean` was found" in over["message"]
        assert "elan" in over["message"]
        await editor.eventually(lambda: bool(editor.messages))
        assert editor.messages[0].type == types.MessageType.Error
    finally:
        await end_editor(editor)


@pytest.mark.lean3
@pytest.mark.skipif(shutil.which("lean") is None, reason="needs a Lean 3 `lean` on the PATH")
@pytest.mark.parametrize("kind", ["visual_studio_code", "neovim"])
async def test_with_a_real_lean(tmp_path: Path, kind: str) -> None:
    text = (
        "variables (x y z : nat)\n\n"
        "theorem trans' (h : x = y) (k : y = z) : x = z := sorry\n\n"
        "theorem both (p q : Prop) (hp : p) (hq : q) : p ∧ q :=\n"
        "begin\n  split,\n  sorry,\n  sorry\nend\n"
    )
    editor = await start_editor(tmp_path, kind=kind)
    try:
        uri = uri_of(tmp_path)
        buffer = editor.open(uri, text)
        first = (await editor.choose_action(uri, at(text), PROVE))["job"]
        # It may be proved sooner than anybody can look.
        await editor.until(lambda job: job["state"] not in ("queued", "opening"), first)
        # Typed meanwhile, above the site: the proof is judged anew in the new text.
        editor.edit(uri, 0, 0, "-- 𝔸 new\n\n")
        over = await editor.until_over(first)
        assert over["state"] == "proved", over
        rest = await editor.command("dsp.proveAll", {"uri": uri})
        for job in rest["jobs"]:
            over = await editor.until_over(job)
            assert over["state"] == "proved", over
        assert "sorry" not in buffer.text
        assert buffer.text.startswith("-- 𝔸 new\n\nvariables")
        hover = await editor.hover_text(uri, buffer.text.index(":=") + 8)
        assert "checked by Lean 3" in hover
        # Lean itself has nothing to say against it.
        (tmp_path / "a.lean").write_text(buffer.text, "utf-8")
        process = await asyncio.create_subprocess_exec(
            "lean", str(tmp_path / "a.lean"), stdout=asyncio.subprocess.PIPE, env=dict(os.environ)
        )
        said, _ = await process.communicate()
        assert (process.returncode, said) == (0, b"")
    finally:
        await end_editor(editor)


def test_the_environment_is_ours(tmp_path: Path) -> None:
    """Nothing that a test starts writes outside its folder."""
    found = environment(tmp_path)
    for name in ("DSP_LSP_LOG_FILE", "DSP_LSP_CACHE", "TMPDIR"):
        assert found[name].startswith(str(tmp_path))
