"""``dsp-lsp web``: looks whether Lean serves the page's imports in a sandbox, then serves."""

from __future__ import annotations

import asyncio
import os
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dsp_lsp.engine_host import EngineHost
from dsp_lsp.terminal import say, show
from dsp_lsp.web.serving import Listener, log_to_standard_error, own_names, serve
from engine.protocol import EngineError, ErrorKind, ProveParams, SearchOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsp_lsp.engine_client import EngineProcess
    from dsp_lsp.web.limits import Limits
    from engine.protocol import Environment, Settings

__all__ = ["TOKEN_VARIABLE", "WebJob", "web"]

TOKEN_VARIABLE = "DSP_LSP_WEB_TOKEN"  # noqa: S105  (the variable's name)

_TRIAL = "theorem dsp_lsp_trial : true :="
_TRIAL_SECONDS = 20.0
_LEAST_TOKEN = 8


@dataclass(frozen=True, kw_only=True)
class WebJob:
    """The command line of ``web``. ``imports`` is None where none was named."""

    folder: str
    imports: list[str] | None
    host: str
    port: int
    host_names: list[str]
    proxy: bool
    with_token: bool
    settings: Settings
    options: SearchOptions
    limits: Limits


def web(job: WebJob, connect: Callable[[], EngineProcess]) -> int:
    """Serves the page until it is ended; returns the exit status."""
    log_to_standard_error()
    asyncio.run(_web(job, connect))
    return 0


async def _web(job: WebJob, connect: Callable[[], EngineProcess]) -> None:
    from dsp_lsp.web.app import About, create
    from dsp_lsp.web.searches import Searches

    token = _token() if job.with_token else None
    listener = Listener(job.host, job.port)
    host = EngineHost(connect)
    path = os.path.join(job.folder, "page.lean")  # noqa: PTH118
    searches = Searches(host, job.settings, job.options, job.limits, path)
    try:
        say("Looking whether Lean is there, with its imports, in a sandbox …")
        environment, imports = await _try_out(host, job, path)
        embedded = environment.lean_version == ""
        about = About(
            imports=imports,
            checker=environment.lean if embedded else f"Lean {environment.lean_version}",
            generator=environment.generator,
            embedded=embedded,
            notice=_NO_LEAN if embedded and job.settings.lean is None else "",
        )
        app = create(searches, about, hosts=own_names(listener, job.host_names), token=token)

        def started() -> None:
            show(f"{listener.url}/{f'?token={token}' if token else ''}")
            _say_what_holds(job, listener, about.checker, imports, token)

        await serve(app, listener, started=started, ending=searches.let_go, proxy=job.proxy)
    finally:
        listener.socket.close()
        await searches.close()
        await host.close()


_NO_LEAN = (
    "There is no Lean 3 on this machine: a very small part of it, in Python, stands in. "
    "It knows no simp, no arithmetic and no inductive types."
)


def _token() -> str:
    given = os.environ.get(TOKEN_VARIABLE)
    if given is None:
        return secrets.token_urlsafe(18)
    if len(given) < _LEAST_TOKEN or not given.isascii() or not given.isprintable():
        raise EngineError(
            f"The token in {TOKEN_VARIABLE} must have at least {_LEAST_TOKEN} visible characters.",
            remedy="Leave the variable out: a token is made then.",
        )
    return given


async def _try_out(host: EngineHost, job: WebJob, path: str) -> tuple[Environment, list[str]]:
    """One search under the page's imports: they must be compiled, and the sandbox must work.

    It also leaves a Lean behind in which they are loaded.
    """
    async with host.use(job.settings) as lease:
        environment = await lease.process.environment(job.folder)
        imports = environment.default_imports if job.imports is None else job.imports
        text = "".join(f"import {module}\n" for module in imports) + _TRIAL
        options = replace(job.options, budget=_TRIAL_SECONDS, repertoire=True, cache="off")
        params = ProveParams(job="trial", text=text, site=len(text), path=path, options=options)
        try:
            await lease.process.prove(params)
        except EngineError as error:
            raise EngineError(
                f"The page cannot be served: {error.message}",
                remedy=error.remedy,
                kind=ErrorKind.ENVIRONMENT,
            ) from error
    return environment, imports


def _say_what_holds(
    job: WebJob, listener: Listener, checker: str, imports: list[str], token: str | None
) -> None:
    under = ", ".join(imports) if imports else "no imports"
    say(f"Proofs are judged by {checker} under {under}. Ctrl-C ends the page.")
    if job.settings.sandbox == "off":
        say("Warning: what people type runs without a sandbox, with your rights.")
    if not listener.is_loopback and token is None:
        say("Warning: everybody who reaches this machine can use the page; --token asks for one.")
