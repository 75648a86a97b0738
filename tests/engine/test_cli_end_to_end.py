"""The command line, the engine and a Lean that replays transcripts, as three real processes."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from tests.fake_lean.cases import STATEMENT, STEADY
from tests.fake_lean.faults import Faults
from tests.fake_lean.install import DOCUMENTS, FakeLean

from .conftest import ROOT, alive, eventually

if TYPE_CHECKING:
    from pathlib import Path

GUARD = 120.0
"""Seconds after which a command hangs; none takes anything like it."""

PAPER_PROVED = """\
variables x y z w : nat
theorem thm1 (H₁ : x = y) (H₂ : y = z) (H₃ : z = w) : x = w :=
begin
  simp *
end
"""


@dataclass
class Done:
    status: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.out.splitlines()]


class Bench:
    """A folder with our documents, a fake Lean on the PATH, and the command line."""

    def __init__(self, folder: Path) -> None:
        self.lean = FakeLean(folder / "toolchain")
        self.work = folder / "work"
        self.work.mkdir()
        for document in DOCUMENTS.glob("*.lean"):
            (self.work / document.name).write_bytes(document.read_bytes())
        self.scratch = folder / "scratch"
        self.scratch.mkdir()
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PATH": os.pathsep.join([str(self.lean.program.parent), os.environ["PATH"]]),
            "DSP_LSP_CACHE": str(folder / "cache"),
            "TMPDIR": str(self.scratch),
        }

    def start(self, *argv: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "dsp_lsp.cli", *argv],
            cwd=self.work,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def end(self, command: subprocess.Popen[str]) -> Done:
        try:
            out, err = command.communicate(timeout=GUARD)
        finally:
            command.kill()
        assert "Traceback" not in out + err
        return Done(command.returncode, out, err)

    def run(self, *argv: str) -> Done:
        """Runs a command to its end, after which nothing of it is left."""
        done = self.end(self.start(*argv))
        self.check_nothing_left()
        return done

    def check_nothing_left(self) -> None:
        assert eventually(lambda: not self.alive())
        assert list(self.scratch.glob("dsp-lsp-*")) == []

    def alive(self) -> list[int]:
        """The engines and Leans that run; what started a Lean is an engine."""
        runs = [run for run in self.lean.runs() if run.kind != "not recorded"]
        pids = {run.pid for run in runs} | {r.parent for r in runs if r.kind != "helper"}
        return [pid for pid in pids if alive(pid)]

    def text(self, name: str) -> str:
        return (self.work / name).read_text("utf-8")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def prove(name: str, *more: str) -> tuple[str, ...]:
    return ("prove", name, *more, *STEADY)


# -- what is proved --------------------------------------------------------------------------------


def test_the_papers_example_is_proved_and_written(bench: Bench) -> None:
    done = bench.run(*prove("paper.lean", "--write"))
    assert done.status == 0, done.err
    assert bench.text("paper.lean") == PAPER_PROVED
    assert done.out.startswith("paper.lean:2:62: thm1: proved in ")
    assert "checked by Lean 3.51.1; axioms: propext" in done.out
    assert "  simp *\n" in done.out
    # A second run has nothing to prove, and leaves the file alone.
    again = bench.run(*prove("paper.lean", "--write"))
    assert again.status == 2
    assert "nothing to prove" in again.err
    assert bench.text("paper.lean") == PAPER_PROVED


def test_a_second_time_the_proof_is_from_the_cache_and_checked_again(bench: Bench) -> None:
    bench.environment["DSP_LSP_PROOFS"] = str(bench.scratch / "proofs.sqlite")
    first = bench.run(*prove("paper.lean", "--json"))
    checks = len(bench.lean.runs("check"))
    second = bench.run(*prove("paper.lean", "--json"))
    assert [done.records[0]["cached"] for done in (first, second)] == [False, True]
    assert first.records[0]["steps"] == second.records[0]["steps"]
    assert len(bench.lean.runs("check")) > checks
    assert second.records[0]["verdict"]["accepted"]  # type: ignore[index]
    fresh = bench.run(*prove("paper.lean", "--json", "--cache", "fresh"))
    assert not fresh.records[0]["cached"]
    assert "1 proof, 0 failures" in bench.run("cache").out
    done = bench.run(*prove("paper.lean", "--write"))
    assert "proved from the cache; checked by Lean 3.51.1" in done.out
    assert bench.text("paper.lean") == PAPER_PROVED


def test_the_papers_example_as_json(bench: Bench) -> None:
    done = bench.run(*prove("paper.lean", "--json", "--lean", str(bench.lean.program)))
    assert done.status == 0, done.err
    (record,) = done.records
    assert record["status"] == "proved"
    assert (record["line"], record["column"], record["declaration"]) == (2, 62, "thm1")
    assert record["proof"] == "begin\n  simp *\nend"
    assert record["steps"] == ["simp *"]
    assert record["axioms"] == ["propext"]
    assert record["goal"] == ("x y z w : ℕ,\nH₁ : x = y,\nH₂ : y = z,\nH₃ : z = w\n⊢ x = w")
    before = bench.text("paper.lean")
    edit = record["edit"]
    assert isinstance(edit, dict)
    after = before[: edit["start"]] + edit["text"] + before[edit["end"] :]
    assert after == PAPER_PROVED
    assert before == (DOCUMENTS / "paper.lean").read_text("utf-8")


def test_the_papers_example_as_a_diff_and_as_a_tree(bench: Bench) -> None:
    done = bench.run(*prove("paper.lean", "--diff", "--tree", "tree.svg"))
    assert done.status == 0, done.err
    assert "+  simp *\n" in done.out
    assert done.out.startswith("--- a/paper.lean\n+++ b/paper.lean\n")
    root = ElementTree.fromstring(bench.text("tree.svg"))  # noqa: S314  (ours)
    assert root.tag.endswith("svg")


def test_a_proof_of_several_steps(bench: Bench) -> None:
    done = bench.run(*prove("deep.lean", "--json"))
    assert done.status == 0, done.err
    (record,) = done.records
    assert record["steps"] == ["cases h with n hn", "cases hn", "existsi n", "simp *"]


def test_several_kinds_of_sites_in_order(bench: Bench) -> None:
    done = bench.run(*prove("several.lean", "--write"))
    assert done.status == 0, done.err
    heads = [line for line in done.out.splitlines() if line.startswith("several.lean:")]
    names = [line.split(": ")[1] for line in heads]
    assert names == ["box.first", "box.𝔸fter", "box.in_parts", "box.short", "example in line 21"]
    assert all("proved in" in line for line in heads)
    text = bench.text("several.lean")
    assert "sorry" not in text
    assert "\n  split,\n  { assumption },\n  exact hq,\nend\n" in text
    assert text.endswith("\nend box\n")


def test_suggestions(bench: Bench) -> None:
    done = bench.run("suggest", "paper.lean:2:62", "--json", "--threads", "1")
    assert done.status == 0, done.err
    (record,) = done.records
    suggestions = record["suggestions"]
    assert isinstance(suggestions, list)
    assert [s["tactic"] for s in suggestions if s["goals"] == 0][:2] == ["simp *", "cc"]
    (step,) = [s for s in suggestions if s["tactic"] == "rw H₁"]
    assert step["goals"] == 1
    assert step["state"].endswith("⊢ y = w")


def test_a_statement(bench: Bench) -> None:
    done = bench.run("prove", "--statement", STATEMENT, *STEADY)
    assert done.status == 0, done.err
    assert "theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p :=\nbegin\n" in done.out


# -- what is not -----------------------------------------------------------------------------------


def test_not_proved(bench: Bench) -> None:
    done = bench.run(*prove("unprovable.lean", "--max-expansions", "2", "--write"))
    assert done.status == 1
    assert "no proof in" in done.out
    assert "the limit of expansions was reached" in done.out
    assert bench.text("unprovable.lean").endswith(":= sorry\n")


def test_a_proof_that_holds_in_the_hole_only(bench: Bench) -> None:
    done = bench.run(*prove("circular.lean", "--max-expansions", "1", "--write"))
    assert done.status == 1
    assert "refused in place" in done.out
    assert "recursive application is decreasing" in done.out
    assert bench.text("circular.lean").endswith("| n := sorry\n")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("broken.lean", "broken.lean:3:28: error: unknown identifier 'missing'"),
        ("data.lean", "data.lean:1:17: error: The goal here is not a proposition"),
    ],
)
def test_a_statement_that_lean_refuses(bench: Bench, name: str, said: str) -> None:
    done = bench.run(*prove(name, "--write"))
    assert done.status == 2
    assert said in done.err
    assert bench.text(name) == (DOCUMENTS / name).read_text("utf-8")


def test_what_is_wrong_with_one_site_stops_no_other(bench: Bench) -> None:
    done = bench.run(*prove("mixed.lean", "--max-expansions", "3", "--json", "--write"))
    assert done.status == 2
    assert [r["status"] for r in done.records] == ["proved", "not found", "error", "proved"]
    assert "mixed.lean:5:30: error: unknown identifier 'missing'" in done.err
    text = bench.text("mixed.lean")
    assert text.count("sorry") == 2
    assert "theorem fine (p : Prop) (h : p) : p := begin assumption end\n" in text
    assert "theorem also_fine (n : nat) : n = n := begin refl end\n" in text


def test_a_document_that_was_not_recorded_is_an_error_with_a_place(bench: Bench) -> None:
    path = bench.work / "paper.lean"
    path.write_text(bench.text("paper.lean").replace("thm1", "thm2"), "utf-8")
    done = bench.run(*prove("paper.lean"))
    assert done.status == 2
    assert "was not recorded" in done.err


# -- a Lean that misbehaves ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("faults", "status", "said"),
    [
        (Faults(version="Lean (version 4.9.0, x86_64, Release)"), 3, "this prover speaks Lean 3"),
        (Faults(version="Lean (version 3.5.0, Release)"), 3, "the oldest that this prover speaks"),
        (Faults(make_fails=True), 3, "does not compile the prover's runtime"),
        (Faults(die_at=0), 3, "killed by SIGKILL before the site"),
        (Faults(die_at=1), 3, "Lean died 7 times in a minute"),
        (Faults(die_at=1, first=1), 0, "simp *"),
        (Faults(die_at=3, first=1), 0, "simp *"),
        (Faults(deadly=("trivial",)), 0, "simp *"),
        (Faults(slow=("refl",)), 0, "simp *"),
        (Faults(garbage=True, stdout=1_000_000, stderr=1_000_000, helper=True), 0, "simp *"),
        (Faults(piece=3, delay=0.01), 0, "simp *"),
        (Faults(die_at=0, kinds=("check",)), 1, "did not come to the end"),
        (Faults(die_at=0, kinds=("check",), first=1), 0, "simp *"),
    ],
    ids=lambda value: None if isinstance(value, Faults) else str(value),
)
def test_a_fault_is_a_result_or_one_sentence(
    bench: Bench, faults: Faults, status: int, said: str
) -> None:
    bench.lean.misbehave(faults)
    done = bench.run(*prove("paper.lean", "--write", "--max-expansions", "1"))
    assert (done.status, said in done.out + done.err) == (status, True), (done.out, done.err)
    proved = bench.text("paper.lean") == PAPER_PROVED
    assert proved == (status == 0)
    assert done.err.count("dsp-lsp: ") <= 1


def test_a_lean_that_dies_again_and_again(bench: Bench) -> None:
    """Each time it may have answered what was asked before: then the search comes to its end."""
    bench.lean.misbehave(Faults(die_at=2, how="9"))
    done = bench.run(*prove("paper.lean", "--write", "--max-expansions", "1"))
    proved = bench.text("paper.lean") == PAPER_PROVED
    assert (done.status, "Lean died" in done.err) == ((0, False) if proved else (3, True))


def test_a_lean_that_is_not_there(bench: Bench) -> None:
    done = bench.run(*prove("paper.lean", "--lean", "/nowhere/lean"))
    assert done.status == 3
    assert "There is no program /nowhere/lean" in done.err


def test_a_search_whose_lean_dies_stops_no_other(bench: Bench) -> None:
    hopeless = "p ∧ q := (begin dsp_lsp_hole"
    bench.lean.misbehave(Faults(die_at=8, only=hopeless, first=2))
    done = bench.run(*prove("mixed.lean", "--max-expansions", "3", "--json"))
    assert [r["status"] for r in done.records] == ["proved", "not found", "error", "proved"]
    # Four sites, and the second one's Lean twice.
    assert len(bench.lean.runs("hole")) == 5


def test_what_was_proved_before_lean_was_lost_is_written(bench: Bench) -> None:
    bench.lean.misbehave(Faults(die_at=0, only="p ∧ q := (begin dsp_lsp_hole"))
    done = bench.run(*prove("mixed.lean", "--max-expansions", "3", "--write"))
    assert done.status == 3
    assert bench.text("mixed.lean").startswith(
        "theorem fine (p : Prop) (h : p) : p := begin assumption end\n"
    )
    assert bench.text("mixed.lean").count("sorry") == 3


# -- interruptions ---------------------------------------------------------------------------------


def wait_for_run(bench: Bench, number: int) -> None:
    assert eventually(lambda: len(bench.lean.runs()) >= number, GUARD)


@pytest.mark.parametrize("when", ["opening", "searching", "verifying"])
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command_leaves_nothing(
    bench: Bench, when: str, signum: signal.Signals
) -> None:
    faults, run = {
        "opening": (Faults(hang=True), 4),
        "searching": (Faults(silent=("refl",)), 4),
        "verifying": (Faults(hang=True, kinds=("check",)), 5),
    }[when]
    bench.lean.misbehave(faults)
    command = bench.start(*prove("paper.lean", "--write"))
    wait_for_run(bench, run)
    command.send_signal(signum)
    done = bench.end(command)
    assert done.status == 128 + signum
    assert done.err.endswith("dsp-lsp: interrupted.\n")
    bench.check_nothing_left()
    assert bench.text("paper.lean") == (DOCUMENTS / "paper.lean").read_text("utf-8")


def victim_of(bench: Bench, who: str, command: subprocess.Popen[str]) -> int:
    last = [run for run in bench.lean.runs() if run.kind != "not recorded"][-1]
    return {"cli": command.pid, "engine": last.parent, "lean": last.pid}[who]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("who", ["cli", "engine", "lean"])
def test_a_kill_at_any_moment_leaves_no_process_and_no_half_file(
    bench: Bench, who: str, seed: int
) -> None:
    chance = random.Random(f"{who} {seed}")
    bench.lean.misbehave(Faults(delay=0.02))
    before = bench.text("paper.lean")
    command = bench.start(*prove("paper.lean", "--write"))
    # Moments are counted in what Lean was started for, so that a slow machine does not shift them.
    number = chance.randint(1, 6)
    assert eventually(lambda: len(bench.lean.runs()) >= number or command.poll() is not None, GUARD)
    pause = chance.choice([0.0, 0.02, 0.1, 0.3])
    eventually(lambda: command.poll() is not None, pause)
    killed = victim_of(bench, who, command)
    if alive(killed):
        os.kill(killed, signal.SIGKILL)
    done = bench.end(command)
    assert eventually(lambda: not bench.alive())
    text = bench.text("paper.lean")
    assert text in (before, PAPER_PROVED)
    if who != "cli":
        assert done.status in (0, 1, 2, 3)
        assert (done.status == 0) == (text == PAPER_PROVED)
    # What the killed one could not tidy, the next one does; and it finds nothing broken.
    bench.lean.misbehave(Faults())
    (bench.work / "paper.lean").write_text(before, "utf-8")
    assert bench.run(*prove("paper.lean", "--write")).status == 0
    assert bench.text("paper.lean") == PAPER_PROVED
    names = {path.name for path in bench.work.iterdir()}
    assert names == {path.name for path in DOCUMENTS.glob("*.lean")}


def test_the_fake_needs_no_lean(bench: Bench) -> None:
    """What this file shows must not depend on a Lean that happens to be there."""
    bench.run(*prove("paper.lean"))
    assert [run.kind for run in bench.lean.runs()][:2] == ["version", "path"]
    assert not any("not recorded" in run.kind for run in bench.lean.runs())
