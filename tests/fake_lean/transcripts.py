"""Transcripts: what Lean was given, and what it answered; as values and as files.

A document is known by its text, in which the hole's folder and the audit's nonce, which differ from
run to run, are replaced by placeholders. A tactic state is known by the tactics that lead to it
from the hole's first state, so that the numbers of requests do not matter.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("transcripts")

_HOLE = re.compile(r'dsp_lsp_hole "((?:[^"\\]|\\.)*)"')
_AUDIT = re.compile(r"dsp_lsp_audit ([0-9]+)")
_PLACE_OF_FOLDER = 'dsp_lsp_hole "FOLDER"'
_PLACE_OF_NONCE = "dsp_lsp_audit NONCE"

Answers = dict[str, dict[str, Any]]
"""What became of each tactic at a state: Lean's answer, and under ``then`` what followed it."""


@dataclass
class Hole:
    """What a hole said: its greeting, which of the names it was asked for exist, its answers."""

    greeting: dict[str, Any]
    known: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    answers: Answers = field(default_factory=dict)


@dataclass
class Run:
    """One run of Lean over one document; no ``status`` where a hole ran until it was killed."""

    document: str
    messages: list[dict[str, Any]] = field(default_factory=list)
    status: int | None = None
    hole: Hole | None = None


@dataclass(frozen=True)
class Given:
    """A document as Lean is given it: its normal form and what was replaced in it."""

    document: str
    folder: str | None
    nonce: str | None

    @classmethod
    def of(cls, text: str) -> Given:
        """The normal form of ``text``."""
        hole, audit = _HOLE.search(text), _AUDIT.search(text)
        text = _HOLE.sub(lambda _: _PLACE_OF_FOLDER, text)
        text = _AUDIT.sub(_PLACE_OF_NONCE, text)
        folder = re.sub(r"\\(.)", r"\1", hole[1]) if hole else None
        return cls(text, folder, audit[1] if audit else None)

    def normal(self, message: str) -> str:
        """A message about this document without its nonce."""
        if self.nonce is None:
            return message
        return message.replace(f"dsp-lsp-audit {self.nonce} ", "dsp-lsp-audit NONCE ")

    def actual(self, message: str) -> str:
        """The opposite of :meth:`normal`."""
        return message.replace("dsp-lsp-audit NONCE ", f"dsp-lsp-audit {self.nonce} ")


def with_folder(document: str, folder: str) -> str:
    """The text for Lean out of a document in normal form."""
    quoted = folder.replace("\\", "\\\\").replace('"', '\\"')
    return document.replace(_PLACE_OF_FOLDER, f'dsp_lsp_hole "{quoted}"')


def merge(into: dict[str, Run], run: Run) -> None:
    """Adds a run to those of its document; the same tactics at the same states are one."""
    there = into.setdefault(run.document, run)
    if there is run:
        return
    there.messages = max(there.messages, run.messages, key=len)
    if there.hole is not None and run.hole is not None:
        there.hole.known |= run.hole.known
        there.hole.unknown |= run.hole.unknown
        _merge_answers(there.hole.answers, run.hole.answers)


def _merge_answers(into: Answers, more: Answers) -> None:
    for tactic, answer in more.items():
        there = into.setdefault(tactic, answer)
        if there is not answer:
            _merge_answers(there.setdefault("then", {}), answer.get("then", {}))


def _sorted(answers: Answers) -> Answers:
    found = {}
    for tactic in sorted(answers):
        answer = {name: value for name, value in answers[tactic].items() if name != "then"}
        then = answers[tactic].get("then")
        found[tactic] = {**answer, "then": _sorted(then)} if then else answer
    return found


def save(path: Path, version: str, runs: dict[str, Run]) -> None:
    """Writes the transcripts of one document of ours; their order is that of their texts."""
    records = []
    for document in sorted(runs):
        run = runs[document]
        record: dict[str, Any] = {"document": document.split("\n"), "messages": run.messages}
        if run.hole is None:
            record["status"] = run.status
        else:
            record["hole"] = {
                "greeting": run.hole.greeting,
                "known": sorted(run.hole.known),
                "unknown": sorted(run.hole.unknown),
                "answers": _sorted(run.hole.answers),
            }
        records.append(record)
    text = json.dumps({"version": version, "runs": records}, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", "utf-8")


def load(path: Path) -> tuple[str, dict[str, Run]]:
    """The version of the Lean that was recorded, and its runs by their documents."""
    content = json.loads(path.read_text("utf-8"))
    runs = {}
    for record in content["runs"]:
        document = "\n".join(record["document"])
        hole = record.get("hole")
        runs[document] = Run(
            document,
            record["messages"],
            record.get("status"),
            hole
            and Hole(hole["greeting"], set(hole["known"]), set(hole["unknown"]), hole["answers"]),
        )
    return content["version"], runs


def load_all(folder: Path = FOLDER) -> tuple[str, dict[str, Run]]:
    """All transcripts together."""
    version = ""
    runs: dict[str, Run] = {}
    for path in sorted(folder.glob("*.json")):
        version, more = load(path)
        for run in more.values():
            merge(runs, run)
    return version, runs
