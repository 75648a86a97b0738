"""The text with proofs in it, against the same edits made one at a time on the original."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dsp_lsp.splices import Splices, line_and_column, offset_of

TEXT = "abc\ndefg\n\nhij𝕜l"


@st.composite
def edits(draw: st.DrawFn) -> list[tuple[int, int, str]]:
    """Disjoint replacements, in order."""
    cuts = sorted(draw(st.sets(st.integers(0, len(TEXT)), min_size=2, max_size=8)))
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    return [(start, end, draw(st.text("XY\n", max_size=3))) for start, end in pairs]


@given(edits(), st.randoms(use_true_random=False))
def test_disjoint_edits_in_any_order_make_the_same_text(
    changes: list[tuple[int, int, str]], random: object
) -> None:
    expected = TEXT
    for start, end, new in reversed(changes):
        expected = expected[:start] + new + expected[end:]
    shuffled = list(changes)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    splices = Splices(TEXT)
    for start, end, new in shuffled:
        here = splices.to_current(start)
        assert here is not None
        done = splices.replace(here, here + end - start, new)
        assert (done.start, done.end, done.text) == (start, end, new)
    assert splices.text == expected
    touched = {i for start, end, _ in changes for i in range(start, end)}
    for offset in set(range(len(TEXT))) - touched:
        current = splices.to_current(offset)
        assert current is not None
        assert splices.text[current] == TEXT[offset]
        assert splices.to_original(current) == offset
    for start, end, _ in changes:
        for offset in range(start + 1, end):
            assert splices.to_current(offset) is None


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.text("Z", max_size=4))))
def test_replacements_that_meet_swallow_each_other(
    changes: list[tuple[int, int, str]],
) -> None:
    splices, expected, made = Splices(TEXT), TEXT, []
    for one, other, new in changes:
        start, end = sorted((min(one, len(expected)), min(other, len(expected))))
        made.append(splices.replace(start, end, new))
        expected = expected[:start] + new + expected[end:]
        assert splices.text == expected
        # What is kept is enough to make the text again.
        again = TEXT
        for splice in reversed(splices._splices):
            again = again[: splice.start] + splice.text + again[splice.end :]
        assert again == expected


def test_what_is_new_was_where_it_begins() -> None:
    splices = Splices("ab")
    splices.replace(1, 1, "XYZ")
    assert [splices.to_original(i) for i in range(6)] == [0, 1, 1, 1, 1, 2]
    assert [splices.to_current(i) for i in range(3)] == [0, 4, 5]


@given(st.text("a\n\u2028𝕜", max_size=12), st.data())
def test_places_and_offsets_agree(text: str, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(text)))
    line, column = line_and_column(text, offset)
    assert offset_of(text, line, column) == offset


def test_places_that_do_not_exist() -> None:
    assert offset_of("ab\ncd", 1, 3) is None
    assert offset_of("ab\ncd", 3, 0) is None
    assert offset_of("ab\n", 2, 0) == 3
