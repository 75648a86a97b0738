"""Where holes can stand, and what is said where they cannot, with a real Lean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.lean import Document, toolchain
from engine.protocol import EngineError, ErrorKind
from engine.source import analyse
from engine.values import Solved
from tests.lean3.lean3_helpers import opened, outcome, plain_lean, prove, prover, session, spliced

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.lean3


@pytest.fixture
def file(core_project: Path) -> Path:
    return core_project / "src" / "document.lean"


PLACES = {
    "def": (
        "def below (n : nat) : {m : nat // n ≤ m} := ⟨n, sorry⟩\n",
        "⊢ n ≤ n",
        "exact nat.le_refl n",
    ),
    "instance": (
        "class pointed (α : Type) := (point : α) (same : point = point)\n\n"
        "instance : pointed nat := ⟨7, sorry⟩\n",
        "⊢ 7 = 7",
        "refl",
    ),
    "example": ("example (p : Prop) (h : p) : p := sorry\n", "⊢ p", "exact h"),
    "mutual": (
        "mutual def is_even, is_odd\nwith is_even : nat → Prop\n| 0 := true\n"
        "| (n + 1) := is_odd n\nwith is_odd : nat → Prop\n| 0 := false\n| (n + 1) := is_even n\n\n"
        "theorem zero_even : is_even 0 := sorry\n",
        "⊢ is_even 0",
        "simp [is_even]",
    ),
    "parameters": (
        "section\nparameters {α : Type} (f : α → α) (h : ∀ x, f x = x)\ninclude h\n\n"
        "theorem twice (x : α) : f (f x) = x := sorry\nend\n",
        "⊢ f (f x) = x",
        "rw [h, h]",
    ),
    "variables": (
        "variables {p q : Prop} (hp : p)\ninclude hp\n\ntheorem t : q → p := sorry\n",
        "⊢ q → p",
        "exact λ _, hp",
    ),
    "omit": (
        "variables (p : Prop) (hp : p)\ninclude hp\nomit hp\n\ntheorem t : p → p := sorry\n",
        "p : Prop\n⊢ p → p",
        "exact id",
    ),
    "local notation": (
        "local infix ` ⊕⊕ `:65 := nat.add\n\ntheorem t (a : nat) : a ⊕⊕ 0 = a := sorry\n",
        "⊢ a ⊕⊕ 0 = a",
        "exact rfl",
    ),
    "namespace and section": (
        "namespace outer\ndef one := 1\nsection inner\nvariable (n : nat)\n\n"
        "theorem t (h : n = one) : n = 1 := sorry\nend inner\nend outer\n",
        "⊢ n = 1",
        "exact h",
    ),
    "open": (
        "namespace far\ntheorem away : 2 = 2 := rfl\nend far\nopen far\n\n"
        "theorem t : 2 = 2 := sorry\n",
        "⊢ 2 = 2",
        "exact away",
    ),
    "universes": (
        "universes u v\n\ntheorem t {α : Type u} {β : Sort v} (f : α → β) (a : α) :\n"
        "  f a = f a := sorry\n",
        "⊢ f a = f a",
        "refl",
    ),
    "own universes": (
        "theorem {w} t {α : Type w} (a : α) : a = a := sorry\n",
        "⊢ a = a",
        "exact @rfl α a",
    ),
    "noncomputable theory": (
        "noncomputable theory\n\ntheorem t (p : Prop) : p ∨ ¬ p := sorry\n",
        "⊢ p ∨ ¬p",
        "exact classical.em p",
    ),
    "equations": (
        "theorem t : ∀ n : nat, n = n\n| 0 := rfl\n| (n + 1) := sorry\n",
        "⊢ n + 1 = n + 1",
        "refl",
    ),
    "match": (
        "theorem t (n : nat) : n = n :=\nmatch n with\n| 0 := rfl\n| (m + 1) := sorry\nend\n",
        "⊢ m + 1 = m + 1",
        "refl",
    ),
    "several goals": (
        "theorem t (p q : Prop) (hp : p) (hq : q) : p ∧ q :=\nbegin\n  split,\n  sorry,\n"
        "  exact hq\nend\n",
        "hq : q\n⊢ p",
        "exact hp",
    ),
    "attributes": (
        "@[simp] lemma t (n : nat) : n * 1 = n := sorry\n",
        "⊢ n * 1 = n",
        "exact nat.mul_one n",
    ),
    "private": (
        "private theorem hidden (n : nat) : n + 0 = n := sorry\n",
        "⊢ n + 0 = n",
        "refl",
    ),
    "doc comment with a site's word": (
        "/-- sorry -/\ntheorem t : true := sorry -- sorry\n",
        "⊢ true",
        "trivial",
    ),
    "let": (
        "theorem t : let n := 2 in n = 2 :=\nbegin\n  intro n,\n  sorry\nend\n",
        "⊢ n = 2",
        "refl",
    ),
    "behind an error": (
        "theorem broken : 1 = 2 := rfl\n\ntheorem t : true := sorry\n",
        "⊢ true",
        "trivial",
    ),
    "behind a missing proof": (
        "theorem unfinished : 1 = 2 :=\n\ntheorem t : true := sorry\n",
        "⊢ true",
        "trivial",
    ),
    "options": (
        "set_option pp.all true\n\ntheorem t : 1 = 1 := sorry\n",
        "@eq.{1} nat",
        "refl",
    ),
}


@pytest.mark.parametrize("name", sorted(PLACES))
async def test_a_hole_opens(file: Path, name: str) -> None:
    text, goal, tactic = PLACES[name]
    async with opened(text, file, len(analyse(text).sites) - 1) as hole:
        assert goal in hole.greeting.text
        assert isinstance(await outcome(hole, tactic), Solved)
        assert hole.greeting.is_prop


@pytest.mark.parametrize("name", ["def", "instance", "example", "parameters", "variables", "match"])
async def test_a_proof_there_is_verified_too(file: Path, name: str) -> None:
    text, _, _ = PLACES[name]
    async with prover() as service:
        result = await prove(service, text, file)
    assert result.status == "proved", result
    assert plain_lean(spliced(text, result), file) == []


async def refusal(text: str, file: Path | None, site: int | str = 0) -> EngineError:
    assert file is not None
    with pytest.raises(EngineError) as raised:
        async with opened(text, file, site):
            pass
    return raised.value


async def test_data_is_refused(file: Path) -> None:
    error = await refusal("theorem a : true := trivial\n\ndef n : nat := sorry\n", file)
    assert "not a proposition" in error.message
    assert (error.line, error.column) == (3, 15)
    assert error.kind is ErrorKind.INPUT


async def test_a_goal_with_metavariables_is_refused(file: Path) -> None:
    text = "theorem t : ∃ n : nat, n = n :=\nbegin\n  apply exists.intro,\n  sorry\nend\n"
    error = await refusal(text, file)
    assert "metavariables" in error.message
    assert error.line == 4


async def test_leans_own_message_and_its_place(file: Path) -> None:
    error = await refusal("\ntheorem t (n : nat) :\n  n = unheard_of := sorry\n", file)
    assert "unheard_of" in error.message
    assert (error.line, error.column) == (3, 6)


async def test_a_place_on_the_first_line_is_the_documents(file: Path) -> None:
    error = await refusal("theorem t : nowhere := sorry\n", file)
    assert "nowhere" in error.message
    assert (error.line, error.column) == (1, 12)


async def test_a_site_that_is_never_reached_is_said(file: Path) -> None:
    text = "theorem t : true :=\nbegin\n  trivial,\n  sorry\nend\n"
    error = await refusal(text, file)
    assert error.line is not None


async def test_an_unknown_import(file: Path) -> None:
    error = await refusal("import no.such.module\n\ntheorem t : true := sorry\n", file)
    assert "no.such.module" in error.message
    assert error.remedy


async def test_an_import_that_is_not_compiled(file: Path, core_project: Path) -> None:
    (core_project / "src" / "fresh.lean").write_text("def one := 1\n")
    error = await refusal("import fresh\n\ntheorem t : one = 1 := sorry\n", file)
    assert "fresh is not compiled" in error.message
    assert error.kind is ErrorKind.ENVIRONMENT


async def compile_module(core_project: Path, name: str, text: str) -> None:
    module = core_project / "src" / name
    module.parent.mkdir(exist_ok=True, parents=True)
    module.write_text(text)
    program = (await toolchain.find_toolchain(core_project)).program
    await toolchain.ask(program, "--make", str(module), cwd=core_project)


async def test_a_relative_import(core_project: Path) -> None:
    await compile_module(core_project, "deep/sibling.lean", "def one := 1\n")
    text = "import .sibling\n\ntheorem t : one = 1 := sorry\n"
    path = core_project / "src" / "deep" / "document.lean"
    async with prover() as service:
        result = await prove(service, text, path)
    assert result.status == "proved"
    assert result.goal == "⊢ one = 1"
    assert spliced(text, result).startswith("import .sibling\n")
    assert plain_lean(spliced(text, result), path) == []


async def test_the_first_line_may_import_and_state(core_project: Path) -> None:
    await compile_module(core_project, "sibling.lean", "def one := 1\n")
    text = "import .sibling theorem t : one = 1 := sorry"
    async with opened(text, core_project / "src" / "document.lean") as hole:
        assert hole.greeting.text == "⊢ one = 1"


async def test_prelude_is_refused(file: Path) -> None:
    error = await refusal("prelude\n\ntheorem t : true := sorry\n", file)
    assert "prelude" in error.message


async def test_a_lean_4_project_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lakefile.toml").write_text("")
    error = await refusal("theorem t : true := sorry\n", tmp_path / "x.lean")
    assert "Lean 4" in error.message


async def test_a_project_that_was_not_configured_still_serves_core_lean(tmp_path: Path) -> None:
    (tmp_path / "leanpkg.toml").write_text('[package]\nname = "x"\nversion = "1"\npath = "src"\n')
    async with opened("theorem t : true := sorry\n", tmp_path / "x.lean") as hole:
        assert hole.greeting.text == "⊢ true"


async def test_a_text_without_a_project_or_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = "theorem t (p : Prop) (h : p) : p := sorry\n"
    async with prover() as service:
        result = await prove(service, text, None)
    assert result.status == "proved"
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240


async def test_nothing_is_written_beside_the_document(core_project: Path) -> None:
    before = sorted(core_project.rglob("*"))  # noqa: ASYNC240
    async with prover() as service:
        text = "theorem t (p : Prop) (h : p) : p := sorry\n"
        await prove(service, text, core_project / "src" / "new.lean")
    assert sorted(core_project.rglob("*")) == before  # noqa: ASYNC240


async def test_a_lean_that_prints_garbage_instead_of_opening(tmp_path: Path) -> None:
    real = await toolchain.find_toolchain(tmp_path)
    script = tmp_path / "lean"
    script.write_text(
        f'#!/bin/sh\ncase "$1" in --version|--path|--make) exec {real.program} "$@";; esac\n'
        "printf 'no json\\n\\377\\376\\n{\\n[1]\\n'; echo oops >&2; exit 3\n"
    )
    script.chmod(0o755)
    async with session(lean=str(script)) as made:
        text = "theorem t : true := sorry\n"
        with pytest.raises(EngineError) as raised:
            await made.open(Document(text, tmp_path / "x.lean"), analyse(text).sites[0])
    assert "status 3" in raised.value.message
    assert "oops" in raised.value.message
