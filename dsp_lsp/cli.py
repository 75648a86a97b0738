"""The command line ``dsp-lsp``.

Exit status: 0 everything was proved, 1 something was not, 2 the input is wrong, 3 the environment
is (no Lean 3, a dead engine, a full disk), 130 after Ctrl-C, 141 when nobody reads the output.
Standard output carries results only; everything else goes to standard error.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from dsp_lsp import __version__
from dsp_lsp.annotate.command import add_annotate
from dsp_lsp.arguments import EXIT_STATUS, add_search, count, read_options, read_settings
from dsp_lsp.cache_command import add_cache
from dsp_lsp.running import with_engine
from dsp_lsp.web.arguments import add_listening, add_web, listen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dsp_lsp.engine_client import EngineClient

__all__ = ["main"]

PROVED, NOT_PROVED, BAD_INPUT, BAD_ENVIRONMENT = 0, 1, 2, 3
INTERRUPTED, NOBODY_READS = 128 + signal.SIGINT, 128 + signal.SIGPIPE


class _Parser(argparse.ArgumentParser):
    """One sentence and where to read more, instead of the whole usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(
    argv: Sequence[str] | None = None, *, connect: Callable[[], EngineClient] | None = None
) -> int:
    """Runs the command line and returns the exit status.

    ``connect`` makes the client of the engine; by default one that starts ``python -m engine``.
    """
    from dsp_lsp.terminal import prepare_streams, say

    prepare_streams()
    try:
        try:
            arguments = _parser().parse_args(argv)
            status = _run(arguments, connect or _engine)
        except SystemExit as end:  # `--help`, `--version` and what argparse refuses
            status = end.code if isinstance(end.code, int) else BAD_INPUT
        sys.stdout.flush()
    except BrokenPipeError:
        status = NOBODY_READS
    except KeyboardInterrupt:
        status = INTERRUPTED
    except OSError as error:
        say(f"dsp-lsp: {error.filename or 'the output'}: {error.strerror or error}.")
        status = BAD_ENVIRONMENT
    finally:
        _let_go_of_output()
    return status


def _run(arguments: argparse.Namespace, connect: Callable[[], EngineClient]) -> int:
    from dsp_lsp.report import error_text
    from dsp_lsp.terminal import say
    from engine.protocol import EngineError, ErrorKind

    try:
        status: int = arguments.run(arguments, connect)
    except EngineError as error:
        say(f"dsp-lsp: {error_text(error)}")
        return BAD_INPUT if error.kind is ErrorKind.INPUT else BAD_ENVIRONMENT
    return status


def _engine() -> EngineClient:
    from dsp_lsp.engine_client import EngineProcess

    return EngineProcess()


def _let_go_of_output() -> None:
    # Python flushes at exit, and complains then of a pipe that nobody reads.
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.close(null)


# -- the subcommands -------------------------------------------------------------------------------


def _prove(arguments: argparse.Namespace, connect: Callable[[], EngineClient]) -> int:
    from dsp_lsp.commands import ProveJob, prove, read_standard_input

    if (arguments.target is None) == (arguments.statement is None):
        arguments.parser.error("give either FILE (or -) or --statement")
    output = "json" if arguments.json else "diff" if arguments.diff else "text"
    job = ProveJob(
        target=arguments.target,
        statement=arguments.statement,
        # Read before there is an event loop: Ctrl-C would wait for the end of the input.
        piped=read_standard_input() if arguments.target == "-" else None,
        imports=arguments.imports,
        settings=read_settings(arguments),
        options=read_options(arguments),
        output=output,
        write=arguments.write,
        tree=arguments.tree,
        quiet=arguments.quiet,
    )
    return with_engine(connect, lambda client: prove(job, client))


def _suggest(arguments: argparse.Namespace, connect: Callable[[], EngineClient]) -> int:
    if (arguments.target is None) == (arguments.listen is None):
        arguments.parser.error("give either FILE:LINE:COL or --listen PORT")
    if arguments.listen is not None:
        return listen(arguments, connect)
    from dsp_lsp.commands import SuggestJob, suggest

    job = SuggestJob(
        target=arguments.target,
        settings=read_settings(arguments),
        options=read_options(arguments),
        limit=arguments.limit,
        json=arguments.json,
    )
    return with_engine(connect, lambda client: suggest(job, client))


def _sites(arguments: argparse.Namespace, connect: Callable[[], EngineClient]) -> int:
    import json

    from dsp_lsp.files import read_source
    from dsp_lsp.report import site_record, subject
    from dsp_lsp.terminal import say, show
    from engine.source import find_sites

    source = read_source(arguments.file)
    sites = find_sites(source.text)
    if arguments.json:
        records = [site_record(source.name, site) for site in sites]
        show(json.dumps(records, ensure_ascii=False, indent=2))
    elif not sites:
        say(f"{source.name} has nothing to prove.")
    else:
        places = [f"{source.name}:{site.line}:{site.column}" for site in sites]
        width = max(map(len, places))
        for place, site in zip(places, sites, strict=True):
            show(f"{place:<{width}}  {site.kind.value:<7}  {subject(site)}")
    return 0


