"""The settings ``dsp.*``: asked for where the client answers, else as they are pushed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from dsp_lsp.config import SECTION, read
from dsp_lsp.features.client import answer

if TYPE_CHECKING:
    from dsp_lsp.server import Server

__all__ = ["register"]

logger = logging.getLogger(__name__)

_ANSWER_SECONDS = 10.0


def register(server: Server) -> None:
    """Registers the moments at which settings are taken."""
    complained: set[str] = set()
    taken = 0

    def take(values: object) -> None:
        nonlocal taken
        taken += 1
        config, complaints = read(_plain(values))
        server.config = config
        server.jobs.resize(config.max_searches)
        for complaint in complaints:
            if complaint not in complained:
                complained.add(complaint)
                server.tell(complaint, types.MessageType.Warning)

    async def pull() -> None:
        before = taken
        item = types.ConfigurationItem(section=SECTION)
        try:
            given = await answer(
                server.workspace_configuration_async(types.ConfigurationParams(items=[item])),
                _ANSWER_SECONDS,
            )
        except (asyncio.TimeoutError, JsonRpcException) as error:
            logger.warning("no settings from the editor: %s", error)
            return
        # What was pushed since is newer.
        if given and given[0] is not None and taken == before:
            take(given[0])

    initial: list[object] = []

    @server.feature(types.INITIALIZE)
    def initialize(ls: Any, params: types.InitializeParams) -> None:
        options = _plain(params.initialization_options)
        if isinstance(options, Mapping):
            initial.append(options.get(SECTION, options))

    @server.feature(types.INITIALIZED)
    def initialized(ls: Any, params: types.InitializedParams) -> None:
        # Messages may be shown only from now on.
        if initial:
            take(initial.pop())
        workspace = server.client_capabilities.workspace
        if workspace is None:
            return
        changes = workspace.did_change_configuration
        if changes is not None and changes.dynamic_registration:
            server.spawn(_subscribe(server))
        if workspace.configuration:
            server.spawn(pull())

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def did_change(ls: Any, params: types.DidChangeConfigurationParams) -> None:
        pushed = _plain(params.settings)
        workspace = server.client_capabilities.workspace
        if isinstance(pushed, Mapping) and SECTION in pushed:
            take(pushed[SECTION])
        elif workspace is not None and workspace.configuration:
            server.spawn(pull())


async def _subscribe(server: Server) -> None:
    registration = types.Registration(
        id="dsp-configuration",
        method=types.WORKSPACE_DID_CHANGE_CONFIGURATION,
        register_options=types.DidChangeConfigurationRegistrationOptions(section=SECTION),
    )
    try:
        await answer(
            server.client_register_capability_async(
                types.RegistrationParams(registrations=[registration])
            ),
            _ANSWER_SECONDS,
        )
    except (asyncio.TimeoutError, JsonRpcException) as error:
        logger.warning("the editor does not tell of changed settings: %s", error)


def _plain(value: Any) -> Any:
    """Settings as JSON; the library may have made objects of them."""
    if attrs.has(type(value)):
        return {name: _plain(item) for name, item in attrs.asdict(value).items()}
    if hasattr(value, "_asdict"):
        return {name: _plain(item) for name, item in value._asdict().items()}
    return value
