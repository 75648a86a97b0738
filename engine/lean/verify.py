"""The final check: Lean accepts exactly the spliced document, and its proof term is clean.

Two runs, side by side. One checks the document's bytes as they would stand in the file. The other
runs the same proof under an audit that looks at the proof term itself, because messages do not
tell everything: ``example`` leaves no declaration, ``#print axioms`` misses what a ``sorry`` hides,
and a tactic in a ``def`` can add an axiom silently.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.lean.messages import Message

AUDIT = "dsp-lsp-audit"

_CUT_OFF = "invalid end of module, expecting 'end'"


@dataclass(frozen=True, slots=True)
class Audit:
    """What one visit of the audited proof found in its term."""

    metavariables: bool
    has_sorry: bool
    uses_itself: bool
    axioms: tuple[str, ...]
    foreign: tuple[str, ...]
    sorries: tuple[str, ...]
    untrusted: tuple[str, ...]

    def objection(self) -> str | None:
        """Why the proof must not stand, or None."""
        if self.metavariables:
            return "its proof term has metavariables"
        if self.has_sorry:
            return "its proof term contains sorry"
        if self.uses_itself:
            return "it uses the theorem that it proves"
        if self.foreign:
            return f"it brings an axiom of its own: {', '.join(self.foreign)}"
        if self.untrusted:
            return f"it rests on meta code: {', '.join(self.untrusted)}"
        return None


def read_audits(messages: Sequence[Message], nonce: int) -> list[Audit]:
    """The audits named ``nonce`` among Lean's messages, one for each time that the site was met."""
    prefix = f"{AUDIT} {nonce} "
    audits = []
    for message in messages:
        for line in message.text.splitlines():
            if line.startswith(prefix):
                found = json.loads(line[len(prefix) :])
                audits.append(
                    Audit(
                        metavariables=bool(found["metavariables"]),
                        has_sorry=bool(found["sorry"]),
                        uses_itself=bool(found["itself"]),
                        axioms=tuple(found["axioms"]),
                        foreign=tuple(found["foreign"]),
                        sorries=tuple(found["sorries"]),
                        untrusted=tuple(found["untrusted"]),
                    )
                )
    return audits


def new_errors(
    before: Sequence[Message], after: Sequence[Message], *, end: tuple[int, int], shift: int
) -> list[Message]:
    """The errors of ``after`` that ``before`` does not have.

    What stands at or behind ``end`` (line and column of the end of the proof's place before the
    change) has moved by ``shift`` lines. Errors are compared by line and text.
    """
    known = Counter(
        (m.line + shift if (m.line, m.column) >= end else m.line, m.text)
        for m in before
        if m.is_error
    )
    fresh = []
    for message in after:
        if message.is_error:
            key = (message.line, message.text)
            if known[key] > 0:
                known[key] -= 1
            else:
                fresh.append(message)
    return fresh


def more_errors(before: Sequence[Message], after: Sequence[Message]) -> list[Message]:
    """The errors of ``after`` that ``before`` does not have as often, wherever they stand."""
    known = Counter(message.text for message in before if message.is_error)
    fresh = []
    for message in after:
        if message.is_error:
            known[message.text] -= 1
            if known[message.text] < 0:
                fresh.append(message)
    return fresh


def only_under_audit(exact: Sequence[Message], audited: Sequence[Message]) -> str | None:
    """An error of the audited run that the document itself does not have, if there is one.

    A proof that can tell that it is audited could fail there, after words of its own. The audited
    text is cut off behind the declaration, so that a namespace or section may be open at its end.
    """
    known = Counter([_CUT_OFF, *(message.text for message in exact if message.is_error)])
    known.subtract(message.text for message in audited if message.is_error)
    return next((text for text, count in known.items() if count < 0), None)
