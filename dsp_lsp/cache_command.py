"""The subcommand ``cache``: what earlier searches left, and how to be rid of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dsp_lsp.arguments import days
from dsp_lsp.running import with_engine

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from dsp_lsp.engine_client import EngineClient
    from engine.protocol import CacheState

__all__ = ["add_cache"]

DONE = 0


def add_cache(commands: Any) -> None:
    """Adds the subcommand."""
    parser = commands.add_parser(
        "cache",
        help="show, prune or clear the cache of proofs",
        description="Proofs that were found, and searches that found nothing, are kept in the "
        "user's cache folder. A proof from there is verified in its place before it is used.",
        epilog="exit status: 0 done, 3 the cache cannot be read or changed.",
    )
    parser.set_defaults(run=_cache, parser=parser)
    parser.add_argument(
        "action",
        nargs="?",
        choices=("show", "prune", "clear"),
        default="show",
        help="show what there is (the default), forget what was not used for long, or everything",
    )
    parser.add_argument(
        "--days", type=days, default=90.0, metavar="N", help="of `prune` (default 90)"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object")


def _cache(arguments: argparse.Namespace, connect: Callable[[], EngineClient]) -> int:
    from engine.protocol import CacheParams, Settings

    async def ask(client: EngineClient) -> int:
        await client.start(Settings())
        state = await client.cache(CacheParams(action=arguments.action, days=arguments.days))
        _show(state, as_json=arguments.json)
        return DONE

    return with_engine(connect, ask)


def _show(state: CacheState, *, as_json: bool) -> None:
    import json
    from dataclasses import asdict

    from dsp_lsp.report import counted
    from dsp_lsp.terminal import show

    if as_json:
        show(json.dumps(asdict(state)))
        return
    if state.removed:
        show(f"{state.removed} removed.")
    held = f"{counted(state.proofs, 'proof')}, {counted(state.failures, 'failure')}"
    show(f"{state.path}: {held}, {state.size / 1024:.0f} kB")
