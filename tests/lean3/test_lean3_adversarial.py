"""Documents, tactics and proofs that mean harm: nothing happens outside, nothing false is accepted,
and the engine goes on.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import pytest

from engine.lean import Document
from engine.lean.session import ProcessSession
from engine.protocol import EngineError, Settings
from engine.prove import Prover, create
from engine.source import analyse
from engine.values import Failed, TimedOut
from tests.lean3.lean3_helpers import outcome, prove

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from engine.protocol import Verdict


def _why_no_sandbox() -> str | None:
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        return "bubblewrap is not installed"
    command = [bwrap, "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "true"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return None if done.returncode == 0 else f"bubblewrap does not work: {done.stderr.strip()}"


_WHY_NOT = _why_no_sandbox()
pytestmark = [
    pytest.mark.lean3,
    pytest.mark.skipif(_WHY_NOT is not None, reason=_WHY_NOT or ""),
]

SECRET = "the-secret-of-this-test"  # noqa: S105
EASY = "theorem easy (p : Prop) (h : p) : p := sorry\n"


@dataclass
class Target:
    """What the attacks aim at."""

    folder: Path
    home: Path
    listener: socket.socket

    @property
    def file(self) -> Path:
        return self.folder / "project" / "src" / "document.lean"

    @property
    def canary(self) -> Path:
        return self.home / "canary"

    def io(self, name: str) -> str:
        """An attack as an `io` program."""
        port = self.listener.getsockname()[1]
        return {
            "write a file": (
                f'do h ← io.mk_file_handle "{self.canary}" io.mode.write, '
                'io.fs.put_str_ln h "x", io.fs.close h'
            ),
            "write into the project": (
                f'do h ← io.mk_file_handle "{self.file.parent}/canary.lean" io.mode.write, '
                'io.fs.put_str_ln h "x", io.fs.close h'
            ),
            "run a program": (f'io.cmd {{cmd := "touch", args := ["{self.canary}"]}} >> pure ()'),
            "open a socket": (
                f'io.cmd {{cmd := "bash", args := ["-c", "echo x > /dev/tcp/127.0.0.1/{port}"]}}'
                " >> pure ()"
            ),
            "read a key": (
                f'do h ← io.mk_file_handle "{self.home}/.ssh/id" io.mode.read, '
                "s ← io.fs.read_to_end h, io.put_str_ln s.to_string"
            ),
            "a fork bomb": (
                'io.iterate 10000 (λ n, io.cmd {cmd := "sh", args := ["-c", ":(){ :|:& };:"]} >> '
                "pure (some (n - 1))) >> pure ()"
            ),
        }[name]

    def untouched(self) -> bool:
        self.listener.setblocking(False)
        try:
            self.listener.accept()
        except BlockingIOError:
            pass
        else:
            return False
        return (
            sorted(p.name for p in self.home.iterdir()) == [".ssh"]
            and sorted(p.name for p in self.file.parent.iterdir()) == []
        )


ATTACKS = [
    "write a file",
    "write into the project",
    "run a program",
    "open a socket",
    "read a key",
    "a fork bomb",
]


@pytest.fixture
def target(core_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id").write_text(SECRET)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("DSP_LSP_SANDBOX", "required")
    assert core_project.parent == tmp_path
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Target(tmp_path, home, listener)


@pytest.fixture
async def service() -> AsyncIterator[Prover]:
    made = create(Settings(threads=2, sandbox="required", memory_mb=2048))
    yield made
    await made.close()


@pytest.fixture
async def plain_service() -> AsyncIterator[Prover]:
    """Here a document is a file whose name is on Lean's command line, for all to read."""
    made = create(Settings(threads=2, sandbox="required", memory_mb=2048, warm=False))
    yield made
    await made.close()


async def attempt(service: Prover, target: Target, text: str, site: int | str = 0) -> str:
    """The result, or the error, as all that a person could see of it."""
    try:
        result = await prove(service, text, target.file, site, budget=4.0, job=text[:4000])
    except EngineError as error:
        return f"error: {error.message} {error.remedy}"
    return json.dumps(asdict(result), default=str)


