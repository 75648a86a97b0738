"""The grammar of ``web`` and of ``suggest --listen``; imports nothing that serves."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dsp_lsp.arguments import add_search, count, read_options, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsp_lsp.engine_client import EngineClient

__all__ = ["add_listening", "add_web", "listen"]

_MEMORY_MB = 4096
_IDLE_SECONDS = 3600.0
"""How long a Lean that nobody uses keeps its imports: a class has breaks."""


def port(text: str) -> int:
    """The type of an option that is a port."""
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)


def add_listening(parser: argparse.ArgumentParser) -> None:
    """Adds ``--listen`` to ``suggest``."""
    parser.add_argument(
        "--listen",
        type=port,
        metavar="PORT",
        help="answer vscode-lean's Suggest panel on this port, for the project here (0: any port)",
    )


def listen(arguments: argparse.Namespace, connect: Callable[[], EngineClient]) -> int:
    """Runs ``suggest --listen``."""
    from dsp_lsp.web.serving import need_libraries

    need_libraries()

    from dsp_lsp.web.panel import listen

    settings = read_settings(arguments)
    return listen(arguments.listen, settings, os.getcwd(), arguments.limit, connect)  # type: ignore[arg-type]  # noqa: PTH109


def add_web(commands: Any) -> None:
    """Adds ``web`` to the subcommands."""
    parser = commands.add_parser(
        "web",
        help="serve a page where people type statements and get proofs",
        description="Serves a page for a group or a class: people type local definitions and a "
        "Lean 3 statement, and get a proof. PATH chooses the project. Lean runs in a sandbox; "
        "without one the page is not served, unless --sandbox off says so.",
        epilog="DSP_LSP_WEB_TOKEN is the token of --token; without it one is made and shown.",
    )
    parser.set_defaults(run=_web, parser=parser, budget=300.0)
    parser.add_argument(
        "path", nargs="?", default=".", metavar="PATH", help="the project's folder (default: here)"
    )
    parser.add_argument(
        "--import",
        dest="imports",
        action="append",
        metavar="MODULE",
        help="stands in front of every text (repeatable; default: what the project offers)",
    )
    serving = parser.add_argument_group("serving")
    serving.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="listen there (default: 127.0.0.1, which only this machine reaches)",
    )
    serving.add_argument("--port", type=port, default=8000, help="default: 8000; 0 for any")
    serving.add_argument(
        "--host-name",
        action="append",
        default=[],
        metavar="NAME",
        help="a name under which browsers ask for the page (repeatable)",
    )
    serving.add_argument(
        "--behind-proxy",
        action="store_true",
        help="a proxy on this machine passes requests on, and says whose they are",
    )
    serving.add_argument(
        "--token", action="store_true", help="serve only people who have the page's token"
    )
    limits = parser.add_argument_group("limits")
    limits.add_argument(
        "--searches", type=count, default=2, metavar="N", help="at a time (default 2)"
    )
    limits.add_argument(
        "--queue", type=count, default=40, metavar="N", help="most in line (default 40)"
    )
    limits.add_argument(
        "--per-minute", type=count, default=12, metavar="N", help="of one client (default 12)"
    )
    limits.add_argument(
        "--max-characters", type=count, default=10_000, metavar="N", help="of a text"
    )
    add_search(parser, memory_mb=_MEMORY_MB)


def _web(arguments: argparse.Namespace, connect: Callable[[], EngineClient]) -> int:
    from dsp_lsp.web.serving import need_libraries

    need_libraries()

    from dsp_lsp.web.command import WebJob, web
    from dsp_lsp.web.limits import Limits

    options = read_options(arguments)
    settings = read_settings(arguments)
    job = WebJob(
        folder=os.path.abspath(arguments.path),  # noqa: PTH100
        imports=arguments.imports,
        host=arguments.host,
        port=arguments.port,
        host_names=arguments.host_name,
        proxy=arguments.behind_proxy,
        with_token=arguments.token,
        settings=replace(
            settings,
            # What strangers type is not run outside of one unless it is said in so many words.
            sandbox="off" if settings.sandbox == "off" else "required",
            # A search's own, one that judges its proof, and those of the last without success.
            warm_processes=2 * arguments.searches + 2,
            warm_idle_seconds=_IDLE_SECONDS,
            generator=replace(settings.generator, idle_seconds=_IDLE_SECONDS),
            # No stranger's search is in another one's Lean.
            warm_holes=1,
        ),
        options=options,
        limits=Limits(
            characters=arguments.max_characters,
            budget=options.budget,
            searches=arguments.searches,
            waiting=arguments.queue,
            per_minute=arguments.per_minute,
        ),
    )
    return web(job, connect)  # type: ignore[arg-type]
