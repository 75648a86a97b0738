"""Sessions: opening holes in documents and checking proofs in place, with the user's own Lean."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
import weakref
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from engine.lean.hole import Greeting, LeanHole, NotReachedError, TacticResult
from engine.lean.host import Hosts, cold
from engine.lean.instrument import SHIFT, header, with_audit, with_audits, with_hole
from engine.lean.modules import (
    absolute_module,
    check_imports,
    module_source,
    stamp_of,
    with_absolute_imports,
)
from engine.lean.pool import Key, Limits, Pool
from engine.lean.process import LeanCommand, LeanProcess, lean_over
from engine.lean.project import Project, find_project
from engine.lean.runtime import runtime_folder
from engine.lean.sandbox import Sandboxes
from engine.lean.scratch import sweep
from engine.lean.toolchain import Toolchain, find_toolchain
from engine.lean.verify import more_errors, new_errors, only_under_audit, read_audits
from engine.lean.warm import WarmLeanError
from engine.protocol import EngineError, ErrorKind, Verdict
from engine.source import Analysis, Site, analyse, each_as_last, splice

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from engine.lean.messages import Message
    from engine.protocol import SandboxMode

_OPEN_SECONDS = 180.0
"""How long Lean may take to come to a site: imports, and the document before it."""

_WARM_SECONDS = 90.0
"""The same for a warm Lean, before a plain one is asked."""

_VERIFY_SECONDS = 600.0
"""How long Lean may take over a whole document."""


@dataclass(frozen=True, slots=True)
class Document:
    """A Lean 3 text and where it lives, or would live: its project and imports depend on it."""

    text: str
    path: Path | None = None

    @property
    def folder(self) -> Path:
        """The folder that Lean is chosen for."""
        return self.path.parent if self.path is not None else Path.cwd()


class Hole(Protocol):
    """A site as a Lean meets it; see :class:`engine.lean.hole.LeanHole`."""

    @property
    def greeting(self) -> Greeting:
        """What Lean said when it met the hole."""
        ...

    def apply(
        self, state_id: int, tactics: Iterable[str], *, timeout: float
    ) -> AsyncIterator[TacticResult]:
        """Applies tactics to a state and streams what became of them."""
        ...

    async def known(self, names: Sequence[str]) -> set[str]:
        """Which of these declarations exist at the site."""
        ...

    async def close(self) -> None:
        """Lets go of everything that the hole holds."""
        ...


class LeanSession(Protocol):
    """What the driver needs of a Lean."""

    checker: str

    async def open(self, document: Document, site: Site) -> Hole:
        """Opens the site; an :class:`EngineError` says why it cannot be searched."""
        ...

    async def verify(self, document: Document, site: Site, replacement: str) -> Verdict:
        """Judges the document that has ``replacement`` at ``site``."""
        ...

    async def verify_declaration(self, document: Document, site: Site, replacement: str) -> Verdict:
        """Judges the declaration of ``site`` with ``replacement`` in it, and nothing behind it."""
        ...

    async def verify_together(
        self, document: Document, proofs: Sequence[tuple[Site, str]]
    ) -> list[Verdict]:
        """Judges the document that has all of ``proofs``: a verdict on each."""
        ...

    async def identity(self, document: Document) -> str:
        """What tells the Lean and the imports of ``document`` from others."""
        ...

    async def close(self) -> None:
        """Lets go of everything that the session holds."""
        ...


@dataclass(frozen=True, slots=True)
class Workplace:
    """The Lean that serves a folder: its toolchain, its project, and where modules are found."""

    toolchain: Toolchain
    project: Project | None
    search_path: tuple[Path, ...]

    @property
    def has_mathlib(self) -> bool:
        """Whether mathlib's tactics are compiled and on the search path."""
        source = module_source("tactic", self.search_path)
        return source is not None and source.with_suffix(".olean").is_file()

    def default_imports(self) -> list[str]:
        """What a bare statement is checked under: the project's ``all``, mathlib's ``tactic``, or
        nothing.
        """
        if self.project is not None:
            everything = module_source("all", [self.project.source])
            if everything is not None and everything.with_suffix(".olean").is_file():
                return ["all"]
        return ["tactic"] if self.has_mathlib else []


