"""A library's theorems: found by name, their proofs removed in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.data.records import TacticPair, write_pairs
from engine.data.splits import SplitRule
from engine.evaluation.library import theorems, without_proofs
from engine.evaluation.settings import EvaluationSettings, StatementList
from engine.evaluation.statements import choose
from engine.source import analyse

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """/-! A file -/
namespace a.b
section one
variables {p q : Prop}

@[simp] lemma first (h : p) : p := by { exact h }

/-- With `sorry` in its text. -/
protected theorem second (h : p ∧ q) : q ∧ p :=
begin
  cases h, -- begin
  split; assumption
end

private lemma hidden : true := by trivial
lemma term (h : p) : p := h
theorem cases_of : ∀ n : nat, n = n
| n := by refl
end one
section
lemma third : (λ x, x) 1 = 1 := by refl
end
end a.b
lemma last : true := by trivial
"""


def test_theorems_that_tactics_prove_are_found() -> None:
    found = list(theorems(TEXT))
    assert [one.name for one in found] == ["a.b.first", "a.b.second", "a.b.third", "last"]
    assert TEXT[found[1].assign : found[1].end].strip().startswith("begin\n  cases h")
    assert found[1].shown(TEXT) == "theorem second (h : p ∧ q) : q ∧ p :="


def test_a_proof_is_removed_and_all_before_it_kept() -> None:
    for theorem in theorems(TEXT):
        document, site = theorem.without_proof(TEXT)
        assert document[:site] == TEXT[: theorem.assign]
        sites = analyse(document).sites
        assert [one.span.start for one in sites if one.declaration.name == theorem.name] == [site]
    ends = {
        one.name: document[site:]
        for one in theorems(TEXT)
        for document, site in [one.without_proof(TEXT)]
    }
    assert ends["a.b.second"] == "\n\nend one\nend a.b\n"
    assert ends["a.b.third"] == "\n\nend\nend a.b\n"
    assert ends["last"] == "\n\n"


def test_what_the_search_sees_states_the_same() -> None:
    *_, last = theorems(TEXT)
    document, site = last.without_proof(TEXT)
    shorter, moved = without_proofs(document, site)
    assert "cases h" not in shorter
    assert "lemma term (h : p) : p := h\n" in shorter

    def statements(text: str) -> list[tuple[str, str]]:
        return [(d.name, d.statement_hash) for d in analyse(text).declarations]

    assert statements(shorter) == statements(document)
    assert shorter[:moved].endswith("lemma last : true :=")
    assert [s.span.start for s in analyse(shorter).sites][-1] == moved


def _library(folder: Path) -> Path:
    source = folder / "src"
    (source / "sub").mkdir(parents=True)
    (source / "sub" / "one.lean").write_text(TEXT, encoding="utf-8")
    (source / "two.lean").write_text("lemma other : true := by trivial\n", encoding="utf-8")
    return source


def _names(wanted: StatementList) -> list[str]:
    return [one.name for one in choose(EvaluationSettings(lists=(wanted,)), None)]


def test_what_a_model_may_have_seen_is_left_out(tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.jsonl"
    line = TEXT[: TEXT.index("cases h")].count("\n") + 1
    write_pairs(
        pairs,
        [
            # The first by its place, under a name that is not ours.
            TacticPair("b.second", "sub/one.lean", line, 2, "⊢ q", "cases h", "no goals"),
            TacticPair("last", "elsewhere.lean", 1, 0, "⊢ true", "trivial", "no goals"),
        ],
    )
    source = _library(tmp_path)
    library = StatementList(name="l", kind="library", path=source, unseen_by=pairs)
    assert _names(library) == ["a.b.first", "a.b.third", "other"]


def test_theorems_are_chosen_by_name_file_and_seed(tmp_path: Path) -> None:
    source = _library(tmp_path)
    (tmp_path / "names").write_text("a.b.third\nother\n")
    (tmp_path / "files").write_text("sub/one.lean\n")
    assert _names(
        StatementList(name="l", kind="library", path=source, names=tmp_path / "names")
    ) == ["a.b.third", "other"]
    assert _names(
        StatementList(
            name="l",
            kind="library",
            path=source,
            names=tmp_path / "names",
            files=tmp_path / "files",
        )
    ) == ["a.b.third"]
    drawn = [
        tuple(_names(StatementList(name="l", kind="library", path=source, count=2, seed=seed)))
        for seed in (0, 0, 1, 2, 3, 4)
    ]
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) > 1
    assert all(len(names) == 2 for names in drawn)


def test_held_out_theorems_are_those_of_the_data_sets_rule(tmp_path: Path) -> None:
    rule = SplitRule(seed=0, validation=0.025, test=0.025)
    names = [f"t{n}" for n in range(400)]
    wanted = [name for name in names if rule.of(name) == "test"]
    assert 2 <= len(wanted) <= 30
    source = tmp_path / "src"
    source.mkdir()
    lines = [f"lemma {name} : true := by trivial\n" for name in names]
    (source / "all.lean").write_text("".join(lines), encoding="utf-8")
    pairs = tmp_path / "pairs.jsonl"
    held = TacticPair(wanted[0], "all.lean", names.index(wanted[0]) + 1, 0, "s", "t", "no goals")
    # The name that Lean gives to the second is another one, and in training.
    other = next(name for name in names if rule.of(name) == "train")
    place = names.index(wanted[1]) + 1
    write_pairs(pairs, [held, TacticPair(other, "all.lean", place, 0, "s", "t", "no goals")])
    library = StatementList(name="l", kind="library", path=source, held_out="test", unseen_by=pairs)
    assert _names(library) == [wanted[0], *wanted[2:]]