def _serve(arguments: argparse.Namespace, connect: Callable[[], EngineClient]) -> int:
    from dsp_lsp.serving import serve

    return serve()


def _doctor(arguments: argparse.Namespace, connect: Callable[[], EngineClient]) -> int:
    from dsp_lsp.doctor import doctor

    folder = os.path.abspath(arguments.path)  # noqa: PTH100
    settings = read_settings(arguments)
    return with_engine(
        connect, lambda client: doctor(client, folder, settings, as_json=arguments.json)
    )


# -- the grammar -----------------------------------------------------------------------------------


def _parser() -> _Parser:
    parser = _Parser(
        prog="dsp-lsp",
        description="Proof search with DS-Prover for Lean 3.",
        epilog=EXIT_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"dsp-lsp {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_prove(commands)
    add_annotate(commands)
    _add_sites(commands)
    _add_suggest(commands)
    _add_doctor(commands)
    add_cache(commands)
    _add_serve(commands)
    add_web(commands)
    return parser


def _add_prove(commands: Any) -> None:
    parser = commands.add_parser(
        "prove",
        help="prove what a file or a statement leaves open",
        description="Proves every site of FILE (each `sorry`, empty `:=`, empty `begin end`), "
        "those of a line, or the one at a place; or a statement. Sites are proved in order; later "
        "ones see earlier proofs. Only proofs that Lean accepted in place are shown or written.",
        epilog="LINE counts from 1, COL from 0, in characters.\n" + EXIT_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=_prove, parser=parser)
    what = parser.add_argument_group("what to prove")
    what.add_argument(
        "target", nargs="?", metavar="FILE[:LINE[:COL]]", help="a Lean 3 file, or - for a statement"
    )
    what.add_argument("--statement", metavar="TEXT", help="a theorem without its proof")
    what.add_argument(
        "--import",
        dest="imports",
        action="append",
        metavar="MODULE",
        help="import this for a statement (repeatable; default: what the project offers)",
    )
    out = parser.add_argument_group("output")
    form = out.add_mutually_exclusive_group()
    form.add_argument("--diff", action="store_true", help="print a unified diff")
    form.add_argument("--json", action="store_true", help="print one JSON record a site and line")
    out.add_argument(
        "--write", action="store_true", help="replace the file when all searches have ended"
    )
    out.add_argument(
        "--tree", metavar="FILE.svg", help="draw the search (numbered where there are several)"
    )
    out.add_argument("--quiet", action="store_true", help="results and errors only")
    add_search(parser)


def _add_sites(commands: Any) -> None:
    parser = commands.add_parser(
        "sites",
        help="list the places where a proof can go",
        description="Lists the places of FILE where a proof can go; runs no Lean.",
    )
    parser.set_defaults(run=_sites, parser=parser)
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--json", action="store_true", help="print a JSON array")


def _add_suggest(commands: Any) -> None:
    parser = commands.add_parser(
        "suggest",
        help="list tactics that succeed at a place",
        description="Lists tactics that succeed at the site at FILE:LINE:COL, best first; or "
        "answers vscode-lean's Suggest panel.",
        epilog=EXIT_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=_suggest, parser=parser)
    parser.add_argument("target", nargs="?", metavar="FILE:LINE[:COL]")
    add_listening(parser)
    parser.add_argument("--limit", type=count, default=16, help="at most so many (default 16)")
    parser.add_argument("--json", action="store_true", help="print a JSON object")
    add_search(parser)


def _add_serve(commands: Any) -> None:
    parser = commands.add_parser(
        "serve",
        help="serve an editor (a language server on standard input and output)",
        description="A language server on standard input and output, to be started by an editor.",
    )
    parser.set_defaults(run=_serve, parser=parser)
    # What clients add by themselves; there is no other way to talk to it.
    parser.add_argument("--stdio", action="store_true", help=argparse.SUPPRESS)


def _add_doctor(commands: Any) -> None:
    parser = commands.add_parser(
        "doctor",
        help="look whether everything that a proof needs is there",
        description="Looks at Lean, project, search path, compiled modules, mathlib, sandbox, "
        "generator, caches and memory, and proves one theorem. Nothing is downloaded or changed.",
        epilog="exit status: 0 all is well (warnings allowed), 3 something is not.",
    )
    parser.set_defaults(run=_doctor, parser=parser)
    parser.add_argument(
        "path", nargs="?", default=".", metavar="PATH", help="a folder or a file (default: here)"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object")
    add_search(parser)


if __name__ == "__main__":
    sys.exit(main())
