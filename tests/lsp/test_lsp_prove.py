"""From a code action to a proof in the document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .conftest import Editor, at, uri_of

if TYPE_CHECKING:
    from pathlib import Path

SWAP = "theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p := sorry\n"


async def test_a_sorry_is_proved(editor: Editor, tmp_path: Path) -> None:
    uri = uri_of(tmp_path)
    buffer = editor.open(uri, SWAP)
    offered = await editor.titles(uri, at(SWAP))
    assert offered == [
        "Prove with DS-Prover",
        "Prove with DS-Prover, for up to 5 minutes",
        "Prove with DS-Prover, for up to 20 minutes",
        "Suggest next tactics here",
    ]
    started = await editor.choose_action(uri, at(SWAP), "Prove with DS-Prover")
    job = await editor.until_over(started["job"])
    assert job["state"] == "proved", job
    assert "sorry" not in buffer.text
    assert buffer.text.startswith(SWAP.removesuffix("sorry\n"))
    assert len(editor.edits) == 1
    hover = await editor.hover_text(uri, buffer.text.index("begin") + 2)
    assert "checked by the embedded core" in hover
    assert "no axioms" in hover
    proved = buffer.text
    editor.undo_once(uri)
    assert buffer.text == SWAP != proved
