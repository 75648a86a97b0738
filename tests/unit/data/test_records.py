"""Files of goal–tactic pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data.records import TacticPair, pair_from, read_lines, read_pairs, write_pairs
from engine.protocol import EngineError

if TYPE_CHECKING:
    from pathlib import Path

_text = st.text(st.characters(exclude_categories=["Cs"]))
pairs = st.builds(
    TacticPair,
    theorem=_text,
    file=_text,
    line=st.integers(1, 9999),
    column=st.integers(0, 100),
    state=_text,
    tactic=_text,
    next=_text,
    success=st.booleans(),
    premises=st.lists(_text, max_size=3).map(tuple),
    family=st.sampled_from(["", "rw", "simp"]),
)


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.zst", "jsonl.xz", "jsonl.gz"])
@given(written=st.lists(pairs, max_size=5))
def test_pairs_come_back(
    ending: str, written: list[TacticPair], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("pairs") / f"pairs.{ending}"
    assert write_pairs(path, written) == len(written)
    assert list(read_pairs(path)) == written
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_writer_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl.zst"
    pair = TacticPair("t", "f.lean", 1, 0, "⊢ p", "simp", "no goals")
    write_pairs(path, [pair])

    def failing() -> object:
        yield pair
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_pairs(path, failing())  # type: ignore[arg-type]
    assert list(read_pairs(path)) == [pair]
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_what_is_no_pair_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no goal–tactic pair"):
        pair_from({"theorem": "t"})
    path = tmp_path / "cut.jsonl"
    path.write_text('{"a": 1}\n{"a": ')
    with pytest.raises(EngineError, match="line 1"):
        list(read_lines(path))
    with pytest.raises(EngineError, match="cannot be opened"):
        list(read_lines(tmp_path / "absent.jsonl"))


@pytest.mark.parametrize("ending", ["jsonl.zst", "jsonl.xz", "jsonl.gz"])
def test_a_file_that_is_cut_off_or_spoilt_is_an_error(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"pairs.{ending}"
    write_pairs(
        path, [TacticPair("t", "f.lean", n, 0, "⊢ p", "simp", "no goals") for n in range(9)]
    )
    whole = path.read_bytes()
    for content in (whole[:-5], whole[: len(whole) // 2], whole[:20] + b"\xff" * 20 + whole[40:]):
        path.write_bytes(content)
        with pytest.raises(EngineError, match=r"not JSON lines"):
            list(read_pairs(path))


def test_frames_one_after_the_other_are_one_file(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl.zst"
    pair = TacticPair("t", "f.lean", 1, 0, "⊢ p", "simp", "no goals")
    write_pairs(path, [pair])
    path.write_bytes(path.read_bytes() * 3)
    assert list(read_pairs(path)) == [pair] * 3
