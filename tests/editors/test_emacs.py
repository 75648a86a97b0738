"""The recipes of the Emacs page, run as they stand there by a real Emacs with a real server."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .conftest import GUARD, ROOT, SCRIPTED, SERVER, environment

PAGE = ROOT / "editors" / "emacs" / "README.md"
SUPPORT = Path(__file__).with_name("support.el")
EMACS = shutil.which("emacs")


def _has(library: str) -> bool:
    if EMACS is None:
        return False
    look = f"(kill-emacs (if (locate-library {json.dumps(library)}) 0 1))"
    start = "(progn (require 'package) (package-initialize))"
    command = [EMACS, "-q", "--batch", "--eval", start, "--eval", look]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


pytestmark = [
    pytest.mark.emacs,
    pytest.mark.skipif(EMACS is None, reason="there is no emacs"),
]
CLIENTS = ["eglot", "lsp-mode"]

START = {
    "eglot": """
(require 'eglot)
(setq eglot-connect-timeout 60 eglot-sync-connect 60 eglot-send-changes-idle-time 0.05)
(cl-defun t-start ()
  (find-file (getenv "DSP_TEST_FILE"))
  ;; What the hook does when Emacs is next idle, which a batch never is.
  (apply #'eglot (eglot--guess-contact)))
(defun t-act ()
  (let ((last-nonmenu-event ?\\r)) ; a key, not the mouse
    (eglot-code-actions (point) (point) "quickfix" t)))
(defun t-end () (eglot-shutdown (eglot-current-server) nil 20))
(defun t-flush () (eglot--signal-textDocument/didChange))

""",
    "lsp-mode": """
(require 'lsp-mode)
(setq lsp-auto-guess-root t lsp-restart 'ignore lsp-enable-file-watchers nil
      lsp-enable-suggest-server-download nil lsp-lens-enable nil
      lsp-modeline-code-actions-enable nil lsp-headerline-breadcrumb-enable nil
      lsp-session-file (expand-file-name "session" (getenv "HOME")))
(defun t-start ()
  (lsp-workspace-folders-add (file-name-directory (getenv "DSP_TEST_FILE")))
  (find-file (getenv "DSP_TEST_FILE"))
  (lsp)
  (t-wait "the server" (lambda () (cl-some (lambda (w) (eq 'initialized (lsp--workspace-status w)))
                                           (lsp-workspaces)))))
(defun t-act () (call-interactively #'lsp-execute-code-action))
(defun t-end () (lsp-workspace-shutdown (car (lsp-workspaces))))
(defun t-flush ())

""",
}


def recipe(name: str) -> str:
    """The block of the page that begins with this comment."""
    blocks = re.findall(r"```elisp\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    (block,) = [block for block in blocks if block.startswith(f";; {name}\n")]
    return str(block)


def run(
    tmp_path: Path, client: str, server: list[str], text: str, scenario: str, before: str = ""
) -> Any:
    """What a scenario tells of a file with that text."""
    if not _has(client):
        pytest.skip(f"Emacs has no {client}")
    file = tmp_path / "project" / "a.lean"
    file.parent.mkdir()
    (file.parent / "leanpkg.path").write_text("builtin_path\npath .\n")
    file.write_text(text, "utf-8")
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "dsp-lsp"
    # The recipes say `dsp-lsp serve`.
    words = server[:-1] if server[-1] == "serve" else server
    program.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
    program.chmod(0o755)
    script = tmp_path / "scenario.el"
    script.write_text(
        f"(load {json.dumps(str(SUPPORT))} nil t)\n"
        f"{recipe('the mode')}\n{recipe(client)}\n{START[client]}\n"
        "(setq lean-mode-hook nil) ; a batch is never idle: the scenario starts it\n"
        f"{before}\n(t-start)\n{scenario}\n(t-end)\n",
        "utf-8",
    )
    out = tmp_path / "seen.json"
    given = environment(tmp_path)
    given |= {
        "PATH": f"{programs}{os.pathsep}{given['PATH']}",
        "DSP_TEST_OUT": str(out),
        "DSP_TEST_FILE": str(file),
        "LC_ALL": "C.UTF-8",
    }
    assert EMACS is not None
    done = subprocess.run(
        [EMACS, "-q", "--batch", "-l", str(script)],
        cwd=tmp_path,
        env=given,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=GUARD,
        check=False,
    )
    assert out.exists(), done.stdout + done.stderr
    return json.loads(out.read_text("utf-8"))


@pytest.mark.parametrize("client", CLIENTS)
def test_a_sorry_is_proved(tmp_path: Path, client: str) -> None:
    text = "-- ∀ ε\ntheorem swap (p q : Prop) (h : p ∧ q) : q ∧ p := sorry\n"
    seen = run(
        tmp_path,
        client,
        SERVER,
        text,
        """
(buffer-enable-undo)
(t-go "sorry")
(t-act)
(t-wait "the proof" (lambda () (not (t-has "sorry"))))
(let ((proved (buffer-substring-no-properties (point-min) (point-max))))
  (undo-boundary)
  (setq last-command nil)
  (undo)
  (t-tell :proved proved :chosen t-chosen
          :undone (buffer-substring-no-properties (point-min) (point-max))))
""",
    )
    assert seen["chosen"] == ["Prove with DS-Prover"]
    assert seen["proved"].startswith(text.removesuffix("sorry\n"))
    assert "begin" in seen["proved"]
    assert seen["undone"] == text


@pytest.mark.parametrize("client", CLIENTS)
def test_the_user_edits_above_a_running_search(tmp_path: Path, client: str) -> None:
    text = "theorem first : true := trivial\n\ntheorem gate : true := sorry -- end\n"
    seen = run(
        tmp_path,
        client,
        SCRIPTED,
        text,
        """
(t-go "sorry")
(t-act)
(goto-char (point-min))
(insert "-- above\\n-- and more\\n")
(run-hooks 'post-command-hook)
(write-region "" nil (expand-file-name "gate" (getenv "FAKE_ENGINE_HOME")))
;; A batch is never idle; what runs when the user pauses runs late.
(run-with-timer 1 nil #'t-flush)
(t-wait "the proof" (lambda () (t-has "begin trivial end")))
(accept-process-output nil 1)
(t-tell :proved (buffer-substring-no-properties (point-min) (point-max)))
""",
    )
    expected = "-- above\n-- and more\n" + text.replace("sorry", "begin trivial end")
    assert seen["proved"] == expected


SETTINGS = {
    "eglot": "(setq-default eglot-workspace-configuration '(:dsp (:budget 120)))",
    "lsp-mode": """(lsp-register-custom-settings '(("dsp.budget" 120)))""",
}
ASK = {
    "eglot": """
(plist-get (jsonrpc-request (eglot-current-server) :workspace/executeCommand
                            '(:command "dsp.jobs")) :jobs)""",
    "lsp-mode": """
(lsp-get (lsp-request "workspace/executeCommand" '(:command "dsp.jobs")) :jobs)""",
}
BUDGET = {
    "eglot": "(plist-get (aref jobs 0) :budget)",
    "lsp-mode": "(lsp-get (elt jobs 0) :budget)",
}


@pytest.mark.parametrize("client", CLIENTS)
def test_settings(tmp_path: Path, client: str) -> None:
    """As the page says that they are given."""
    assert SETTINGS[client] in PAGE.read_text("utf-8")
    seen = run(
        tmp_path,
        client,
        SCRIPTED,
        "theorem gate : true := sorry\n",
        f"""
(accept-process-output nil 2) ; the server asks for them
(t-go "sorry")
(t-act)
(accept-process-output nil 1)
(let ((jobs {ASK[client]}))
  (t-tell :budget {BUDGET[client]}))
""",
        before=SETTINGS[client],
    )
    assert seen["budget"] == 120


def test_eglot_counts_as_the_protocol_does(tmp_path: Path) -> None:
    text = "/- 𝔸𝓝 -/ theorem one (𝕜 : Type) : 𝕜 = 𝕜 := sorry /- 𝕜 -/\n"
    seen = run(
        tmp_path,
        "eglot",
        SCRIPTED,
        text,
        """
(t-go "sorry")
(t-act)
(t-wait "the proof" (lambda () (t-has "begin trivial end")))
(t-tell :proved (buffer-substring-no-properties (point-min) (point-max)))
""",
    )
    assert seen["proved"] == text.replace("sorry", "begin trivial end")
