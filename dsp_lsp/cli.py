"""The command line ``dsp-lsp``.

Exit status: 0 everything was proved, 1 something was not, 2 the input is wrong, 3 the environment
is (no Lean 3, a dead engine, a full disk), 130 after Ctrl-C, 141 when nobody reads the output.
Standard output carries results only; everything else goes to standard error.
"""

from __future__ import annotations

import argparse
import math
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from dsp_lsp import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from dsp_lsp.engine_client import EngineClient
    from engine.protocol import GeneratorSettings, SearchOptions, Settings

__all__ = ["main"]

PROVED, NOT_PROVED, BAD_INPUT, BAD_ENVIRONMENT = 0, 1, 2, 3
INTERRUPTED, NOBODY_READS = 128 + signal.SIGINT, 128 + signal.SIGPIPE

_EPILOG = """\
exit status: 0 everything was proved, 1 something was not, 2 the input is wrong,
3 the environment is (no Lean 3, a dead engine, a full disk), 130 after Ctrl-C.
"""


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
        settings=_settings(arguments),
        options=_options(arguments),
        output=output,
        write=arguments.write,
        tree=arguments.tree,
        quiet=arguments.quiet,
    )
    return _with_engine(connect, lambda client: prove(job, client))


def _suggest(arguments: argparse.Namespace, connect: Callable[[], EngineClient]) -> int:
    from dsp_lsp.commands import SuggestJob, suggest

    job = SuggestJob(
        target=arguments.target,
        settings=_settings(arguments),
        options=_options(arguments),
        limit=arguments.limit,
        json=arguments.json,
    )
    return _with_engine(connect, lambda client: suggest(job, client))


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
    settings = _settings(arguments)
    return _with_engine(
        connect, lambda client: doctor(client, folder, settings, as_json=arguments.json)
    )


def _with_engine(
    connect: Callable[[], EngineClient],
    command: Callable[[EngineClient], Coroutine[Any, Any, int]],
) -> int:
    """Runs ``command`` with a client that is closed whatever happens.

    Ctrl-C and SIGTERM cancel it, so that no engine is left behind; a second one does not wait.
    """
    import asyncio

    received: list[int] = []

    async def run() -> int:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # noqa: S101  (a coroutine that runs has a task)

        def interrupt(signum: int) -> None:
            received.append(signum)
            task.cancel()

        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Under `nohup` and in a script's background some are ignored, and are to stay so.
            if signal.getsignal(signum) is not signal.SIG_IGN:
                loop.add_signal_handler(signum, interrupt, signum)
        client = connect()
        try:
            return await command(client)
        finally:
            await client.close()

    try:
        return asyncio.run(run())
    except asyncio.CancelledError:
        from dsp_lsp.terminal import say

        say("dsp-lsp: interrupted.")
        return 128 + (received[0] if received else signal.SIGINT)


def _settings(arguments: argparse.Namespace) -> Settings:
    from engine.protocol import Settings

    lean = arguments.lean
    if lean is not None and os.sep in lean:  # a path, which is the caller's, and no command
        lean = os.path.abspath(os.path.expanduser(lean))  # noqa: PTH100, PTH111
    chosen = {
        "lean": lean,
        # A file is changed on the word of the embedded core only where it was asked for.
        "embedded_fallback": not getattr(arguments, "write", False),
        "threads": arguments.threads,
        "generator": _generator(arguments),
        "sandbox": arguments.sandbox,
    }
    return Settings(**{name: value for name, value in chosen.items() if value is not None})


def _generator(arguments: argparse.Namespace) -> GeneratorSettings:
    import shlex

    from engine.protocol import GeneratorSettings

    command: list[str] = []
    if arguments.generator_command is not None:
        if arguments.generator not in (None, "process"):
            arguments.parser.error("--generator-command is for --generator process")
        try:
            command = shlex.split(arguments.generator_command)
        except ValueError as error:
            arguments.parser.error(f"--generator-command: {error}")
    if not command and (
        arguments.generator == "process" or arguments.generator_command is not None
    ):
        arguments.parser.error("--generator process needs a --generator-command")
    if arguments.generator == "repertoire" and arguments.model is not None:
        arguments.parser.error("--generator repertoire has no --model")
    chosen = {
        "kind": "process" if command else arguments.generator,
        "model": arguments.model,
        "command": command,
        "device": arguments.device,
        "decoding": arguments.decoding,
    }
    return GeneratorSettings(**{name: value for name, value in chosen.items() if value is not None})


