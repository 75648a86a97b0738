"""Tracing with the real Lean; what the fake one replays is what this one says."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from engine.data.extract import pairs_of
from engine.data.premises import Resolver, ask_for_names
from engine.data.records import read_pairs
from engine.data.syntax_tree import read_tree
from engine.data.trace import PAIRS, TraceSettings, trace_project
from engine.lean.messages import parse_message
from tests.fake_lean.accounts import load_accounts
from tests.fake_lean.project import copy_project
from tests.fake_lean.record_accounts import given_text
from tests.lean3.lean3_helpers import LEAN_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

    from engine.data.records import TacticPair

pytestmark = pytest.mark.lean3


def replayed(project: Path) -> list[TacticPair]:
    """The pairs of what is recorded."""
    accounts = {account.document: account for account in load_accounts()}
    found = []
    for source in sorted((project / "src").glob("*.lean")):
        given = given_text(source, (project / "src",))
        assert given in accounts, "record again: python -m tests.fake_lean.record_accounts"
        account = accounts[given]
        tree = read_tree([account.tree.encode()])
        messages = [parse_message(json.dumps(message).encode()) for message in account.messages]
        text = source.read_text("utf-8")
        asked = ask_for_names(text)
        resolver = Resolver(asked, [one for one in messages if one], tree, text)
        found += pairs_of(tree, text, source.name, resolver.named)
    return found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    lean = shutil.which("lean")
    assert lean is not None
    folder = copy_project(tmp_path / "tiny", compiled=False)
    subprocess.run([lean, "--make", "src"], cwd=folder, check=True, timeout=LEAN_SECONDS)
    return folder


@pytest.mark.parametrize("sandbox", ["auto", "off"])
def test_a_project_is_traced(project: Path, tmp_path: Path, sandbox: str) -> None:
    before = sorted(project.rglob("*"))
    settings = TraceSettings(
        project=project,
        out=tmp_path / "out",
        workers=1,
        timeout=LEAN_SECONDS,
        sandbox=sandbox,  # type: ignore[arg-type]
    )
    report = asyncio.run(trace_project(settings))
    assert (report.failed, report.waiting) == ({}, {})
    assert sorted(project.rglob("*")) == before
    found = list(read_pairs(tmp_path / "out" / PAIRS))
    assert len(found) > 30
    assert found == replayed(project)