async def find_workplace(folder: Path, program: str | None = None) -> Workplace:
    """Looks for the project and the Lean that serve ``folder``.

    Raises :class:`EngineError` for a Lean 4 project and where no usable Lean 3 is found.
    """
    project = find_project(folder)
    toolchain = await find_toolchain(project.root if project is not None else folder, program)
    path = toolchain.search_path
    if project is not None and project.source.resolve() not in (p.resolve() for p in path):
        path = (*path, project.source)
    return Workplace(toolchain, project, path)


_NO_END = "Lean did not come to the end of the document"
_NO_PLACE = "the other proofs leave no place for it"


def _line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _position_of(text: str, offset: int) -> tuple[int, int]:
    return _line_of(text, offset), offset - (text.rfind("\n", 0, offset) + 1)


def _objection(
    before: Sequence[Message],
    after: Sequence[Message],
    text: str,
    spliced: str,
    site: Site,
    replacement: str,
) -> str | None:
    """Why the errors of ``spliced`` speak against the proof at ``site`` of ``text``, or None."""
    shift = spliced.count("\n") - text.count("\n")
    fresh = new_errors(before, after, end=_position_of(text, site.span.end), shift=shift)
    if fresh:
        return _reported(fresh[0])
    return _in_declaration(after, text, spliced, site, replacement)


def _reported(error: Message) -> str:
    where = f"line {error.line}, column {error.column}"
    return f"with the proof in place, Lean reports at {where}: {error.text}"


def _in_declaration(
    after: Sequence[Message], text: str, spliced: str, site: Site, replacement: str
) -> str | None:
    """An error of ``spliced`` inside the declaration of ``site``, or None."""
    if site.declaration is None:
        return None
    start = site.declaration.span.start
    # What follows on the declaration's last line belongs to the next command.
    end = site.declaration.span.end + len(spliced) - len(text)
    end = max(site.span.start + len(replacement), len(spliced[:end].rstrip()))
    first, last = _position_of(spliced, start), _position_of(spliced, end)
    for message in after:
        # An error where the declaration starts, and that was there before, is about a statement
        # in front of it that still has no proof.
        if message.is_error and first < (message.line, message.column) <= last:
            return f"the declaration has another error: {message.text}"
    return None


def check_goal(greeting: Greeting, site: Site) -> None:
    """Raises :class:`EngineError` for a goal with metavariables, or that is no proposition."""
    if greeting.has_metavariables:
        raise EngineError(
            "The goal here contains metavariables, so that it is not yet known what is to be "
            "proved.",
            remedy="Give the missing terms or types first.",
            line=site.line,
            column=site.column,
        )
    if not greeting.is_prop:
        raise EngineError(
            "The goal here is not a proposition: data is asked for, not a proof.",
            remedy="Write the term yourself, or a `sorry` for the proofs inside it.",
            line=site.line,
            column=site.column,
        )


@dataclass(frozen=True, slots=True)
class _Prepared:
    """How Lean is run over a document: its text with absolute imports, and the site there."""

    command: LeanCommand
    text: str
    analysis: Analysis
    site: Site
    key: Key

    @property
    def line(self) -> int:
        """Where the site's declaration starts in the instrumented text."""
        return _line_of(self.text, self.site.declaration.span.start) + SHIFT


def _finished(places: Sequence[_Prepared | None], proofs: Sequence[tuple[Site, str]]) -> str:
    """The text, its imports absolute, with all proofs in it; empty where no proof has a place."""
    for place, (_, replacement) in zip(places, proofs, strict=True):
        if place is not None:
            return splice(place.text, [(place.site.span, replacement)])
    return ""