def _options(arguments: argparse.Namespace) -> SearchOptions:
    from engine.protocol import SearchOptions

    preset: dict[str, Any] = {}
    if arguments.preset == "paper":
        if arguments.generator == "repertoire":
            arguments.parser.error("--preset paper is a model alone: name one with --model")
        preset = {
            "budget": 600.0,
            "tactic_timeout": 10.0,
            "first_timeout": None,
            "repertoire": False,
        }
    names = ("budget", "sampling", "a", "b", "c", "fixed_n", "max_expansions", "seed")
    chosen = {name: getattr(arguments, name, None) for name in names}
    options = SearchOptions(
        **{**preset, **{name: value for name, value in chosen.items() if value is not None}}
    )
    if options.a + options.b <= 0:
        arguments.parser.error("--a and --b: their sum must be positive")
    return options


# -- the grammar -----------------------------------------------------------------------------------


def _parser() -> _Parser:
    parser = _Parser(
        prog="dsp-lsp",
        description="Proof search with DS-Prover for Lean 3.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"dsp-lsp {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_prove(commands)
    _add_sites(commands)
    _add_suggest(commands)
    _add_doctor(commands)
    _add_serve(commands)
    return parser


def _add_prove(commands: Any) -> None:
    parser = commands.add_parser(
        "prove",
        help="prove what a file or a statement leaves open",
        description="Proves every site of FILE (each `sorry`, empty `:=`, empty `begin end`), "
        "those of a line, or the one at a place; or a statement. Sites are proved in order; later "
        "ones see earlier proofs. Only proofs that Lean accepted in place are shown or written.",
        epilog="LINE counts from 1, COL from 0, in characters.\n" + _EPILOG,
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
    _add_search(parser)


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
        description="Lists tactics that succeed at the site at FILE:LINE:COL, best first.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=_suggest, parser=parser)
    parser.add_argument("target", metavar="FILE:LINE[:COL]")
    parser.add_argument("--limit", type=_count, default=16, help="at most so many (default 16)")
    parser.add_argument("--json", action="store_true", help="print a JSON object")
    _add_search(parser)


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
    _add_search(parser)


def _add_search(parser: argparse.ArgumentParser) -> None:
    search = parser.add_argument_group("search")
    search.add_argument(
        "--budget", type=_seconds, metavar="SECONDS", help="for each site (default 60)"
    )
    search.add_argument("--sampling", choices=("dynamic", "fixed"), help="default: dynamic")
    for name, default in (("a", 6), ("b", 12), ("c", 5)):
        search.add_argument(
            f"--{name}",
            type=_coefficient,
            metavar=name.upper(),
            help=f"of n = a + b exp(-c r) (default {default})",
        )
    search.add_argument(
        "--fixed-n", type=_count, metavar="N", help="tactics of fixed sampling (default 64)"
    )
    search.add_argument(
        "--preset", choices=("paper",), help="paper: a model alone, 600 s, 10 s for each tactic"
    )
    search.add_argument("--max-expansions", type=_count, metavar="N", help="stop after so many")
    search.add_argument("--seed", type=int, metavar="N", help="of sampling (default 0)")
    search.add_argument(
        "--threads", type=_count, metavar="N", help="Lean's (default: number of cores)"
    )
    search.add_argument(
        "--lean", metavar="PATH", help="the `lean` program (default: found), or embedded"
    )
    search.add_argument(
        "--sandbox",
        choices=("auto", "required", "off"),
        help="around Lean: where one works (auto, the default), always, or never",
    )
    _add_generator(parser)


def _add_generator(parser: argparse.ArgumentParser) -> None:
    generator = parser.add_argument_group("what proposes tactics")
    generator.add_argument(
        "--generator",
        choices=("auto", "repertoire", "ct2", "torch", "process"),
        help="default: auto, a model where there is one, else the repertoire",
    )
    generator.add_argument(
        "--model", metavar="MODEL", help="a folder, or the hub id of a model you have converted"
    )
    generator.add_argument(
        "--generator-command",
        metavar="COMMAND",
        help="a program that speaks as dsp-generator does, such as 'ssh gpu dsp-generator …'",
    )
    generator.add_argument("--device", metavar="DEVICE", help="cpu, cuda, cuda:1 (default: found)")
    generator.add_argument(
        "--decoding", choices=("beam", "sampling"), help="of the model (default: beam)"
    )


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return value


def _seconds(text: str) -> float:
    value = _number(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number of seconds")
    return value


def _coefficient(text: str) -> float:
    value = _number(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is negative")
    return value


def _count(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return value


if __name__ == "__main__":
    sys.exit(main())