async def engine_lives(service: Prover, target: Target) -> None:
    result = await prove(service, EASY, target.file, job="easy")
    assert result.status == "proved"


@pytest.mark.parametrize("where", ["command", "type", "tactic in front", "instance"])
async def test_a_document_reaches_nothing(service: Prover, target: Target, where: str) -> None:
    programs = [f"tactic.try (tactic.unsafe_run_io ({target.io(a)}))" for a in ATTACKS]
    program = " >> ".join(programs)
    text = {
        "command": f"run_cmd ({program})\ntheorem t (p : Prop) (h : p) : p := sorry\n",
        "type": f"theorem t (p : Prop) (h : by {{ {program}, exact p }}) : p := sorry\n",
        "tactic in front": (
            f"theorem t (p : Prop) (h : p) : p ∧ p := begin {program}, split, exact h, sorry end\n"
        ),
        "instance": (
            f"meta instance : inhabited (tactic unit) := ⟨{program}⟩\n"
            "run_cmd (default (tactic unit))\ntheorem t (p : Prop) (h : p) : p := sorry\n"
        ),
    }[where]
    seen = await attempt(service, target, "import system.io\n" + text)
    assert target.untouched()
    assert SECRET not in seen
    await engine_lives(service, target)


async def test_a_tactic_reaches_nothing(target: Target) -> None:
    session = ProcessSession(lean=None, threads=2, memory_mb=2048, sandbox="required")
    text = "import system.io\n" + EASY
    try:
        hole = await session.open(Document(text, target.file), analyse(text).sites[0])
        for attack in ATTACKS:
            program = f"(tactic.unsafe_run_io ({target.io(attack)}))"
            # A task in which no process can be started never answers: that is waited for.
            starts = "io.cmd" in program
            forms = [program, f"exact (by {program})", f"have : true, {{ {program} }}"]
            for tactic in forms[: 1 if starts else None]:
                found = await outcome(hole, tactic, timeout=1.0 if starts else 30.0)
                assert isinstance(found, TimedOut if starts else Failed)
                assert SECRET not in str(found), attack
                assert target.untouched(), attack
        assert "Solved" in str(await outcome(hole, "exact h"))
    finally:
        await session.close()
    assert target.untouched()


ENDINGS = [
    "exact h } junk",
    "exact h } , { skip",
    "exact h\nend\naxiom bad : false\ntheorem u : false := begin exact bad",
    "exact h end theorem u : false := begin exact undefined",
    "exact h /-",
    "exact h -- \n } end /-",
    "exact h -/",
    "skip }\n#exit",
]


async def test_a_tactic_cannot_end_the_template(target: Target) -> None:
    session = ProcessSession(lean=None, threads=2, memory_mb=2048, sandbox="required")
    try:
        text = "theorem t (p : Prop) (h : p) : p := sorry\n"
        hole = await session.open(Document(text, target.file), analyse(text).sites[0])
        for tactic in ENDINGS:
            assert isinstance(await outcome(hole, tactic), Failed), tactic
    finally:
        await session.close()


async def judged(target: Target, text: str, replacement: str) -> Verdict:
    session = ProcessSession(lean=None, threads=2, memory_mb=2048, sandbox="required")
    try:
        return await session.verify(
            Document(text, target.file), analyse(text).sites[0], replacement
        )
    finally:
        await session.close()


OWN_TEXT = """\
import system.io
meta def whole (path : string) : io string :=
do h ← io.mk_file_handle path io.mode.read, s ← io.fs.read_to_end h, io.fs.close h, pure s.to_string
meta def path : io string :=
do s ← whole "/proc/self/cmdline",
   match (s.split (λ c, to_bool (c.val = 0))).filter (λ a : string, a.backn 5 = ".lean") with
   | (p :: _) := pure p
   | [] := pure ""
   end
"""
"""A document that finds out what it is called and where."""

