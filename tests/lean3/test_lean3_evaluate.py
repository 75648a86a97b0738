"""``dsp-engine evaluate`` over a library, with a real Lean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.evaluation.evaluate import evaluate
from engine.evaluation.settings import EvaluationSettings, StatementList

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.lean3

LIBRARY = """namespace a
section
variables {p q r : Prop}

theorem first (h : p ∧ q) : q ∧ p := begin cases h with x y, exact ⟨y, x⟩ end

@[simp] lemma second (x : nat) : x + 0 = x := by { refl }

private lemma hidden : true := by trivial

end

lemma fourth (x : nonsense) : x = x := by refl
end a

theorem last : @a.first = @a.first := by refl
"""


async def test_a_librarys_theorems_are_proved_in_their_file(tmp_path: Path) -> None:
    source = tmp_path / "src"
    source.mkdir()
    (tmp_path / "leanpkg.toml").write_text('[package]\nname = "lib"\nversion = "1"\npath = "src"\n')
    (tmp_path / "leanpkg.path").write_text("builtin_path\npath src\n")
    (source / "lib.lean").write_text(LIBRARY, encoding="utf-8")
    settings = EvaluationSettings(
        lists=(StatementList(name="lib", kind="library", path=source),),
        budget=(120.0,),
        threads=2,
        trees=False,
    )
    records, left = await evaluate(settings, tmp_path / "run", lambda _: None)
    assert left == 0
    found = {record.statement: record for record in records}
    assert {name: record.status for name, record in found.items()} == {
        "a.first": "proved",
        "a.second": "proved",
        "a.fourth": "not elaborated",
        "last": "proved",
    }
    for record in records:
        if record.proved:
            assert record.verdict is not None
            assert record.verdict.accepted
            assert record.verdict.sorries == []  # the file itself, with all proofs before it
    assert sorted(path.name for path in source.rglob("*")) == ["lib.lean"]
    assert (source / "lib.lean").read_text("utf-8") == LIBRARY
