"""The cache of proofs and failures: an SQLite file that several processes share.

It knows keys and tactics, not what they mean. Every write is one transaction of SQLite's
write-ahead log: a process that is killed in the middle of one leaves what was there before, and
what another process reads is whole. A cache that cannot be used costs its help, never a search.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.protocol import CacheState, EngineError, ErrorKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["KnownFailure", "KnownProof", "ProofStore"]

logger = logging.getLogger(__name__)

_VERSION = 1
"""Another schema is to be another file, see :func:`engine.cache.proofs_file`."""
_PATIENCE = 10.0
"""Seconds that one process waits for another's write."""

_PROOFS_A_KEY = 4
_MOST = 50_000
"""Proofs, and failures, beyond this number go, those first that were not used for the longest."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS proofs (
  key TEXT NOT NULL, steps TEXT NOT NULL, statement TEXT NOT NULL, generator TEXT NOT NULL,
  seconds REAL NOT NULL, found REAL NOT NULL, used REAL NOT NULL, PRIMARY KEY (key, steps));
CREATE TABLE IF NOT EXISTS failures (
  key TEXT NOT NULL, terms TEXT NOT NULL, statement TEXT NOT NULL, generator TEXT NOT NULL,
  budget REAL NOT NULL, reason TEXT NOT NULL, found REAL NOT NULL, used REAL NOT NULL,
  PRIMARY KEY (key, terms));
CREATE INDEX IF NOT EXISTS proofs_used ON proofs (used);
CREATE INDEX IF NOT EXISTS failures_used ON failures (used);
"""


@dataclass(frozen=True, slots=True)
class KnownProof:
    """Tactics that closed a goal: who proposed them, how many seconds it took, and when it was."""

    steps: tuple[str, ...]
    generator: str
    seconds: float
    found: float


@dataclass(frozen=True, slots=True)
class KnownFailure:
    """A search that found nothing in ``budget`` seconds, and why it stopped."""

    budget: float
    reason: str
    generator: str
    found: float


class ProofStore:
    """The cache at ``path``.

    Methods block, for at most some seconds where other processes write; they raise
    :class:`sqlite3.Error` or OSError where there is no cache to be had.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None)
        try:
            # Whoever else is opening it may have it locked; it is in this mode for good then.
            with contextlib.suppress(sqlite3.OperationalError):
                connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            if not connection.execute("PRAGMA user_version").fetchone()[0]:
                connection.executescript(
                    f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version={_VERSION}; COMMIT"
                )
            yield connection
        finally:
            connection.close()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            with connection:  # commits, or takes everything back
                yield connection

    # -- reading ---------------------------------------------------------------------------------

    def proofs(self, key: str) -> list[KnownProof]:
        """The proofs of ``key``, the one that was used last first."""
        with self._open() as connection:
            rows = connection.execute(
                "SELECT steps, generator, seconds, found FROM proofs WHERE key = ? "
                "ORDER BY used DESC, rowid DESC",
                (key,),
            ).fetchall()
        return [
            KnownProof(tuple(map(str, json.loads(steps))), generator, seconds, found)
            for steps, generator, seconds, found in rows
        ]

    def failure(self, key: str, terms: str) -> KnownFailure | None:
        """The failure at ``key`` under ``terms``, if there is one."""
        with self._open() as connection:
            row = connection.execute(
                "SELECT budget, reason, generator, found FROM failures WHERE key = ? AND terms = ?",
                (key, terms),
            ).fetchone()
        return None if row is None else KnownFailure(*row)

    # -- writing ---------------------------------------------------------------------------------

    def add_proof(
        self, key: str, steps: tuple[str, ...], *, statement: str, generator: str, seconds: float
    ) -> None:
        """Keeps a proof, or notes that it was used; what failed at ``key`` before is forgotten."""
        now = time.time()
        with self._writing() as connection:
            connection.execute(
                "INSERT INTO proofs VALUES (?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (key, steps) DO UPDATE SET used = excluded.used",
                (key, json.dumps(steps), statement, generator, seconds, now, now),
            )
            connection.execute(
                "DELETE FROM proofs WHERE key = ? AND rowid NOT IN "
                "(SELECT rowid FROM proofs WHERE key = ? ORDER BY used DESC, rowid DESC LIMIT ?)",
                (key, key, _PROOFS_A_KEY),
            )
            connection.execute("DELETE FROM failures WHERE key = ?", (key,))
            self._bound(connection)

    def add_failure(
        self, key: str, terms: str, *, statement: str, generator: str, budget: float, reason: str
    ) -> None:
        """Keeps a failure; one with a longer budget stays."""
        now = time.time()
        with self._writing() as connection:
            connection.execute(
                "INSERT INTO failures VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (key, terms) DO UPDATE SET budget = excluded.budget, "
                "reason = excluded.reason, found = excluded.found, used = excluded.used "
                "WHERE excluded.budget >= budget",
                (key, terms, statement, generator, budget, reason, now, now),
            )
            self._bound(connection)

    @staticmethod
    def _bound(connection: sqlite3.Connection) -> None:
        for table in ("proofs", "failures"):
            connection.execute(
                f"DELETE FROM {table} WHERE rowid IN "  # noqa: S608  (two names of ours)
                f"(SELECT rowid FROM {table} ORDER BY used DESC LIMIT -1 OFFSET {_MOST})"
            )

    # -- keeping house ---------------------------------------------------------------------------

    def state(self, removed: int = 0) -> CacheState:
        """What there is. Raises :class:`EngineError` for a damaged cache."""
        proofs = failures = 0
        if self.path.exists():
            with self._checked() as connection:
                proofs = connection.execute("SELECT count(*) FROM proofs").fetchone()[0]
                failures = connection.execute("SELECT count(*) FROM failures").fetchone()[0]
        files = [self.path, *(self.path.with_name(self.path.name + s) for s in ("-wal", "-shm"))]
        size = 0
        for file in files:
            with contextlib.suppress(OSError):
                size += file.stat().st_size
        return CacheState(
            path=str(self.path), size=size, proofs=proofs, failures=failures, removed=removed
        )

    def prune(self, days: float) -> CacheState:
        """Forgets what was not used for so many days."""
        if not self.path.exists():
            return self.state()
        before = time.time() - days * 86_400
        with self._checked() as connection:
            connection.execute("BEGIN IMMEDIATE")
            with connection:
                removed = sum(
                    connection.execute(f"DELETE FROM {table} WHERE used < ?", (before,)).rowcount  # noqa: S608
                    for table in ("proofs", "failures")
                )
            self._shrink(connection)
        return self.state(removed)

    def clear(self) -> CacheState:
        """Forgets everything; a damaged cache, too."""
        try:
            removed = self.state()
            if self.path.exists():
                with self._writing() as connection:
                    connection.execute("DELETE FROM proofs")
                    connection.execute("DELETE FROM failures")
                with self._open() as connection:
                    self._shrink(connection)
        except (EngineError, sqlite3.DatabaseError):
            for suffix in ("", "-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
            return self.state()
        return self.state(removed.proofs + removed.failures)

    @staticmethod
    def _shrink(connection: sqlite3.Connection) -> None:
        # Others may be at work on it: the space is used again anyhow.
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextlib.contextmanager
    def _checked(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._open() as connection:
                yield connection
        except sqlite3.Error as error:
            raise EngineError(
                f"The cache {self.path} cannot be read: {error}.",
                remedy="If that stays so: dsp-lsp cache clear",
                kind=ErrorKind.ENVIRONMENT,
            ) from error