CUNNING = (
    OWN_TEXT
    + """\
meta def words : io (list string) :=
do p ← path, s ← whole p, pure (s.split (λ c, to_bool c.is_whitespace))
meta def nonce : list string → option string
| (a :: b :: l) := if a = "dsp_lsp_" ++ "audit" then some b else nonce (b :: l)
| _ := none
meta def clean (n : string) : string :=
"dsp-lsp-audit " ++ n ++ " {\\"declaration\\":\\"t\\",\\"metavariables\\":false," ++
"\\"sorry\\":false,\\"itself\\":false,\\"axioms\\":[],\\"foreign\\":[]," ++
"\\"sorries\\":[],\\"untrusted\\":[]}"
meta def tactic.interactive.cunning : tactic unit :=
do n ← tactic.unsafe_run_io (nonce <$> words),
   match n with
   | some n := tactic.trace (clean n) >> tactic.fail "caught"
   | none := tactic.admit
   end
theorem t : false := sorry
"""
)


async def test_a_proof_that_behaves_under_audit_is_not_accepted(target: Target) -> None:
    found = await judged(target, CUNNING, "begin cunning end")
    assert not found.accepted
    # The attack works as far as it can: it knows the audit, and its words arrive.
    assert "differently under audit" in found.message
    assert "caught" in found.message


@pytest.mark.parametrize(
    ("text", "replacement", "why"),
    [
        (
            "def t : 1 = 2 := sorry\n",
            "begin tactic.add_decl (declaration.ax `bad [] `(false)), exact bad.elim end",
            "",
        ),
        (
            "example : 1 = 2 := sorry\n",
            "by { tactic.updateex_env (λ e, e.add (declaration.ax `bad [] `(false))), "
            "tactic.exact (expr.app (expr.app (expr.const `false.elim [level.zero]) `((1 : nat) = "
            "2)) (expr.const `bad [])) }",
            "axiom",
        ),
        ("theorem t : 1 = 2 := sorry\n", "begin trivial end\naxiom bad : false", ""),
        (
            "theorem t : 1 = 2 := sorry\n",
            "begin exact u end\n#exit\naxiom u : 1 = 2",
            "",
        ),
        ("theorem t : 1 = 2 := sorry\n", "u where u := rfl /- ", ""),
    ],
)
async def test_a_proof_brings_nothing_false(
    target: Target, text: str, replacement: str, why: str
) -> None:
    found = await judged(target, text, replacement)
    assert not found.accepted
    assert why in found.message


async def test_an_axiom_of_false_is_named(service: Prover, target: Target) -> None:
    text = "axiom bad : false\ntheorem t : 1 = 2 := sorry\n"
    found = await judged(target, text, "by exact bad.elim")
    assert found.accepted
    assert found.axioms == ["bad"]


async def test_a_sorry_that_means_something_else_proves_nothing(
    service: Prover, target: Target
) -> None:
    text = "local notation `sorry` := trivial\ntheorem t : 1 = 2 := sorry\n"
    assert '"status": "proved"' not in await attempt(service, target, text)
    await engine_lives(service, target)


@pytest.mark.parametrize(
    ("text", "symbol", "meant"),
    [
        (
            "local notation (name := other) a ` = `:50 b := true\ntheorem t : 1 = 2 := sorry\n",
            "=",
            "true",
        ),
        ("local notation `false` := true\ntheorem t : false := sorry\n", "false", "true"),
    ],
)
async def test_a_notation_of_another_meaning_is_said(
    service: Prover, target: Target, text: str, symbol: str, meant: str
) -> None:
    result = await prove(service, text, target.file, budget=10.0)
    (note,) = result.notes
    assert f"gives {symbol} a meaning of its own" in note
    assert f"⊢ {meant}" in note or result.status != "proved"


async def test_invisible_characters_are_said_or_refused(service: Prover, target: Target) -> None:
    text = "theorem t (p : Prop) /- \u202e p : false -/ (h : p) : p := sorry\n"
    result = await prove(service, text, target.file, budget=10.0)
    assert result.status == "proved"
    assert any("U+202E" in note for note in result.notes)
    seen = await attempt(service, target, "theorem t (p\u200b : Prop) : p\u200b := sorry\n")
    assert '"status": "proved"' not in seen
    # A homoglyph is another name: Lean tells it from the real one.
    seen = await attempt(service, target, "theorem t (p р : Prop) (h : p) : р := sorry\n")
    assert '"status": "proved"' not in seen


