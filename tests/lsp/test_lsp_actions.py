"""Which actions are offered where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from .conftest import SCRIPTED, Editor, at, end_editor, start_editor, uri_of

if TYPE_CHECKING:
    from pathlib import Path

TWO = """theorem gate_a (p : Prop) (h : p) : p := sorry

theorem done : true := trivial

theorem gate_b (p q : Prop) (h : p ∧ q) : q :=
begin
  cases h with hp hq,
  sorry
end
"""
PROVE = "Prove with DS-Prover"


async def test_only_where_there_is_a_site(scripted: Editor, tmp_path: Path) -> None:
    uri = uri_of(tmp_path)
    scripted.open(uri, TWO)
    assert await scripted.titles(uri, TWO.index("done")) == []
    both = await scripted.titles(uri, at(TWO))
    assert both[0] == PROVE
    assert both[-1] == "Prove all 2 sites in this file with DS-Prover"
    # The whole line counts as there.
    assert PROVE in await scripted.titles(uri, TWO.index("gate_a"))
    assert PROVE in await scripted.titles(uri, at(TWO, number=1) + 5)


async def test_a_selection_of_several(scripted: Editor, tmp_path: Path) -> None:
    uri = uri_of(tmp_path)
    scripted.open(uri, TWO)
    assert await scripted.titles(uri, 0, len(TWO)) == ["Prove these 2 sites with DS-Prover"]


async def test_only_is_honoured(scripted: Editor, tmp_path: Path) -> None:
    uri = uri_of(tmp_path)
    scripted.open(uri, TWO)
    kinds = types.CodeActionKind
    for wanted, some in (
        ([kinds.QuickFix], True),
        ([kinds.Empty], True),
        ([kinds.Refactor, kinds.QuickFix], True),
        ([kinds.Refactor], False),
        ([kinds.Source], False),
        ([], False),
    ):
        offered = await scripted.actions(uri, at(TWO), only=wanted)
        assert bool(offered) is some, wanted


async def test_while_a_search_runs_and_after(scripted: Editor, tmp_path: Path) -> None:
    uri = uri_of(tmp_path)
    scripted.open(uri, TWO)
    job = (await scripted.choose_action(uri, at(TWO), PROVE))["job"]
    await scripted.until(lambda job: job["state"] == "searching", job)
    assert (await scripted.titles(uri, at(TWO)))[:-1] == [
        "Stop the search here",
        "Give it 10 minutes more",
        "Show the search tree",
    ]
    again = await scripted.command(
        "dsp.prove", {"uri": uri, "position": {"line": 0, "character": 45}}
    )
    assert again == {"job": job}, "a second search of the same site is the first one"
    await scripted.choose_action(uri, at(TWO), "Stop the search")
    assert (await scripted.until_over(job))["state"] == "stopped"
    titles = await scripted.titles(uri, at(TWO))
    assert "Give the search 10 minutes more" in titles
    assert "Show the search tree" in titles
    assert PROVE in titles


async def test_actions_can_be_resolved(scripted: Editor, tmp_path: Path) -> None:
    uri = uri_of(tmp_path)
    scripted.open(uri, TWO)
    action = (await scripted.actions(uri, at(TWO)))[0]
    resolved = await scripted.code_action_resolve_async(action)
    assert resolved.command == action.command
    assert resolved.disabled is None
    action.data = {"job": "dsp-999"}
    assert (await scripted.code_action_resolve_async(action)).disabled is not None


async def test_not_in_other_languages(scripted: Editor, tmp_path: Path) -> None:
    text = uri_of(tmp_path, "notes.txt")
    scripted.open(text, TWO, language="plaintext")
    assert await scripted.titles(text, at(TWO)) == []
    # Some editors do not know the language, but the file's name says it.
    lean = uri_of(tmp_path, "b.lean")
    scripted.open(lean, TWO, language="plaintext")
    assert PROVE in await scripted.titles(lean, at(TWO))


async def test_an_untitled_document(scripted: Editor) -> None:
    uri = "untitled:Untitled-1"
    buffer = scripted.open(uri, "example : true := sorry\n", language="lean3")
    job = (await scripted.choose_action(uri, at(buffer.text), PROVE))["job"]
    assert (await scripted.until_over(job))["state"] == "proved"
    assert buffer.text == "example : true := begin trivial end\n"


async def test_lean_4_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "four" / "src").mkdir(parents=True)
    (tmp_path / "four" / "lean-toolchain").write_text("leanprover/lean4:v4.9.0\n")
    (tmp_path / "three").mkdir()
    (tmp_path / "three" / "leanpkg.toml").write_text("[package]\nname = 'x'\n")
    editor = await start_editor(tmp_path, command=SCRIPTED)
    try:
        for name in ("a", "b"):
            uri = uri_of(tmp_path, f"four/src/{name}.lean")
            editor.open(uri, TWO)
            assert await editor.titles(uri, at(TWO)) == []
            assert await editor.hover_text(uri, at(TWO)) == ""
        await editor.eventually(lambda: bool(editor.messages))
        alone = uri_of(tmp_path, "alone.lean")
        editor.open(alone, TWO, language="lean4")
        assert await editor.titles(alone, at(TWO)) == []
        # The Lean 4 extension gives its language id to every Lean file.
        three = uri_of(tmp_path, "three/a.lean")
        editor.open(three, TWO, language="lean4")
        assert PROVE in await editor.titles(three, at(TWO))
        said = [message.message for message in editor.messages]
        assert len(said) == 1
        assert "Lean 4" in said[0]
    finally:
        await end_editor(editor)
