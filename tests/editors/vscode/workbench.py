"""A real VS Code (code-server in Chromium) with the extension, and hands to work it with."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from urllib.request import urlopen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Locator, Page

ROOT = Path(__file__).parents[3]
EXTENSION = ROOT / "editors" / "vscode"
GUARD = float(os.environ.get("DSP_LSP_TEST_GUARD", "90"))
"""Seconds after which a test hangs; nothing here takes anything like it on a quiet machine."""
OLDEST_NODE = 22


# -- what the machine has --------------------------------------------------------------------------


def node() -> str | None:
    """A Node that is new enough: ``DSP_LSP_NODE``, or the one on the PATH."""
    found = os.environ.get("DSP_LSP_NODE") or shutil.which("node")
    if found is None:
        return None
    try:
        said = subprocess.run([found, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    version = re.match(r"v(\d+)", said.stdout)
    return found if version and int(version[1]) >= OLDEST_NODE else None


def code_server() -> Path | None:
    """code-server's entry: in the package's folder ``DSP_LSP_CODE_SERVER``, or of the PATH."""
    folder = os.environ.get("DSP_LSP_CODE_SERVER")
    program = shutil.which("code-server")
    places = [Path(folder)] if folder else []
    if program is not None:
        places.append(Path(program).resolve().parents[2])
    for place in places:
        entry = place / "out" / "node" / "entry.js"
        if entry.is_file():
            return entry
    return None


def chromium() -> str | None:
    """``DSP_LSP_CHROMIUM``, or one on the PATH."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("DSP_LSP_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def missing() -> str:
    """What the machine lacks for these tests; empty if nothing."""
    if node() is None:
        return f"no Node {OLDEST_NODE} or newer (DSP_LSP_NODE, or on the PATH)"
    if not (EXTENSION / "node_modules").is_dir():
        return "no node_modules in editors/vscode (npm ci)"
    if code_server() is None:
        return "no code-server (DSP_LSP_CODE_SERVER: the npm package's folder, or on the PATH)"
    if chromium() is None:
        return "no Chromium (DSP_LSP_CHROMIUM, or on the PATH)"
    try:
        import playwright  # noqa: F401
    except ImportError:
        return "no playwright (pip install playwright)"
    return ""


# -- preparing -------------------------------------------------------------------------------------


def package(folder: Path) -> Path:
    """The extension as a ``.vsix``, made from the sources as they are."""
    made = folder / "dsp-lsp.vsix"
    script = [str(node()), "scripts/package.mjs", "--without-server", "--out", str(made)]
    subprocess.run(script, cwd=EXTENSION, check=True, capture_output=True)
    return made


def install(vsix: Path, extensions: Path, scratch: Path) -> None:
    """Installs a ``.vsix`` into a folder of extensions."""
    command = [str(node()), str(code_server()), "--install-extension", str(vsix)]
    places = ["--extensions-dir", str(extensions), "--user-data-dir", str(scratch)]
    subprocess.run([*command, *places], check=True, capture_output=True, env=_environment(scratch))


def other_extension(
    extensions: Path,
    identity: str,
    *,
    language: dict[str, Any] | None = None,
    script: str = "",
    folder_name: str = "",
) -> None:
    """A stand-in of another extension, which claims a language or runs a script.

    Of two that claim a suffix, VS Code obeys the one whose folder's name is the later.
    """
    publisher, name = identity.split(".")
    folder = extensions / (folder_name or f"{identity}-1.0.0")
    folder.mkdir()
    (folder / "main.js").write_text(script)
    manifest = {
        "name": name,
        "publisher": publisher,
        "version": "1.0.0",
        "engines": {"vscode": "^1.90.0"},
        "contributes": {"languages": [language] if language else []},
        **({"main": "main.js", "activationEvents": []} if script else {}),
    }
    (folder / "package.json").write_text(json.dumps(manifest))
    listing = extensions / "extensions.json"
    listed = json.loads(listing.read_text())
    listed.append(
        {
            "identifier": {"id": identity},
            "version": "1.0.0",
            "location": {"$mid": 1, "path": str(folder), "scheme": "file"},
            "relativeLocation": folder.name,
            "metadata": {},
        }
    )
    listing.write_text(json.dumps(listed))


def program(folder: Path, module: str = "dsp_lsp.cli") -> Path:
    """A `dsp-lsp` program in ``folder`` that runs this tree, as a server ``module``."""
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "dsp-lsp"
    python = f"exec {sys.executable} -m"
    lines = [
        "#!/bin/sh",
        f"export PYTHONPATH={ROOT}",
        f'[ "$1" = --version ] && {python} dsp_lsp.cli --version',
        f"echo $$ > {folder}/pid",
        f'{python} {module} "$@"',
    ]
    script.write_text("\n".join(lines) + "\n")
    script.chmod(0o755)
    return script


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VSCODE_")}
    return {**kept, "HOME": str(home)}