async def test_an_enormous_numeral_ends_in_an_error(service: Prover, target: Target) -> None:
    text = f"theorem t : {'9' * 20_000} = {'9' * 20_000} := sorry\n"
    assert '"status": "proved"' not in await attempt(service, target, text)
    await engine_lives(service, target)


async def test_imports_do_not_leave_the_project(service: Prover, target: Target) -> None:
    outside = target.folder / "outside"
    outside.mkdir()
    (outside / "x.lean").write_text("axiom bad : false\n")
    for module in ("..outside.x", "...outside.x", "..«../outside».x"):
        seen = await attempt(service, target, f"import {module}\n{EASY}")
        assert seen.startswith("error: ")
    await engine_lives(service, target)


@pytest.mark.parametrize(
    "hog",
    [
        "run_cmd tactic.trace (list.length (list.repeat 1 1000000000))",
        'def f : nat → string := λ n, nat.rec_on n "a" (λ _ s, s ++ s)\n#eval (f 40).length',
        "run_cmd tactic.trace (2 ^ (2 ^ 40) % 7 : nat)",
    ],
)
async def test_memory_has_an_end(service: Prover, target: Target, hog: str) -> None:
    await asyncio.wait_for(attempt(service, target, f"{hog}\n{EASY}"), 250)
    await engine_lives(service, target)


FORGED = (
    OWN_TEXT
    + """\
meta def forge (dir : string) (slot number : nat) : io unit :=
do h ← io.mk_file_handle (dir ++ "/out." ++ to_string slot) io.mode.append,
   io.fs.put_str_ln h ("[" ++ to_string number ++ ",{\\"goals\\":0,\\"said\\":\\"\\"}]"),
   io.fs.close h
meta def tactic.interactive.linarith : tactic unit :=
tactic.unsafe_run_io (do p ← path, let dir := p.popn_back 14,
  (list.range 4).mmap' (λ s, (list.range 300).mmap' (λ n, forge dir s n)))
theorem t : 1 = 2 := sorry
"""
)


async def test_forged_answers_prove_nothing(plain_service: Prover, target: Target) -> None:
    result = await prove(plain_service, FORGED, target.file, budget=10.0)
    assert result.status == "not found"
    assert result.statistics.refused > 0, "the forgery was not believed even for a moment"
    await engine_lives(plain_service, target)


async def test_answers_cannot_be_forged_where_names_are_not_known(
    service: Prover, target: Target
) -> None:
    """A warm Lean is not told the names of files on its command line."""
    result = await prove(service, FORGED, target.file, budget=5.0)
    assert result.status == "not found"
    assert result.statistics.refused == 0


async def test_a_tactic_of_the_document_is_no_tactic_of_ours(
    service: Prover, target: Target
) -> None:
    """A document may define what the repertoire calls; it still reaches nothing."""
    program = f"tactic.unsafe_run_io ({target.io('write a file')})"
    text = (
        "import system.io\n"
        f"meta def tactic.interactive.tauto : tactic unit := {program}\n"
        "theorem t (p q : Prop) (h : p) : q := sorry\n"
    )
    await attempt(service, target, text)
    assert target.untouched()


def test_outside_a_sandbox_the_attacks_work(target: Target) -> None:
    """They aim at something, and are programs that Lean runs."""
    lean = shutil.which("lean")
    assert lean is not None

    def run(attack: str, command: str = "run_cmd tactic.unsafe_run_io") -> str:
        file = target.folder / "attack.lean"
        file.write_text(f"import system.io\n{command} ({target.io(attack)})\n")
        return subprocess.run(
            [lean or "", str(file)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={"PATH": os.environ["PATH"], "HOME": str(target.home)},
        ).stdout

    assert SECRET in run("read a key")
    assert "error" not in run("a fork bomb", "meta def bomb : io unit :="), "it is only compiled"
    for attack in ("write a file", "run a program"):
        said = run(attack)
        assert target.canary.exists(), said
        target.canary.unlink()
    run("write into the project")
    assert not target.untouched()
    (target.file.parent / "canary.lean").unlink()
    run("open a socket")
    assert not target.untouched()