class ProcessSession:
    """Opens holes in warm Leans, and has plain ones judge documents.

    With ``warm`` None each hole has a Lean of its own, that pays for the imports anew. That is
    also what is done where a warm Lean fails.
    """

    def __init__(
        self,
        *,
        lean: str | None,
        threads: int,
        memory_mb: int,
        heartbeats: int = 0,
        sandbox: SandboxMode = "auto",
        warm: Limits | None = None,
    ) -> None:
        self._lean = lean
        self._threads = threads
        self._memory_mb = memory_mb
        self._heartbeats = heartbeats
        self._sandboxes = Sandboxes(sandbox)
        self._workplaces: dict[Path, Workplace] = {}
        self._runtimes: dict[Path, Path] = {}
        self._baselines: dict[tuple[str, Path | None], list[Message]] = {}
        self._holes: weakref.WeakSet[LeanHole] = weakref.WeakSet()
        self._runs: set[LeanProcess] = set()
        self._closed = False
        self._pool = Pool(warm) if warm is not None else None
        self.checker = "Lean 3"
        sweep()

    async def workplace(self, folder: Path) -> Workplace:
        """The Lean that serves ``folder``, found once."""
        if folder not in self._workplaces:
            self._workplaces[folder] = await find_workplace(folder, self._lean)
        self.checker = f"Lean {self._workplaces[folder].toolchain.version_text}"
        return self._workplaces[folder]

    def notices(self) -> list[str]:
        """What the user should know about how Lean runs; each is given once."""
        return self._sandboxes.notices()

    async def _command(self, document: Document, analysis: Analysis) -> LeanCommand:
        if analysis.prelude:
            raise EngineError(
                "A document that starts with `prelude` cannot be searched.",
                remedy="The prover needs Lean's core library; remove `prelude`.",
            )
        workplace = await self.workplace(document.folder)
        toolchain = workplace.toolchain
        runtime = await runtime_folder(toolchain)
        path = workplace.search_path
        folder = document.folder
        if not any(entry == folder or entry in folder.parents for entry in path):
            path = (*path, folder)  # where a bare file's relative imports start
        names = [absolute_module(i.module, document.path, path) for i in analysis.imports]
        await asyncio.to_thread(
            check_imports,
            names,
            path,
            version=toolchain.version_text,
            own=workplace.project.source if workplace.project is not None else folder,
        )
        return LeanCommand(
            toolchain,
            (*path, runtime),
            threads=self._threads,
            memory_mb=self._memory_mb,
            sandbox=await self._sandboxes.of(toolchain),
        )

    async def _prepare(self, document: Document, site: Site) -> _Prepared:
        analysis = analyse(document.text)
        command = await self._command(document, analysis)
        text = with_absolute_imports(document.text, analysis, document.path, command.search_path)
        # Imports come before every site, so that a change of their length moves nothing inside.
        moved = len(text) - len(document.text)
        here = analyse(text) if moved else analysis
        place = next(s for s in here.sites if s.span.start == site.span.start + moved)
        modules = [item.module for item in here.imports]
        stamp = await asyncio.to_thread(stamp_of, modules, command.search_path)
        return _Prepared(command, text, here, place, Key(command, header(modules), stamp))

    def _hosts(self, prepared: _Prepared) -> list[Hosts]:
        """The ways to a Lean, the quickest first."""
        pool, plain = self._pool, cold(prepared.command)
        if pool is None:
            return [plain]
        # What stands before the site is the same whatever is put there.
        text = with_hole(prepared.text, prepared.analysis, prepared.site, "")
        return [lambda: pool.take(prepared.key, text), plain]

    async def open(self, document: Document, site: Site) -> LeanHole:
        """Opens ``site``.

        Raises :class:`EngineError` where the imports are missing, Lean does not accept the
        statement, never comes to the site, or the goal is not a proposition or has metavariables.
        """
        prepared = await self._prepare(document, site)
        *quick, plain = self._hosts(prepared)
        for hosts in quick:
            with suppress(WarmLeanError):
                return await self._open(prepared, hosts, document, site, again=True)
        return await self._open(prepared, plain, document, site)

    async def _open(
        self,
        prepared: _Prepared,
        hosts: Hosts,
        document: Document,
        site: Site,
        *,
        again: bool = False,
    ) -> LeanHole:
        """``again``: where Lean itself failed, WarmLeanError is raised, and not what to tell."""
        hole = LeanHole(
            hosts,
            lambda folder: with_hole(prepared.text, prepared.analysis, prepared.site, str(folder)),
            line=prepared.line,
            heartbeats=self._heartbeats,
        )
        self._holes.add(hole)
        try:
            greeting = await hole.open(_WARM_SECONDS if again else _OPEN_SECONDS)
            check_goal(greeting, site)
        except NotReachedError as error:
            if again and error.failed:
                await hole.close()
                raise WarmLeanError(str(error)) from error
            messages = await hole.messages()
            await hole.close()
            raise self._why(error, messages, document, site) from error
        except BaseException:
            await hole.close()
            raise
        return hole

    @staticmethod
    def _why(
        error: NotReachedError, messages: Sequence[Message], document: Document, site: Site
    ) -> EngineError:
        declaration = site.declaration
        errors = [message for message in messages if message.is_error]
        if declaration is not None:
            first = _line_of(document.text, declaration.span.start)
            last = _line_of(document.text, declaration.span.end)
            errors.sort(key=lambda message: not first <= message.line - SHIFT <= last)
        if errors:
            found = errors[0]
            return EngineError(
                found.text,
                remedy="Lean must accept the statement before it can be proved.",
                line=max(1, found.line - SHIFT),
                column=found.column,
            )
        if error.failed:
            return EngineError(
                f"{error}.",
                remedy="Try again; if it repeats, see what Lean needs for what stands before it.",
                kind=ErrorKind.ENVIRONMENT,
            )
        return EngineError(
            f"{error}.",
            remedy="Lean elaborates no proof here; is the site inside something that is not run?",
            line=site.line,
            column=site.column,
        )

    # -- verification ----------------------------------------------------------------------------

    async def _check(
        self, command: LeanCommand, text: str, *, again: bool = True
    ) -> list[Message] | None:
        """Lean's messages about ``text``, or None when Lean did not come to its end.

        A Lean that is killed (as the kernel does when memory is short) is asked once more.
        """
        with ExitStack() as afterwards:
            async with lean_over(command, text) as run:
                self._runs.add(run)
                # Only once it is dead: who closes the session kills, and waits for, what is there.
                afterwards.callback(self._runs.discard, run)
                try:
                    code = await asyncio.wait_for(asyncio.shield(run.ended), _VERIFY_SECONDS)
                except asyncio.TimeoutError:
                    return None
        if code < 0 and again and not (self._closed or run.ran_out):
            return await self._check(command, text, again=False)
        # Status 1 means errors, which are among the messages.
        return run.messages if code in (0, 1) else None

    async def _audited(self, prepared: _Prepared, text: str) -> Sequence[Message] | None:
        """Lean's messages about the audited declaration, from a warm Lean if there is one."""
        if self._pool is None:
            return await self._check(prepared.command, text)
        try:
            lent = await self._pool.take(prepared.key, text)
        except WarmLeanError:
            return await self._check(prepared.command, text)
        try:
            return await asyncio.wait_for(lent.check(text, prepared.line), _VERIFY_SECONDS)
        except asyncio.TimeoutError:
            return None
        except WarmLeanError:
            return await self._check(prepared.command, text)
        finally:
            # A proof may have started what still runs.
            await lent.leave(lambda: None, calm=False)

    async def _baseline(
        self, command: LeanCommand, document: Document, text: str
    ) -> list[Message] | None:
        key = (text, document.path)
        if key not in self._baselines:
            messages = await self._check(command, text)
            if messages is None:
                return None
            if len(self._baselines) >= 4:
                self._baselines.pop(next(iter(self._baselines)))
            self._baselines[key] = messages
        return self._baselines[key]

    async def identity(self, document: Document) -> str:
        """Lean's version, the imports in their order, and the state of their compiled files."""
        analysis = analyse(document.text)
        command = await self._command(document, analysis)
        names = [
            absolute_module(item.module, document.path, command.search_path)
            for item in analysis.imports
        ]
        stamp = await asyncio.to_thread(stamp_of, names, command.search_path)
        return repr((command.toolchain.version_text, names, stamp))

    async def verify(self, document: Document, site: Site, replacement: str) -> Verdict:
        """Has Lean judge exactly the document with ``replacement`` at ``site``.

        Accepted means: the declaration has no error, the document has no error that it did not
        have before, and the proof term is closed, without ``sorry``, its own theorem, a new axiom
        or meta code. A refusal is a verdict, not an exception.
        """
        started = time.monotonic()
        prepared = await self._prepare(document, site)
        command, text, place = prepared.command, prepared.text, prepared.site
        spliced = splice(text, [(place.span, replacement)])
        nonce = secrets.randbelow(1 << 30)
        exact, audited = await asyncio.gather(
            self._check(command, spliced),
            self._audited(prepared, with_audit(text, prepared.analysis, place, replacement, nonce)),
        )

        if exact is None or audited is None:
            return self._verdict(started, False, _NO_END)
        errors = [message for message in exact if message.is_error]
        if errors:
            before = await self._baseline(command, document, text)
            if before is None:
                return self._verdict(started, False, _NO_END)
            objection = _objection(before, exact, text, spliced, place, replacement)
            if objection is not None:
                return self._verdict(started, False, objection)
        verdict = self._audit_verdict(prepared, exact, audited, nonce, started)
        if errors and verdict.accepted:
            return replace(verdict, message=f"elsewhere, Lean reports: {errors[0].text}")
        return verdict

    def _verdict(
        self, started: float, accepted: bool, message: str = "", **more: list[str]
    ) -> Verdict:
        return Verdict(
            accepted=accepted,
            checker=self.checker,
            seconds=time.monotonic() - started,
            message=message,
            **more,
        )

    def _audit_verdict(
        self,
        prepared: _Prepared,
        exact: Sequence[Message],
        audited: Sequence[Message],
        nonce: int,
        started: float,
    ) -> Verdict:
        """The verdict on a proof whose document has no error that speaks against it."""
        # A warm Lean says nothing of what stands before; the others' errors must not hide ours.
        difference = only_under_audit(
            [message for message in exact if message.line >= prepared.line - SHIFT],
            [message for message in audited if message.line >= prepared.line],
        )
        if difference is not None:
            message = f"the proof behaves differently under audit: {difference}"
            return self._verdict(started, False, message)
        return self._judged(audited, nonce, started)

    def _judged(self, audited: Sequence[Message], nonce: int, started: float) -> Verdict:
        """What the audit of this number says of its proof."""
        audits = read_audits(audited, nonce)
        if not audits:
            message = "Lean accepts the document but never ran the proof"
            return self._verdict(started, False, message)
        for audit in audits:
            objection = audit.objection()
            if objection is not None:
                return self._verdict(started, False, f"Lean accepts the proof, but {objection}")
        return self._verdict(
            started,
            True,
            axioms=sorted({axiom for audit in audits for axiom in audit.axioms}),
            sorries=sorted({name for audit in audits for name in audit.sorries}),
        )

    async def verify_declaration(self, document: Document, site: Site, replacement: str) -> Verdict:
        """Has a warm Lean judge the declaration of ``site`` with ``replacement`` in it.

        For proofs that :meth:`verify_together` judges later: accepted means that the declaration
        has no error and that its proof term is as :meth:`verify` wants it; nothing is said of what
        stands behind it.
        """
        started = time.monotonic()
        prepared = await self._prepare(document, site)
        nonce = secrets.randbelow(1 << 30)
        text = with_audit(prepared.text, prepared.analysis, prepared.site, replacement, nonce)
        audited = await self._audited(prepared, text)
        if audited is None:
            return self._verdict(started, False, _NO_END)
        error = only_under_audit([], [m for m in audited if m.line >= prepared.line])
        if error is not None:
            return self._verdict(started, False, f"the declaration has an error: {error}")
        return self._judged(audited, nonce, started)

    async def verify_together(
        self, document: Document, proofs: Sequence[tuple[Site, str]]
    ) -> list[Verdict]:
        """Has Lean judge exactly the document with all the ``proofs`` in it: a verdict on each.

        Accepted means the same as for :meth:`verify`, of this one text: an error that the document
        did not have before, and that is in no proof's declaration, speaks against all of them.
        Raises ValueError for sites that overlap.
        """
        if len(proofs) == 1:
            return [await self.verify(document, *proofs[0])]
        started = time.monotonic()
        original = await self._prepare(document, proofs[0][0])
        places: list[_Prepared | None] = []
        for rest, site in each_as_last(document.text, proofs):
            alone = Document(rest, document.path)
            places.append(None if site is None else await self._prepare(alone, site))
        final = _finished(places, proofs)
        exact, audited = await asyncio.gather(
            self._check(original.command, final), self._all_audits(original, document, proofs)
        )
        fresh: list[Message] = []
        if exact is not None and any(message.is_error for message in exact):
            before = await self._baseline(original.command, document, original.text)
            exact = None if before is None else exact
            fresh = more_errors(before or (), exact or ())
        if exact is None:
            return [self._verdict(started, False, _NO_END) for _ in proofs]
        clean = audited is not None and only_under_audit(exact, audited[0]) is None
        verdicts = []
        blamed = False
        for index, (place, (_, replacement)) in enumerate(zip(places, proofs, strict=True)):
            if place is None:
                verdicts.append(self._verdict(started, False, _NO_PLACE))
                continue
            error = _in_declaration(exact, place.text, final, place.site, replacement)
            blamed = blamed or error is not None
            if error is not None:
                verdicts.append(self._verdict(started, False, error))
            elif clean and audited is not None:
                verdicts.append(self._judged(audited[0], audited[1][index], started))
            else:
                # Which of them behaves differently under audit shows only one by one.
                verdicts.append(await self._one_by_itself(place, replacement, exact, started))
        if fresh and not blamed:
            return [self._verdict(started, False, _reported(fresh[0])) for _ in proofs]
        return verdicts

    async def _all_audits(
        self, original: _Prepared, document: Document, proofs: Sequence[tuple[Site, str]]
    ) -> tuple[Sequence[Message], list[int]] | None:
        """What Lean says of all proofs under audit, and the number of each audit."""
        moved = len(original.text) - len(document.text)
        sites = {site.span.start: site for site in original.analysis.sites}
        nonces = [secrets.randbelow(1 << 30) for _ in proofs]
        there = [
            (sites[site.span.start + moved], proof, nonce)
            for (site, proof), nonce in zip(proofs, nonces, strict=True)
        ]
        text = with_audits(original.text, original.analysis, there)
        audited = await self._check(original.command, text)
        return None if audited is None else (audited, nonces)

    async def _one_by_itself(
        self, place: _Prepared, replacement: str, exact: Sequence[Message], started: float
    ) -> Verdict:
        nonce = secrets.randbelow(1 << 30)
        text = with_audit(place.text, place.analysis, place.site, replacement, nonce)
        audited = await self._audited(place, text)
        if audited is None:
            return self._verdict(started, False, _NO_END)
        return self._audit_verdict(place, exact, audited, nonce, started)

    async def close(self) -> None:
        """Kills every Lean that the session started."""
        self._closed = True
        pools = [self._pool.close()] if self._pool is not None else []
        await asyncio.gather(
            *(hole.close() for hole in list(self._holes)),
            *(run.kill() for run in self._runs),
            *pools,
        )


def default_threads() -> int:
    """As many tactics at a time as there are cores for this process."""
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except AttributeError:  # macOS
        return os.cpu_count() or 1
