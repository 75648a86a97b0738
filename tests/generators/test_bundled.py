"""The model that comes along: whole, described, and what searches ask unless they are told not to.

Skipped only where the folder is missing altogether.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from engine.generators.backend import Load, Request
from engine.generators.models import (
    BYTES,
    MANIFEST,
    bundled,
    default_model,
    locate,
    read_manifest,
)
from tests.engine.conftest import ROOT

from .test_ct2 import answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FOLDER = ROOT / "engine" / "models" / "mini"
MOST_BYTES = 32 << 20
PARTS = {"README.md", "config.json", "shared_vocabulary.json", "model.bin", MANIFEST}
STATE = "p q : Prop,\nh : p ∧ q\n⊢ q ∧ p"

pytestmark = pytest.mark.skipif(
    not FOLDER.exists(), reason="no model comes along: engine/models/mini is not there"
)


@pytest.fixture(autouse=True)
def _as_for_a_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DSP_LSP_MODEL")
    monkeypatch.setenv("DSP_LSP_CACHE", str(tmp_path / "cache"))


def test_it_is_whole() -> None:
    assert {file.name for file in FOLDER.iterdir()} == PARTS
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) <= MOST_BYTES
    manifest = read_manifest(FOLDER)
    assert manifest is not None
    assert hashlib.sha256((FOLDER / "model.bin").read_bytes()).hexdigest() == manifest.sha256
    assert (manifest.name, manifest.tokenizer, manifest.quantization) == ("mini", BYTES, "int8")
    assert "/" not in manifest.source  # no place on the machine that made it


def test_it_is_what_is_used_where_none_is_named() -> None:
    manifest = read_manifest(FOLDER)
    assert manifest is not None
    assert default_model() == bundled() == str(FOLDER)
    assert locate(str(FOLDER), prefer="hf").name == f"mini ({manifest.sha256[:8]})"


def test_its_card_says_what_it_is() -> None:
    card = (FOLDER / "README.md").read_text("utf-8")
    parts = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", card, re.M | re.S))
    assert {"Data", "Recipe", "Accuracy", "Limits"} <= parts.keys()
    assert "mathlib" in parts["Data"]
    assert "Apache-2.0" in parts["Data"]
    assert "```toml" in parts["Recipe"]
    assert re.search(r"^\| \d+ \| [\d.]+%", parts["Accuracy"], re.M)
    assert parts["Limits"].strip()
    assert not re.search(r"(?<![\w.])/(home|root|tmp|opt|work)\b", card)


def test_it_proposes_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    ct2 = pytest.importorskip("engine.generators.ct2")
    pytest.importorskip("ctranslate2")

    def none(*_: object, **__: object) -> None:
        raise OSError("no network here")

    monkeypatch.setattr(socket, "socket", none)
    monkeypatch.setattr(socket, "create_connection", none)
    model = ct2.load(Load(str(default_model()), threads=1))
    found = answer(model, Request(STATE, 8, max_bytes=48))
    assert found
    for candidate in found:
        # Its beam rounds as scoring does, but in other batches.
        assert candidate.log_prob == pytest.approx(
            sum(model.log_probs(STATE, candidate.tactic)), abs=0.2
        )


@pytest.fixture
def prove(tmp_path: Path) -> Callable[..., dict[str, object]]:
    """What ``dsp-lsp prove --json`` says of a statement that the repertoire's closers do not
    prove."""
    environment = {name: value for name, value in os.environ.items() if name != "DSP_LSP_MODEL"}
    statement = "theorem t (p q r : Prop) (f : p → q) (g : q → r) (h : p) : r ∧ q :="

    def run(*more: str) -> dict[str, object]:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "dsp_lsp.cli", "prove", "--statement", statement),
                *("--lean", "embedded", "--json", "--max-expansions", "1", *more),
            ],
            cwd=tmp_path,
            env={**environment, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
            timeout=200,
        )
        assert done.returncode in (0, 1), done.stderr
        return dict(json.loads(done.stdout))

    return run


def test_the_command_line_asks_it_by_default(prove: Callable[..., dict[str, object]]) -> None:
    pytest.importorskip("ctranslate2")
    record = prove()
    assert re.fullmatch(r"mini \([0-9a-f]{8}\)", str(record["generator"])), record
    assert not [note for note in record["notes"] if "generator" in note]  # type: ignore[attr-defined]


def test_and_not_where_it_is_told_so(prove: Callable[..., dict[str, object]]) -> None:
    assert prove("--generator", "repertoire")["generator"] == "repertoire"
