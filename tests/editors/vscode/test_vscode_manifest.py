"""The extension's manifest against the server. Needs no Node."""

from __future__ import annotations

import json
import re
from typing import Any

from dsp_lsp import __version__
from dsp_lsp.config import schema
from dsp_lsp.features import commands
from tests.editors.vscode.workbench import EXTENSION

MANIFEST: dict[str, Any] = json.loads((EXTENSION / "package.json").read_text("utf-8"))
SETTINGS: dict[str, Any] = {
    name: setting
    for part in MANIFEST["contributes"]["configuration"]
    for name, setting in part["properties"].items()
}


def test_the_settings_are_the_servers() -> None:
    servers = {name: one for name, one in SETTINGS.items() if name.startswith("dsp.")}
    assert servers == schema(), "run `python editors/vscode/settings.py`"


def test_the_extensions_own_settings_do_not_reach_the_server() -> None:
    own = set(SETTINGS) - set(schema())
    assert own == {"dsp-lsp.program", "dsp-lsp.trace.server"}


def test_programs_are_the_machines_business() -> None:
    for name in ("dsp-lsp.program", "dsp.leanPath", "dsp.generatorCommand", "dsp.generatorModel"):
        assert SETTINGS[name]["scope"] == "machine", name
    assert all(one["markdownDescription"] for one in SETTINGS.values())


def test_nothing_is_started_in_a_workspace_that_is_not_trusted() -> None:
    trust = MANIFEST["capabilities"]["untrustedWorkspaces"]
    assert trust["supported"] == "limited"
    assert trust["description"]


def test_the_extension_and_the_server_have_one_version() -> None:
    assert MANIFEST["version"] == __version__
    lock = json.loads((EXTENSION / "package-lock.json").read_text("utf-8"))
    assert lock["version"] == lock["packages"][""]["version"] == __version__


def test_the_lock_knows_every_platform() -> None:
    # npm leaves out of it what its registry did not have, and `npm ci` refuses it then.
    packages = json.loads((EXTENSION / "package-lock.json").read_text("utf-8"))["packages"]
    names = {path.rpartition("node_modules/")[2] for path in packages}
    for path, package in packages.items():
        assert set(package.get("optionalDependencies", ())) <= names, path


def test_commands_are_named_apart_from_the_servers_and_all_are_there() -> None:
    declared = {one["command"]: one for one in MANIFEST["contributes"]["commands"]}
    assert all(name.startswith("dsp-lsp.") for name in declared)
    assert all(one["title"] and one["category"] == "DS-Prover" for one in declared.values())
    sources = "\n".join(
        path.read_text("utf-8") for path in sorted((EXTENSION / "src").glob("*.ts"))
    )
    composing = (EXTENSION / "src" / "extension.ts").read_text("utf-8")
    registered = set(re.findall(r'\badd\(\s*"(\w+)"', composing))
    assert {f"dsp-lsp.{name}" for name in registered} == set(declared)
    servers = {value for name, value in vars(commands).items() if name.isupper()}
    used = set(re.findall(r'"(dsp\.[A-Za-z]+)"', sources))
    assert used <= servers
    assert used >= {commands.PROVE, commands.STOP, commands.TREE, commands.INSERT_SUGGESTION}
