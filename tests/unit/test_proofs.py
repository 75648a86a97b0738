"""The cache's file: what is kept, what several processes see, what a kill leaves."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from engine.proofs import ProofStore
from engine.protocol import EngineError

ROOT = Path(__file__).parents[2]
WRITER = """
import sys
from pathlib import Path
from engine.proofs import ProofStore
store = ProofStore(Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    key = f"{sys.argv[2]}-{number}"
    store.add_proof(key, ("intro h", key), statement="𝕜" * 500, generator="g", seconds=1.5)
    sys.stdout.write(key + "\\n")
    sys.stdout.flush()
"""


@pytest.fixture
def store(tmp_path: Path) -> ProofStore:
    return ProofStore(tmp_path / "deep" / "proofs.sqlite")


def add(store: ProofStore, key: str, *steps: str) -> None:
    store.add_proof(key, steps, statement="s", generator="g", seconds=2.0)


def fail(store: ProofStore, key: str, budget: float, terms: str = "t") -> None:
    store.add_failure(
        key, terms, statement="s", generator="g", budget=budget, reason=f"in {budget:g}"
    )


def writer(path: Path, name: str, number: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(number)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )


def check(path: Path) -> None:
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_what_is_kept_is_found_the_latest_first(store: ProofStore) -> None:
    add(store, "k", "simp")
    add(store, "k", "cases h,", "⟨x, 𝕜⟩")
    add(store, "other", "refl")
    found = store.proofs("k")
    assert [proof.steps for proof in found] == [("cases h,", "⟨x, 𝕜⟩"), ("simp",)]
    assert (found[0].generator, found[0].seconds) == ("g", 2.0)
    add(store, "k", "simp")
    assert store.proofs("k")[0].steps == ("simp",)
    assert store.proofs("unknown") == []


def test_a_key_keeps_few_proofs(store: ProofStore) -> None:
    for number in range(9):
        add(store, "k", f"tactic {number}")
    assert [proof.steps[0][-1] for proof in store.proofs("k")] == ["8", "7", "6", "5"]


def test_a_failure_is_of_its_terms_and_the_longest_stays(store: ProofStore) -> None:
    fail(store, "k", 60.0)
    fail(store, "k", 10.0)
    known = store.failure("k", "t")
    assert known is not None
    assert (known.budget, known.reason) == (60.0, "in 60")
    assert store.failure("k", "other") is None
    add(store, "k", "simp")
    assert store.failure("k", "t") is None


def test_pruning_and_clearing(store: ProofStore) -> None:
    assert store.state().proofs == 0
    assert store.prune(1).removed == 0
    assert store.clear().removed == 0
    assert not store.path.exists()
    add(store, "k", "simp")
    fail(store, "f", 1.0)
    connection = sqlite3.connect(store.path)
    connection.execute("UPDATE proofs SET used = used - 86400 * 10")
    connection.commit()
    connection.close()
    state = store.prune(9)
    assert (state.removed, state.proofs, state.failures) == (1, 0, 1)
    add(store, "k", "simp")
    state = store.clear()
    assert (state.removed, state.proofs, state.failures) == (2, 0, 0)


@pytest.mark.parametrize(
    "content", [b"not a database " * 100, b"SQLite format 3\0" + b"\xff" * 600]
)
def test_a_damaged_cache_is_named_and_can_be_cleared(store: ProofStore, content: bytes) -> None:
    store.path.parent.mkdir()
    store.path.write_bytes(content)
    with pytest.raises(EngineError) as refused:
        store.state()
    assert "cache clear" in refused.value.remedy
    assert store.clear().proofs == 0
    add(store, "k", "simp")
    assert store.proofs("k")


def test_several_processes_write_at_once_and_nothing_is_lost(store: ProofStore) -> None:
    writers = [writer(store.path, name, 40) for name in "abc"]
    for number in range(40):
        add(store, f"own-{number}", "simp")
    for process in writers:
        process.communicate(timeout=120)
        assert process.returncode == 0
    for name in ("own", "a", "b", "c"):
        assert all(store.proofs(f"{name}-{number}") for number in range(40))
    check(store.path)


def test_a_kill_in_the_middle_loses_nothing_that_was_written(store: ProofStore) -> None:
    dice = random.Random(7)
    said: list[str] = []
    for turn in range(6):
        one, other = (writer(store.path, f"{turn}{name}", 100_000) for name in "xy")
        for process in (one, other):
            assert process.stdout is not None
            said += [process.stdout.readline().strip() for _ in range(dice.randrange(1, 40))]
        for process in (one, other):
            process.send_signal(signal.SIGKILL)
            out, _ = process.communicate(timeout=60)
            # The last line may be cut off.
            said += out.split("\n")[:-1]
        add(store, f"after-{turn}", "simp")
    assert len(said) > 20
    assert [key for key in said if not store.proofs(key)] == []
    assert all(proof.steps[1] == key for key in said for proof in store.proofs(key))
    check(store.path)
