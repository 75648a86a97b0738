"""Options that several subcommands share: their grammar, and what they mean to the engine."""

from __future__ import annotations

import argparse
import math
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.protocol import GeneratorSettings, SearchOptions, Settings

__all__ = ["EXIT_STATUS", "add_search", "count", "days", "read_options", "read_settings", "seconds"]

EXIT_STATUS = """\
exit status: 0 everything was proved, 1 something was not, 2 the input is wrong,
3 the environment is (no Lean 3, a dead engine, a full disk), 130 after Ctrl-C.
"""


def add_search(parser: argparse.ArgumentParser, *, memory_mb: int | None = None) -> None:
    """How to search, with what; ``parser`` is to be the default `parser` of its arguments.

    ``memory_mb``: Lean's memory limit where it is not that of the engine.
    """
    search = parser.add_argument_group("search")
    search.add_argument(
        "--budget", type=seconds, metavar="SECONDS", help="for each site (default 60)"
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
        "--fixed-n", type=count, metavar="N", help="tactics of fixed sampling (default 64)"
    )
    search.add_argument(
        "--preset", choices=("paper",), help="paper: a model alone, 600 s, 10 s for each tactic"
    )
    search.add_argument("--max-expansions", type=count, metavar="N", help="stop after so many")
    search.add_argument("--seed", type=int, metavar="N", help="of sampling (default 0)")
    search.add_argument(
        "--cache",
        choices=("use", "fresh", "off"),
        default="use",
        help="of earlier proofs (verified again) and failures: use it (the default), search in any "
        "case and keep what is found, or neither",
    )
    search.add_argument(
        "--threads", type=count, metavar="N", help="Lean's (default: number of cores)"
    )
    search.add_argument(
        "--memory",
        type=count,
        default=memory_mb,
        metavar="MB",
        help=f"the most that a Lean may take (default {memory_mb or 6144})",
    )
    search.add_argument(
        "--heartbeats",
        type=count,
        metavar="N",
        help="thousands of memory allocations that a tactic may make (default: no limit)",
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
        help="besides the fixed list that comes first; default: auto, a model, on a GPU where that "
        "can be; repertoire: none",
    )
    generator.add_argument(
        "--model",
        metavar="MODEL",
        help="a folder, or the hub id of a model you have converted (default: $DSP_LSP_MODEL, else "
        "the one that comes along)",
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


def seconds(text: str) -> float:
    """The type of an option that is a time."""
    value = _number(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number of seconds")
    return value


def days(text: str) -> float:
    """The type of an option that is a number of days."""
    value = _number(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days")
    return value


def _coefficient(text: str) -> float:
    value = _number(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is negative")
    return value


def count(text: str) -> int:
    """The type of an option that is a number of things."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return value


def read_settings(arguments: argparse.Namespace) -> Settings:
    """What holds for the life of the engine."""
    from engine.protocol import Settings

    lean = arguments.lean
    if lean is not None and os.sep in lean:  # a path, which is the caller's, and no command
        lean = os.path.abspath(os.path.expanduser(lean))  # noqa: PTH100, PTH111
    chosen = {
        "lean": lean,
        # A file is changed on the word of the embedded core only where it was asked for.
        "embedded_fallback": not getattr(arguments, "write", False),
        "threads": arguments.threads,
        "memory_mb": arguments.memory,
        "heartbeats": arguments.heartbeats,
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


def read_options(arguments: argparse.Namespace) -> SearchOptions:
    """What holds for each search."""
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
            "widen": False,
        }
    names = ("budget", "sampling", "a", "b", "c", "fixed_n", "max_expansions", "seed", "cache")
    chosen = {name: getattr(arguments, name, None) for name in names}
    options = SearchOptions(
        **{**preset, **{name: value for name, value in chosen.items() if value is not None}}
    )
    if options.a + options.b <= 0:
        arguments.parser.error("--a and --b: their sum must be positive")
    return options
