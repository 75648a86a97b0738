"""The file of records: whole lines, one writer, the last one counts."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from engine.evaluation.records import Record, RecordFile, read_records
from engine.evaluation.settings import Arm
from engine.protocol import EngineError, Statistics, Verdict

if TYPE_CHECKING:
    from pathlib import Path

ARM = Arm(generator="repertoire", sampling="dynamic", repertoire=True, budget=30.0, seed=0)
RECORD = Record(
    list="some",
    statement="a",
    arm=ARM,
    status="proved",
    proof="begin simp end",
    steps=("simp",),
    verdict=Verdict(accepted=True, checker="Lean", seconds=1.0),
    statistics=Statistics(nodes=2, nodes_per_depth=[1, 1], n_over_time=[(0.0, 18), (0.5, 17)]),
)


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = RecordFile(tmp_path)
    file.append(RECORD)
    file.close()
    assert read_records(tmp_path) == [RECORD]


def test_the_later_record_counts(tmp_path: Path) -> None:
    file = RecordFile(tmp_path)
    other = replace(RECORD, statement="b")
    for record in (replace(RECORD, status="error", verdict=None), other, RECORD):
        file.append(record)
    file.close()
    assert read_records(tmp_path) == [RECORD, other]


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_half_a_line_is_taken_away(tmp_path: Path, cut: int) -> None:
    file = RecordFile(tmp_path)
    file.append(RECORD)
    file.append(replace(RECORD, statement="b"))
    file.close()
    path = tmp_path / "records.jsonl"
    os.truncate(path, path.stat().st_size - cut)
    assert read_records(tmp_path) == [RECORD]  # also while nobody mends it
    again = RecordFile(tmp_path)
    again.append(replace(RECORD, statement="c"))
    again.close()
    assert [record.statement for record in read_records(tmp_path)] == ["a", "c"]


def test_one_process_writes(tmp_path: Path) -> None:
    file = RecordFile(tmp_path)
    with pytest.raises(EngineError, match="Another evaluation"):
        RecordFile(tmp_path)
    file.close()
    RecordFile(tmp_path).close()


def test_a_full_disk_leaves_whole_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = RecordFile(tmp_path)
    file.append(RECORD)
    write = os.write
    monkeypatch.setattr(os, "write", lambda to, line: write(to, line[:40]))
    with pytest.raises(EngineError, match="no space left"):
        file.append(replace(RECORD, statement="b"))
    file.close()
    assert (tmp_path / "records.jsonl").read_bytes() == RECORD.line()


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no records"):
        read_records(tmp_path)
    (tmp_path / "records.jsonl").write_text('{"list": 1}\n')
    with pytest.raises(EngineError, match="line 1"):
        read_records(tmp_path)
