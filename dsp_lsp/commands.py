"""What the subcommands do, after the command line is understood; they need an engine."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dsp_lsp.files import check_writable, decode, read_source, replace_file, write_source
from dsp_lsp.proving import Document, prove_sites
from dsp_lsp.report import (
    counted,
    error_text,
    in_context,
    record,
    subject,
    suggest_record,
    unified_diff,
    verdict_text,
)
from dsp_lsp.splices import Splices
from dsp_lsp.targets import (
    Target,
    choose_sites,
    complete_statement,
    imports_of,
    parse_target,
)
from dsp_lsp.terminal import open_progress, say, show
from engine.protocol import EngineError, ErrorKind, SearchOptions, Settings, SuggestParams
from engine.source import find_sites

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsp_lsp.engine_client import EngineClient
    from dsp_lsp.files import SourceFile
    from dsp_lsp.proving import Outcome
    from dsp_lsp.terminal import ProgressView
    from engine.source import Site

__all__ = ["ProveJob", "SuggestJob", "prove", "read_standard_input", "suggest"]

PROVED, NOT_PROVED, BAD_INPUT, BAD_ENVIRONMENT = 0, 1, 2, 3


@dataclass(frozen=True, kw_only=True)
class ProveJob:
    """The command line of ``prove``. Exactly one of ``target`` and ``statement`` is set.

    ``target`` is ``-`` for standard input, whose text is ``piped``. ``imports`` is None where none
    was named.
    """

    target: str | None
    statement: str | None
    piped: str | None = None
    imports: list[str] | None
    settings: Settings
    options: SearchOptions
    output: str = "text"
    write: bool = False
    tree: str | None = None
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class SuggestJob:
    """The command line of ``suggest``."""

    target: str
    settings: Settings
    options: SearchOptions
    limit: int
    json: bool = False


def read_standard_input() -> str:
    """All of it, as the text of a document."""
    return decode(sys.stdin.buffer.read() if sys.stdin else b"", "Standard input")


async def prove(job: ProveJob, client: EngineClient) -> int:
    """Runs ``prove``; returns the exit status. Expected failures are :class:`EngineError`."""
    if job.tree is not None:
        _check_folder(job.tree)
    if job.target not in (None, "-"):
        return await _prove_file(job, client, parse_target(job.target or ""))
    return await _prove_statement(job, client)


async def suggest(job: SuggestJob, client: EngineClient) -> int:
    """Runs ``suggest``; returns the exit status: 1 when nothing was found."""
    target = parse_target(job.target)
    source = read_source(target.file)
    if target.line is None:
        raise EngineError("`suggest` needs a place.", remedy=f"Write {target.file}:LINE:COL.")
    site = choose_sites(source.text, target)[0]
    params = SuggestParams(
        text=source.text,
        site=site.span.start,
        path=source.absolute,
        limit=job.limit,
        options=job.options,
    )
    await client.start(job.settings)
    try:
        result = await client.suggest(params)
    except EngineError as error:
        say(error_text(error, source.name))
        return _status_of(error)
    if job.json:
        show(json.dumps(suggest_record(source.name, site, result), ensure_ascii=False))
    else:
        show(f"{source.name}:{site.line}:{site.column}: {subject(site)}\n{result.goal}\n")
        for item in result.suggestions:
            goals = f"leaves {counted(item.goals, 'goal')}" if item.goals else "closes the goal"
            show(f"  {item.tactic:<40}  {goals}")
        if not result.suggestions:
            show("  no tactic succeeded")
    return PROVED if result.suggestions else NOT_PROVED


async def _prove_file(job: ProveJob, client: EngineClient, target: Target) -> int:
    if job.imports is not None:
        raise EngineError(
            "`--import` is for statements; a file says itself what it imports.",
            remedy=f"Write the import into {target.file}.",
        )
    source = read_source(target.file)
    if job.write:
        check_writable(source.path)
    sites = choose_sites(source.text, target)
    splices = Splices(source.text)
    document = Document(source.name, source.absolute, splices, imports_of(source.text))
    await client.start(job.settings)
    run = _Run(job, document, len(sites))
    try:
        await run.prove(client, sites)
    finally:
        # Also when interrupted, or when the engine is gone: a verified proof is kept.
        run.finish(source)
    return run.status


async def _prove_statement(job: ProveJob, client: EngineClient) -> int:
    if job.write or job.output == "diff":
        option = "--write" if job.write else "--diff"
        raise EngineError(f"`{option}` needs a file.", remedy=f"Leave out {option}.")
    if job.statement is None:
        name, text = "<stdin>", job.piped or ""
    else:
        name, text = "<statement>", job.statement
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:  # what Python makes of arguments in another encoding
            raise EngineError("The statement is not UTF-8.", remedy="Use - and a file.") from None
    called = "Standard input" if job.statement is None else "The statement"
    text = complete_statement(text, called)
    await client.start(job.settings)
    folder = os.getcwd()  # noqa: PTH109
    own = imports_of(text)
    imports = job.imports
    if imports is None:
        imports = [] if own else (await client.environment(folder)).default_imports
    splices = Splices(text)
    if imports:
        splices.replace(0, 0, "".join(f"import {module}\n" for module in imports) + "\n")
    document = Document(name, f"{folder}/statement.lean", splices, [*imports, *own])
    run = _Run(job, document, len(sites := find_sites(text)))
    if job.output == "text":
        lines = [f"import {module}" for module in document.imports] or ["-- no imports"]
        show("\n".join([*lines, ""]))
    await run.prove(client, sites)
    run.finish(None)
    return run.status


@dataclass
class _Run:
    """The sites of one command, their outcomes, and how they are shown."""

    job: ProveJob
    document: Document
    total: int
    outcomes: list[Outcome] = field(default_factory=list)
    status: int = PROVED
    _said: set[str] = field(default_factory=set)

    async def prove(self, client: EngineClient, sites: Sequence[Site]) -> None:
        """Proves and shows them, one after the other."""
        budget = self.job.options.budget
        with open_progress(quiet=self.job.quiet) as view:

            def begin(site: Site) -> None:
                number = f"[{len(self.outcomes) + 1}/{self.total}] " if self.total > 1 else ""
                view.begin(f"{number}{self._place(site)} {subject(site)}", budget)

            search = prove_sites(
                client,
                self.document,
                sites,
                self.job.options,
                on_start=begin,
                on_progress=view.update,
            )
            async for outcome in search:
                self.outcomes.append(outcome)
                self._count(outcome)
                with view.pause():
                    self._show(outcome)
                await self._draw(client, outcome, view)

    def finish(self, source: SourceFile | None) -> None:
        """Writes the file, if asked to, and what is shown of the whole."""
        changed = self.document.splices.text
        proved = sum(1 for outcome in self.outcomes if outcome.splice)
        if source is not None and self.job.output == "diff" and proved:
            sys.stdout.write(unified_diff(source.name, source.text, changed))
            sys.stdout.flush()
        if source is not None and self.job.write and proved:
            write_source(source, changed)
            self._tell(f"{source.name}: {proved} of {self.total} proved and written.")
        elif self.total > 1:
            self._tell(f"{self.document.name}: {proved} of {self.total} proved.")

    def _count(self, outcome: Outcome) -> None:
        if outcome.error is not None:
            self.status = max(self.status, BAD_INPUT)
        elif outcome.splice is None:
            self.status = max(self.status, NOT_PROVED)

    def _place(self, site: Site) -> str:
        return f"{self.document.name}:{site.line}:{site.column}"

    def _show(self, outcome: Outcome) -> None:
        if outcome.error is not None:
            text = error_text(outcome.error, self.document.name)
            if outcome.error.line is None:
                text = f"{self._place(outcome.site)}: {text}"
            if text not in self._said:  # What is wrong with the file is wrong at every site.
                self._said.add(text)
                say(text)
        if self.job.output == "json":
            show(json.dumps(record(self.document, outcome), ensure_ascii=False))
            return
        if outcome.error is not None:
            return
        head = f"{self._place(outcome.site)}: {subject(outcome.site)}: {verdict_text(outcome)}"
        if self.job.output == "diff":
            self._tell(head)
        else:
            show("\n".join([head, *self._body(outcome), ""]))

    def _body(self, outcome: Outcome) -> list[str]:
        result = outcome.result
        if result is None:
            return []
        notes = [f"  note: {note}" for note in result.notes]
        if outcome.splice is None:
            return [*notes, *(f"  {line}" for line in result.goal.split("\n"))]
        colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        lines = [
            f"\x1b[32m{line}\x1b[0m" if new and colour else line
            for line, new in in_context(self.document, outcome)
        ]
        return [*notes, "", *lines]

    async def _draw(self, client: EngineClient, outcome: Outcome, view: ProgressView) -> None:
        if self.job.tree is None or outcome.result is None:
            return
        path = Path(self.job.tree)
        if self.total > 1:
            number = len(self.outcomes)
            path = path.with_name(f"{path.stem}-{number}{path.suffix}")
        picture = await client.tree(outcome.job)
        replace_file(path, picture.svg.encode("utf-8"))
        with view.pause():
            self._tell(f"The search tree is in {path}.")

    def _tell(self, text: str) -> None:
        if not self.job.quiet:
            say(text)


def _check_folder(name: str) -> None:
    path = Path(name)
    if path.is_dir() or not path.parent.is_dir() or not path.name:
        raise EngineError(
            f"{name} cannot be written: there is no such folder, or it is one.",
            remedy="Name a file in a folder that exists, such as tree.svg.",
        )


def _status_of(error: EngineError) -> int:
    return BAD_INPUT if error.kind is ErrorKind.INPUT else BAD_ENVIRONMENT