# -- running ---------------------------------------------------------------------------------------


@dataclass
class Place:
    """Where a VS Code of a test lives. ``programs`` comes first on its PATH."""

    root: Path
    extensions: Path
    settings: dict[str, Any] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)
    trust: bool = False
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def workspace(self) -> Path:
        return self.root / "workspace"

    @property
    def programs(self) -> Path:
        return self.root / "programs"

    def write(self, name: str, text: str) -> Path:
        path = self.workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path


_QUIET = {
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": False,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "chat.disableAIFeatures": True,
    "chat.commandCenter.enabled": False,
    "window.commandCenter": False,
    "extensions.ignoreRecommendations": True,
    "files.autoSave": "afterDelay",
    "files.autoSaveDelay": 100,
    "editor.minimap.enabled": False,
    "editor.lightbulb.enabled": "off",
    "editor.fontFamily": "'DejaVu Sans Mono', monospace",
    "telemetry.telemetryLevel": "off",
}


@contextmanager
def running(place: Place) -> Iterator[int]:
    """A code-server; its port."""
    data = place.root / "data"
    for folder, settings in (
        ("User", {**_QUIET, **place.settings}),
        ("Machine", place.machine),
    ):
        (data / folder).mkdir(parents=True, exist_ok=True)
        (data / folder / "settings.json").write_text(json.dumps(settings))
    place.workspace.mkdir(exist_ok=True)
    place.programs.mkdir(exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [
        *(str(node()), str(code_server()), "--auth", "none", "--bind-addr", f"127.0.0.1:{port}"),
        *("--disable-telemetry", "--disable-update-check", "--reconnection-grace-time", "3"),
        *("--user-data-dir", str(data), "--extensions-dir", str(place.extensions)),
        *([] if place.trust else ["--disable-workspace-trust"]),
    ]
    # VS Code asks a login shell for the PATH that its extensions get.
    others = [
        folder
        for folder in os.environ["PATH"].split(os.pathsep)
        if not (Path(folder) / "dsp-lsp").exists()
    ]
    path = os.pathsep.join([str(place.programs), *others])
    (place.root / ".profile").write_text(f"export PATH='{path}'\n")
    environment = {
        **_environment(place.root),
        "SHELL": "/bin/bash",
        "DSP_LSP_LOG_FILE": str(place.root / "server.log"),
        "DSP_LSP_CACHE": os.environ.get("DSP_LSP_CACHE", str(place.root / "cache")),
        **place.environment,
    }
    with (place.root / "code-server.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=environment, start_new_session=True
        )
        try:
            wait(lambda: _answers(port))
            yield port
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
            return True
    except OSError:
        return False


def wait(condition: Callable[[], Any]) -> None:
    """Waits until something is so, without a window."""
    end = time.monotonic() + GUARD
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def runs(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    done = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    return bool(done.stdout.strip()) and not done.stdout.strip().startswith("Z")


class Workbench:
    """The window, by its keys and what it shows."""

    def __init__(self, page: Page, place: Place, port: int, pictures: Path | None) -> None:
        self.page = page
        self.place = place
        self._port = port
        self._pictures = pictures

    # -- looking ---------------------------------------------------------------------------------

    def until(self, condition: Callable[[], Any], pause: float = 0.1) -> Any:
        """Waits until something is so; what it then is."""
        end = time.monotonic() + GUARD
        while not (found := condition()):
            if time.monotonic() > end:
                self.picture("gave-up", always=True)
                raise AssertionError(f"waited in vain; the window shows:\n{self.seen()}")
            self.page.wait_for_timeout(pause * 1000)
        return found

    def seen(self) -> str:
        return str(self.page.locator("body").inner_text())[-3000:]

    def text(self) -> str:
        """What the editor shows."""
        lines = self.page.locator(".editor-instance .view-line").all()
        lines.sort(key=lambda line: (line.bounding_box() or {"y": 0.0})["y"])
        return "\n".join(line.inner_text() for line in lines).replace("\u00a0", " ")

    def disk(self, name: str) -> str:
        """The file as it was saved; the editor saves by itself, and empties the file first."""
        path = self.place.workspace / name
        return str(self.until(lambda: path.read_text("utf-8")))

    def status(self) -> str:
        """The text of our item in the status bar, with its icons' names left out."""
        items = self._item().all_inner_texts()
        return " ".join(items[0].split()) if items else ""

    def tree(self) -> str:
        """What the search tree in its tab says; empty if there is none."""
        for frame in self.page.frames:
            picture = frame.locator("#picture svg")
            if picture.count():
                return str(picture.first.text_content())
        return ""

    def language(self) -> str:
        """The language that the status bar shows."""
        return str(self.page.locator('[id="status.editor.mode"]').inner_text()).strip()

    def messages(self) -> str:
        """The notifications that are shown."""
        return "\n".join(self.page.locator(".notification-list-item").all_inner_texts())

    def hover(self, line: int, column: int) -> str:
        """The hover at a place, by the keyboard; empty if there is none."""
        self.go(line, column)
        self.page.keyboard.press("Control+K")
        self.page.keyboard.press("Control+I")
        self.page.wait_for_timeout(500)
        shown = self.page.locator(".monaco-hover:visible .hover-contents").all_inner_texts()
        return "\n".join(shown).replace("\u00a0", " ")

    def picture(self, name: str, *, always: bool = False) -> None:
        """A screenshot, where ``DSP_LSP_SCREENSHOTS`` names a folder, or for a failure."""
        folder = self._pictures or (self.place.root if always else None)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self.page.wait_for_timeout(400)  # What has just appeared is still see-through.
            self.page.screenshot(path=folder / f"{name}.png")

    def _item(self) -> Locator:
        return self.page.locator('.statusbar-item[id^="dsp-lsp.dsp-lsp"]:visible')

    # -- doing -----------------------------------------------------------------------------------

    def open(self, name: str) -> None:
        """Opens the workspace's window with one file."""
        workspace = str(self.place.workspace)
        remote = f"vscode-remote://127.0.0.1:{self._port}{workspace}/{name}"
        payload = quote(json.dumps([["openFile", remote]]))
        self.page.goto(
            f"http://127.0.0.1:{self._port}/?folder={quote(workspace)}&payload={payload}"
        )
        self.page.wait_for_selector(".monaco-editor .view-line", timeout=GUARD * 1000)
        self.page.locator(".monaco-editor .view-line").first.click()

    def command(self, title: str) -> None:
        """Runs a command of the palette."""
        self.page.keyboard.press("F1")
        box = self.page.locator(".quick-input-widget:visible input[type=text]")
        box.wait_for(timeout=GUARD * 1000)
        box.fill(f">{title}")
        row = self.page.locator(".quick-input-list .monaco-list-row", has_text=title).first
        row.wait_for(timeout=GUARD * 1000)
        row.click()

    def go(self, line: int, column: int) -> None:
        """Puts the cursor before a character; both count from 1."""
        self.page.keyboard.press("Escape")
        self.page.locator(".editor-instance .view-line").first.wait_for()
        self.page.keyboard.press("Control+G")
        box = self.page.locator(".quick-input-widget:visible input[type=text]")
        box.wait_for(timeout=GUARD * 1000)
        box.fill(f":{line}:{column}")
        self.page.wait_for_timeout(150)
        self.page.keyboard.press("Enter")
        self.page.wait_for_timeout(150)

    def actions(self) -> list[str]:
        """Opens the menu of code actions at the cursor; what it offers, empty if nothing."""
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Control+.")
        menu = self.page.locator(".action-widget .monaco-list-row.action")
        for _ in range(15):
            self.page.wait_for_timeout(100)
            if menu.count():
                return [" ".join(text.split()) for text in menu.all_inner_texts()]
        return []

    def choose(self, title: str) -> None:
        """Picks a code action once it is offered."""
        self.until(lambda: any(title in one for one in self.actions()))
        row = self.page.locator(".action-widget .monaco-list-row.action", has_text=title).first
        row.click()

    def click_status(self) -> None:
        self._item().first.click()

    def rows(self) -> list[str]:
        """The rows of the list that is open."""
        rows = self.page.locator(".quick-input-widget:visible .monaco-list-row")
        return [" ".join(text.split()) for text in rows.all_inner_texts()]

    def row_button(self, row: str, tooltip: str) -> None:
        """Presses a button of a row of the list that is open."""
        found = self.page.locator(".quick-input-widget:visible .monaco-list-row", has_text=row)
        found.first.hover()
        found.first.locator(f'.action-label[aria-label="{tooltip}"]').click()


@contextmanager
def workbench(place: Place, pictures: Path | None = None) -> Iterator[Workbench]:
    """A window on a code-server of its own."""
    from playwright.sync_api import sync_playwright

    chosen = os.environ.get("DSP_LSP_SCREENSHOTS")
    with running(place) as port, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        try:
            page = browser.new_page(viewport={"width": 1180, "height": 720})
            yield Workbench(page, place, port, Path(chosen) if chosen else pictures)
        finally:
            browser.close()
