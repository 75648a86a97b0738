"""Edits as an editor is asked to make them, applied by pygls' own document."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types

from dsp_lsp.edits import Edit, applied, workspace_edit
from dsp_lsp.positions import Encoding, Lines

# Not the characters at which Python, but no editor, ends a line.
TEXTS = st.text(st.sampled_from("ab α𝔸𝕜\n😋"), max_size=30)


@given(TEXTS, st.sampled_from(list(Encoding)), st.data())
def test_the_editor_makes_what_was_meant(
    text: str, encoding: Encoding, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    edit = Edit(start, end, data.draw(TEXTS))
    asked = workspace_edit("file:///a", 3, Lines(text, encoding), [edit], versioned=True)
    assert asked.changes is None
    (document,) = asked.document_changes or ()
    assert isinstance(document, types.TextDocumentEdit)
    assert document.text_document.version == 3
    (one,) = document.edits
    codec = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
    name, width = codec[encoding.value]

    def offset(place: types.Position) -> int:
        before = "".join(line + "\n" for line in text.split("\n")[: place.line])
        line = text.split("\n")[place.line].encode(name)[: place.character * width]
        return len(before) + len(line.decode(name))

    made = text[: offset(one.range.start)] + one.new_text + text[offset(one.range.end) :]
    assert made == applied(text, [edit]) == text[:start] + edit.text + text[end:]


def test_an_editor_without_versions() -> None:
    lines = Lines("abc", Encoding.UTF16)
    asked = workspace_edit("file:///a", 3, lines, [Edit(1, 2, "x")], versioned=False)
    assert asked.document_changes is None
    assert list(asked.changes or {}) == ["file:///a"]


def test_several_edits_of_one_text() -> None:
    assert applied("abcdef", [Edit(1, 2, "BB"), Edit(4, 4, "-"), Edit(5, 6, "")]) == "aBBcd-e"
