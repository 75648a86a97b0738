"""What is recorded: the documents, and the commands that are run over them.

One thread and a budget that is never used up: the tree, and with it what Lean is asked, must not
depend on how fast the machine is.
"""

from __future__ import annotations

from dataclasses import dataclass

STEADY = ("--threads", "1", "--budget", "3000", "--quiet")


@dataclass(frozen=True)
class Case:
    """Commands over documents of ours, of the command line that ``module`` is."""

    commands: tuple[tuple[str, ...], ...]
    module: str = "dsp_lsp.cli"


def _prove(file: str, *more: str) -> tuple[str, ...]:
    return ("prove", file, *more, *STEADY)


STATEMENT = "theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p :="

AUGMENT = (
    *("augment", "--project", "augmented", "--pairs", "augmented/own.jsonl", "--out", "new"),
    *("--workers", "1", "--heartbeats", "200", "--sandbox", "off"),
)

CASES = {
    "paper": Case(
        (_prove("paper.lean"), ("suggest", "paper.lean:2:62", "--threads", "1", "--budget", "3000"))
    ),
    "deep": Case((_prove("deep.lean"),)),
    "several": Case((_prove("several.lean"),)),
    "mixed": Case((_prove("mixed.lean", "--max-expansions", "3"),)),
    "unprovable": Case((_prove("unprovable.lean", "--max-expansions", "2"),)),
    "broken": Case((_prove("broken.lean"),)),
    "data": Case((_prove("data.lean"),)),
    "circular": Case((_prove("circular.lean", "--max-expansions", "1"),)),
    "augment": Case((AUGMENT,), module="engine.cli"),
    "statement": Case((("prove", "--statement", STATEMENT, *STEADY),)),
}
