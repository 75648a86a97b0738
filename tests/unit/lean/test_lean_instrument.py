"""The texts that Lean is given instead of the user's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lean_helpers import first_site

from engine.lean.instrument import SHIFT, header, with_audit, with_hole
from engine.source import analyse

HEADER = header([])
HOLE = 'dsp_lsp_hole "/tmp/x"'


def hole(text: str, ordinal: int = 0, folder: str = "/tmp/x") -> str:  # noqa: S108
    analysis, site = first_site(text, ordinal)
    return with_hole(text, analysis, site, folder)


def audit(text: str, replacement: str, ordinal: int = 0) -> str:
    analysis, site = first_site(text, ordinal)
    return with_audit(text, analysis, site, replacement, 7)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("theorem t : p := sorry", f"theorem t : p := (begin {HOLE} end)"),
        ("theorem t : p := f sorry x", f"theorem t : p := f (begin {HOLE} end) x"),
        ("theorem t : p :=", f"theorem t : p := begin {HOLE} end"),
        ("theorem t : p := begin end", f"theorem t : p := begin {HOLE} end"),
        ("theorem t : p := begin -- why\nend", f"theorem t : p := begin {HOLE} end"),
        ("theorem t : p := begin sorry end", f"theorem t : p := begin {HOLE} end"),
        ("theorem t : p := by sorry", f"theorem t : p := by {HOLE}"),
        ("theorem t : p := by { split; sorry }", f"theorem t : p := by {{ split; {HOLE} }}"),
        ("theorem t : p := by { admit }", f"theorem t : p := by {{ {HOLE} }}"),
    ],
)
def test_the_hole_fits_its_place(text: str, expected: str) -> None:
    assert hole(text).split() == (HEADER + expected).split()


@pytest.mark.parametrize(
    ("head", "modules"),
    [
        ("import tactic\nimport data.nat.basic\n\n", ["tactic", "data.nat.basic"]),
        ("/- Copyright -/\nimport tactic -- all\n  data.nat.basic\n", ["tactic", "data.nat.basic"]),
        ("-- none\n\n", []),
        ("import tactic /- one -/ ", ["tactic"]),
        ("import tactic\r\n\r\n", ["tactic"]),
    ],
)
def test_all_imports_stand_on_the_first_line_and_the_others_keep_their_numbers(
    head: str, modules: list[str]
) -> None:
    text = head + "theorem t : p := sorry\n"
    first, *rest = hole(text).split("\n")
    assert first + "\n" == header(modules)
    assert "import" not in "".join(rest)
    line = text[: text.index("theorem")].count("\n")
    assert rest[line].index("theorem") == text.split("\n")[line].index("theorem")
    assert SHIFT == 1


def test_texts_with_the_same_imports_start_alike() -> None:
    one = hole("import a b\n\ntheorem t : p := sorry\n")
    other = hole("/- x -/\nimport a\nimport b\nexample : q := sorry")
    assert one.split("\n")[0] == other.split("\n")[0]


def test_other_sites_without_a_proof_are_filled() -> None:
    text = "theorem a : p :=\n\ntheorem b : p := begin\nend\n\ntheorem c : p :=\n"
    assert hole(text, 2) == (
        f"{HEADER}theorem a : p := sorry\n\ntheorem b : p := begin sorry\nend\n\n"
        f"theorem c : p := begin {HOLE} end\n"
    )


def test_what_follows_the_declaration_is_left_out() -> None:
    text = "theorem a : p := sorry\n\ntheorem b : p := junk\n#eval 1\n"
    assert hole(text) == f"{HEADER}theorem a : p := (begin {HOLE} end)\n"


def test_sites_behind_in_the_same_declaration_stay() -> None:
    text = "theorem a : p ∧ q := ⟨sorry, sorry⟩\n"
    assert hole(text, 1) == f"{HEADER}theorem a : p ∧ q := ⟨sorry, (begin {HOLE} end)⟩\n"
    assert hole(text, 0) == f"{HEADER}theorem a : p ∧ q := ⟨(begin {HOLE} end), sorry⟩\n"


def test_the_folders_name_may_need_escapes() -> None:
    assert r'dsp_lsp_hole "/a \"b\" \\ c"' in hole("theorem t : p := sorry", 0, '/a "b" \\ c')


@pytest.mark.parametrize(
    ("text", "replacement"),
    [
        ("theorem t : p := sorry", "begin simp end"),
        ("theorem t : p := sorry", "by simp -- as ever"),
        ("theorem t : p :=", "\nbegin\n  simp,\nend"),
        ("theorem t : p := begin sorry end", "{ simp },\n  refl -- done"),
    ],
)
def test_the_audit_runs_the_very_replacement(text: str, replacement: str) -> None:
    found = audit(text, replacement)
    assert f"dsp_lsp_audit 7 {{ {replacement.strip()}\n}}" in found
    assert found.startswith(HEADER)


PIECES = st.sampled_from(
    [
        "theorem a : p := sorry\n",
        "lemma b (n : ℕ) : n = n :=\n\n",
        "example : p ∧ q := begin split, sorry, { sorry } end\n",
        "/- a comment := sorry -/\n",
        "-- sorry\n",
        "theorem c : p := begin\n  -- nothing yet\nend\n",
        "namespace n\n",
        "end n\n",
        'def s := "sorry"\n',
        "theorem d : p := by sorry theorem e : p :=\n",
        "𝕜 unreadable ⟩⟩ begin\n",
    ]
)


@given(st.lists(PIECES, min_size=1, max_size=6), st.data())
def test_lines_keep_their_numbers_and_only_sites_change(
    pieces: list[str], data: st.DataObject
) -> None:
    text = "".join(pieces)
    analysis = analyse(text)
    if not analysis.sites:
        return
    site = data.draw(st.sampled_from(analysis.sites))
    found = with_hole(text, analysis, site, "/folder")
    assert found.startswith(HEADER)
    lines = found.split("\n")
    number = next(place for place, line in enumerate(lines, 1) if "dsp_lsp_hole" in line)
    assert number == site.line + SHIFT
    assert found.count("dsp_lsp_hole") == 1
    # Lines without a site, and before the hole's, are as they were.
    with_site = {other.line for other in analysis.sites}
    for place, (line, own) in enumerate(zip(lines[SHIFT:], text.split("\n"), strict=False), 1):
        if place < site.line and place not in with_site:
            assert line == own
