"""What a run has come to, line by line in a file of its own, so that a killed one can go on.

The journal only says where to go on: what it calls proved is judged again before it is written.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dsp_lsp.annotate.records import SiteRecord
from engine.protocol import EngineError, ErrorKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Journal", "digest"]


def digest(raw: bytes) -> str:
    """What tells one content of a file from another."""
    return hashlib.sha256(raw).hexdigest()


class Journal:
    """The journal of the runs over some paths. Lines are whole or, at a kill, left out.

    ``terms`` is what a failure depends on: budget, options, generator. Failures of other terms
    are forgotten, proofs are not.
    """

    def __init__(self, paths: Sequence[str], terms: dict[str, Any], *, resume: bool) -> None:
        """Raises :class:`EngineError` where another run has these paths, or it cannot be kept."""
        from platformdirs import user_state_path

        name = digest("\n".join(map(os.path.abspath, paths)).encode("utf-8", "surrogateescape"))
        self.path = user_state_path("dsp-lsp", appauthor=False) / "annotate" / f"{name[:16]}.jsonl"
        self._sites: dict[tuple[str, str], dict[int, SiteRecord]] = {}
        self._written: dict[tuple[str, str], list[SiteRecord]] = {}
        self._terms = json.dumps(terms, sort_keys=True)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise _cannot_keep(self.path, error) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise EngineError(
                "Another `dsp-lsp annotate` is at work on these paths.",
                remedy="Wait for it, or end it.",
                kind=ErrorKind.ENVIRONMENT,
            ) from None
        self.resumed = False
        if resume:
            self._read()
        else:
            os.ftruncate(self._file, 0)
        self._add({"terms": self._terms})

    def _read(self) -> None:
        same_terms = True
        content = self.path.read_bytes()
        if content and not content.endswith(b"\n"):
            os.write(self._file, b"\n")  # the end of a line that a kill cut off
        for line in content.splitlines():
            # What a kill has cut off is no JSON, or is not what it should be.
            with contextlib.suppress(ValueError, TypeError, KeyError):
                entry = json.loads(line)
                if "terms" in entry:
                    same_terms = entry["terms"] == self._terms
                    continue
                here = (entry["file"], entry["text"])
                if "site" in entry:
                    self._take(here, [SiteRecord(**entry["site"])], same_terms)
                elif "after" in entry:
                    there = (entry["file"], entry["after"])
                    proved = [SiteRecord(**record) for record in entry["proved"]]
                    self._written[there] = [*self._written.get(here, []), *proved]
                    self._take(there, [SiteRecord(**r) for r in entry["open"]], same_terms)
                self.resumed = True

    def _take(self, place: tuple[str, str], records: list[SiteRecord], same_terms: bool) -> None:
        for record in records:
            if record.status == "proved" or (same_terms and record.status != "not tried"):
                self._sites.setdefault(place, {})[record.start] = record

    def _add(self, entry: dict[str, Any]) -> None:
        # One write: whatever kills us, it is there or it is not. A full disk costs the resumption,
        # not the run.
        with contextlib.suppress(OSError):
            os.write(self._file, json.dumps(entry).encode() + b"\n")

    def known(self, file: str, text: str) -> dict[int, SiteRecord]:
        """What is known of the sites of ``file`` in the content with the digest ``text``."""
        return self._sites.get((file, text), {})

    def written(self, file: str, text: str) -> list[SiteRecord]:
        """The proofs that this journal's runs wrote into that content."""
        return self._written.get((file, text), [])

    def site(self, file: str, text: str, record: SiteRecord) -> None:
        """Notes what became of a site."""
        self._add({"file": file, "text": text, "site": asdict(record)})

    def writing(
        self,
        file: str,
        text: str,
        after: str,
        *,
        proved: Sequence[SiteRecord],
        still_open: Sequence[SiteRecord],
    ) -> None:
        """Notes, before it is done, that the content becomes the one with the digest ``after``,
        where ``still_open``, with their places there, have no proof.
        """
        entry = {"proved": [asdict(r) for r in proved], "open": [asdict(r) for r in still_open]}
        self._add({"file": file, "text": text, "after": after, **entry})

    def close(self, *, complete: bool) -> None:
        """Lets go; what is ``complete`` needs no journal any more."""
        if complete:
            with contextlib.suppress(OSError):
                self.path.unlink()
        os.close(self._file)


def _cannot_keep(path: Path, error: OSError) -> EngineError:
    return EngineError(
        f"The journal {path} cannot be written: {error.strerror}.",
        remedy="See to that folder, or name another with XDG_STATE_HOME.",
        kind=ErrorKind.ENVIRONMENT,
    )
