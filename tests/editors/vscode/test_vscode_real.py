"""The extension in a real VS Code: keys are pressed, and what is on the screen is read."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from tests.editors.vscode.workbench import ROOT, other_extension, program, runs, wait

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.editors.vscode.workbench import Place, Workbench

    Opened = Callable[..., AbstractContextManager[Workbench]]

pytestmark = [pytest.mark.vscode, pytest.mark.browser, pytest.mark.timeout(900)]

SWAP = "theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p :=\nsorry\n"
HANG = "theorem hang (p : Prop) : p → p :=\nsorry\n\ntheorem quick (p : Prop) : p → p :=\nsorry\n"


@pytest.fixture
def scripted(place: Place) -> Place:
    """With the scripted engine: `hang` is searched until it is stopped."""
    program(place.programs, "tests.lsp.scripted")
    return place


def proves_swap(window: Workbench, name: str = "a.lean") -> None:
    window.go(2, 3)
    window.choose("Prove with DS-Prover")
    head = SWAP.replace("sorry\n", "begin")
    window.until(lambda: window.disk(name).startswith(head))


def test_a_sorry_is_proved_and_one_undo_brings_it_back(opened: Opened) -> None:
    with opened("a.lean", SWAP) as window:
        window.until(lambda: window.status() == "DS-Prover")
        proves_swap(window)
        window.until(lambda: "proved" in (shown := window.hover(2, 2)) and "embedded core" in shown)
        window.picture("proved")
        window.page.keyboard.press("Escape")
        window.page.keyboard.press("Control+Z")
        window.until(lambda: window.text().strip() == SWAP.strip())


def test_a_search_is_seen_and_stopped(scripted: Place, opened: Opened) -> None:
    with opened("a.lean", HANG) as window:
        window.go(2, 3)
        window.choose("Prove with DS-Prover")
        window.until(lambda: "0/60 s" in window.status())
        # Beside the site, and in the hover.
        window.until(lambda: "n = " in window.text().splitlines()[1])
        window.until(lambda: "searching" in (shown := window.hover(2, 3)) and "⊢ p → 𝕜" in shown)
        window.picture("searching")
        assert any("Stop the search here" in one for one in window.actions())
        window.page.keyboard.press("Escape")
        window.go(4, 1)
        window.click_status()
        window.until(lambda: any("hang" in row and "a.lean:2" in row for row in window.rows()))
        window.picture("searches")
        window.row_button("hang", "Stop")
        window.until(lambda: any("stopped" in row for row in window.rows()))
        window.until(lambda: window.status() == "DS-Prover")
        # Choosing it in the list goes to its place.
        window.page.locator(".quick-input-list .monaco-list-row", has_text="hang").first.click()
        window.until(lambda: "Ln 2," in window.seen())
        assert window.disk("a.lean") == HANG


def test_what_is_typed_above_a_running_search_stays(scripted: Place, opened: Opened) -> None:
    scripted.environment = {"FAKE_ENGINE_HOME": str(scripted.root)}
    text = "theorem gate (p : Prop) : p → p :=\nsorry\n"
    with opened("a.lean", text) as window:
        window.go(2, 3)
        window.choose("Prove with DS-Prover")
        window.until(lambda: "nodes" in window.status())
        window.go(1, 1)
        window.page.keyboard.type("-- 1\n")
        window.until(lambda: window.disk("a.lean") == "-- 1\n" + text)
        (scripted.root / "gate").touch()
        proved = "-- 1\n" + text.replace("sorry\n", "begin")
        window.until(lambda: window.disk("a.lean").startswith(proved))
        # An undo while VS Code still saves would not be saved: look at the editor, not at the disk.
        window.page.keyboard.press("Control+Z")
        window.until(lambda: window.text().strip() == ("-- 1\n" + text).strip())
        # Nothing outlives its window.
        pid = int((scripted.programs / "pid").read_text())
        assert runs(pid)
        window.page.close()
        wait(lambda: not runs(pid))


def test_all_sites_of_a_file_are_proved_by_a_command(scripted: Place, opened: Opened) -> None:
    with opened("a.lean", HANG.replace("hang", "also")) as window:
        window.until(lambda: window.status() == "DS-Prover")
        window.command("DS-Prover: Prove All Sites in This File")
        window.until(lambda: "sorry" not in window.disk("a.lean"))
        window.until(lambda: "2 of 2 sites proved" in window.messages())
        window.go(1, 1)
        window.command("DS-Prover: Prove at the Cursor")
        window.until(lambda: "There is nothing to prove here" in window.messages())


def test_what_was_not_found_leaves_its_tree(opened: Opened) -> None:
    with opened("a.lean", "theorem no (p q r : Prop) (h : p ∧ r) : q :=\nsorry\n") as window:
        window.go(2, 3)
        window.choose("Prove with DS-Prover")
        window.until(lambda: "No proof of" in window.messages())
        window.go(2, 3)
        window.choose("Show the search tree")
        window.until(lambda: "cases" in window.tree())
        window.until(lambda: "Search: no" in window.seen())
        window.picture("tree")


def test_a_next_tactic_is_picked_from_a_list(opened: Opened) -> None:
    with opened("a.lean", SWAP) as window:
        window.go(2, 3)
        window.choose("Suggest next tactics here")
        window.until(lambda: any("split" in row for row in window.rows()))
        window.picture("suggestions")
        window.page.locator(".quick-input-list .monaco-list-row", has_text="split").first.click()
        window.until(lambda: "split" in (now := window.disk("a.lean")) and "sorry" in now)


def test_without_a_server_one_is_told_how_to_get_it(place: Place, opened: Opened) -> None:
    shutil.rmtree(place.programs)
    with opened("a.lean", SWAP) as window:
        window.until(lambda: "dsp-lsp, which was not found" in window.messages())
        assert "Choose the program" in window.messages()
        window.picture("missing")
        # A program that is named is taken at once.
        found = program(place.root / "elsewhere")
        (place.root / "data" / "Machine" / "settings.json").write_text(
            f'{{"dsp.leanPath": "embedded", "dsp-lsp.program": "{found}"}}'
        )
        proves_swap(window)


def test_a_workspace_that_is_not_trusted_starts_nothing(place: Place, opened: Opened) -> None:
    quiet = {"security.workspace.trust.startupPrompt": "never"}
    with opened("a.lean", SWAP, trust=True, settings=quiet) as window:
        window.until(lambda: "Restricted Mode" in window.seen())
        window.until(lambda: window.status() == "DS-Prover")
        window.go(2, 3)
        assert not window.actions()
        window.picture("untrusted")
        assert not (place.root / "server.log").exists()


LEAN4 = {"id": "lean4", "extensions": [".lean"]}


def test_a_lean_4_document_that_came_to_us_is_given_back(place: Place, opened: Opened) -> None:
    other_extension(place.extensions, "leanprover.lean4", language=LEAN4, folder_name="a-lean4")
    place.write("lakefile.toml", "")
    with opened("four.lean", "theorem swap : True := sorry\n") as window:
        window.until(lambda: window.language() == "lean4")
        assert not (place.root / "server.log").exists()


def test_the_python_that_is_chosen_has_the_server(place: Place, opened: Opened) -> None:
    shutil.rmtree(place.programs)
    python = place.root / "environment" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexport PYTHONPATH={ROOT}\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    script = """
        const path = PATH;
        exports.activate = () => ({ environments: {
          getActiveEnvironmentPath: () => ({ path }),
          resolveEnvironment: async () =>
            ({ executable: { uri: require("vscode").Uri.file(path) } }),
        } });
    """.replace("PATH", json.dumps(str(python)))
    other_extension(place.extensions, "ms-python.python", script=script)
    with opened("a.lean", SWAP) as window:
        proves_swap(window)


def test_beside_the_lean_4_extension(place: Place, opened: Opened) -> None:
    other_extension(place.extensions, "leanprover.lean4", language=LEAN4)
    place.write("lakefile.toml", "")
    with opened("four.lean", "theorem swap : True := sorry\n") as window:
        window.until(lambda: window.language() == "lean4")
        window.go(1, 26)
        assert not window.actions()
        assert not (place.root / "server.log").exists()
        assert window.messages() == ""
        # A Lean 3 project beside it is served under the other extension's language id.
        place.write("old/leanpkg.toml", "")
        place.write("old/a.lean", SWAP)
        window.open("old/a.lean")
        window.until(lambda: window.language() == "lean4")
        window.until(lambda: (place.root / "server.log").exists())
        window.until(lambda: "swap (p q" in window.text())
        window.until(lambda: window.status() == "DS-Prover")


def test_beside_the_lean_3_extension(place: Place, opened: Opened) -> None:
    language = {"id": "lean", "extensions": [".lean"]}
    other_extension(place.extensions, "jroesch.lean", language=language)
    with opened("a.lean", SWAP) as window:
        proves_swap(window)


def test_a_server_that_dies_is_started_again(scripted: Place, opened: Opened) -> None:
    with opened("a.lean", HANG) as window:
        window.go(2, 3)
        window.choose("Prove with DS-Prover")
        window.until(lambda: "0/60 s" in window.status())
        pid = scripted.programs / "pid"
        first = pid.read_text()
        os.kill(int(first), signal.SIGKILL)
        window.until(lambda: pid.read_text() not in ("", first))
        window.until(lambda: window.status() == "DS-Prover")
        window.go(5, 3)
        window.choose("Prove with DS-Prover")
        window.until(lambda: window.disk("a.lean").count("sorry") == 1)
        assert "hang (p : Prop) : p → p :=\nsorry" in window.disk("a.lean")


@pytest.mark.lean3
@pytest.mark.skipif(shutil.which("lean") is None, reason="no `lean` on the PATH")
def test_with_lean(place: Place, opened: Opened) -> None:
    text = SWAP + "\ntheorem hard (f : nat → nat) (h : ∀ x, f (f x) = x + 1) : f 0 = 7 :=\nsorry\n"
    with opened("a.lean", text, machine={}) as window:
        proves_swap(window)
        window.until(lambda: "Lean 3" in window.hover(2, 2))
        line = 1 + window.disk("a.lean").splitlines().index("sorry")
        window.go(line, 3)
        window.choose("Prove with DS-Prover")
        window.until(lambda: "n = " in window.status())
        window.until(lambda: "tactics tried" in window.hover(line, 3))
        window.picture("lean-searching")
        window.choose("Show the search tree")
        window.until(window.tree)
        window.picture("lean-tree")
        window.command("DS-Prover: Stop All Searches")
        window.until(lambda: window.status() == "DS-Prover")
        assert "f 0 = 7 :=\nsorry\n" in window.disk("a.lean")
