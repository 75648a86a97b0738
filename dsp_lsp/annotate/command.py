"""The subcommand ``annotate``: its grammar, and what it prints and writes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from dsp_lsp.arguments import add_search, count, read_options, read_settings, seconds

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from dsp_lsp.engine_client import EngineClient

__all__ = ["add_annotate"]

_MOST_WORKERS = 4
"""More are for those who ask: searches share Leans, and their threads."""

_EXIT_STATUS = """\
exit status: 0 the run came to its end, 1 with --fail-on-sorry: the files still have a site,
2 the input is wrong, 3 the environment is (no Lean 3, a dead engine, a full disk), 130 after
Ctrl-C.
"""


def add_annotate(commands: Any) -> None:
    """Adds the subcommand."""
    import argparse

    parser = commands.add_parser(
        "annotate",
        help="prove what files, folders and patterns leave open",
        description="Proves every site of the files that it can, several at a time, in one "
        "engine. Of folders it takes the .lean files below, but not those in hidden folders "
        "and in _target; a pattern in quotes may have * and **. A file is written at once, with "
        "proofs that Lean accepted in its whole last text, which has no error that it did not have "
        "before.",
        epilog=_EXIT_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=_annotate, parser=parser)
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a file, folder or pattern")
    out = parser.add_argument_group("output")
    out.add_argument("--write", action="store_true", help="replace each file when it is finished")
    out.add_argument("--diff", action="store_true", help="print a unified diff of each file")
    out.add_argument(
        "--report",
        action="append",
        default=[],
        metavar="FILE",
        help="write what became of each site: .json, .html or .md (repeatable)",
    )
    out.add_argument("--quiet", action="store_true", help="no progress")
    run = parser.add_argument_group("the run")
    run.add_argument("--total", type=seconds, metavar="SECONDS", help="for all sites together")
    run.add_argument(
        "--workers", type=count, metavar="N", help="searches at a time (default: cores, at most 4)"
    )
    run.add_argument(
        "--resume", action="store_true", help="go on where a run over these paths was ended"
    )
    run.add_argument(
        "--fail-on-sorry",
        action="store_true",
        help="exit status 1 if the files have a site in the end; without --write, if they had one",
    )
    add_search(parser)


def _annotate(arguments: argparse.Namespace, connect: Callable[[], EngineClient]) -> int:
    from dsp_lsp.annotate.batch import Batch, is_complete
    from dsp_lsp.annotate.journal import Journal
    from dsp_lsp.annotate.places import find_files
    from dsp_lsp.annotate.reports import check_report, write_report
    from dsp_lsp.terminal import say

    for name in arguments.report:
        check_report(name)
    names = find_files(arguments.paths)
    settings, options = read_settings(arguments), read_options(arguments)
    workers = _workers(arguments)
    terms = {"options": repr(options), "generator": repr(settings.generator)}
    journal = Journal(arguments.paths, terms, resume=arguments.resume)
    complete = False
    try:
        if arguments.resume and not journal.resumed:
            say("There is no run over these paths to go on with; a new one begins.")
        batch = Batch(arguments, journal, names)
        try:
            status = batch.run(connect, settings, options, workers)
            complete = is_complete(status) and batch.all_tried
        finally:
            report = batch.report(options, workers, complete=complete)
            for name in arguments.report:
                write_report(name, report)
            batch.say_totals(report)
            if not complete:
                say("With --resume it goes on from here.")
        return status
    finally:
        journal.close(complete=complete)


def _workers(arguments: argparse.Namespace) -> int:
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        cores = os.cpu_count() or 1
    return arguments.workers or min(cores, _MOST_WORKERS)
