"""The fake `lean`: answers from transcripts, and misbehaves on demand.

Started by the launcher that ``install`` writes, with its home folder in front of Lean's own
arguments. Knows what the session asks of a Lean, and nothing else.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tests.fake_lean.accounts import load_accounts
from tests.fake_lean.faults import Faults
from tests.fake_lean.transcripts import Answers, Given, Run, load_all

_FOREVER = 3600.0
_NOT_RECORDED = {"failed": "not recorded"}
_GARBAGE = (
    b"\xff\xfe\x00 no JSON\n",
    b"[1, {\n",
    b'{"severity": 1}\n',
    b'{"severity": "error", "pos_line": 1e999, "pos_col": 0, "text": "x"}\n',
    b'[0, {"pp": 1}]\n',
    b'[123456789, "x"]\n',
    b"[[], []]\n",
    b'{"a":' + b"[" * 100_000 + b"\n",
    b"[" * 100_000 + b"\n",
    b"null\n",
    b"\n",
)


class Lean:
    """One run of the fake."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._faults = Faults.read(home)
        self._lock = threading.Lock()
        self._requests = 0
        self._output = sys.stdout.buffer
        self.text = ""
        self.running = True
        self.said: list[dict[str, Any]] = []
        self.visits: dict[str, Lean] = {}

    def run(self, arguments: list[str]) -> int:
        """What ``lean`` with these arguments does; its exit status."""
        match arguments:
            case ["--version"]:
                return self._version()
            case ["--path"]:
                self._log("path")
                library = str(self._home / "library")
                known = json.dumps({"is_user_leanpkg_path": False, "path": [library]})
                self._print(self._faults.path or known)
                return 0
            case ["--make", file]:
                return self._make(Path(file))
            case ["--json", threads, memory, file] if threads[:2] + memory[:2] == "-j-M":
                return self._check(Path(file))
            case ["--json", _, _, "--ast", "--tsast", "--tspp", file]:
                return self._trace(Path(file))
            case ["--server", threads, memory] if threads[:2] + memory[:2] == "-j-M":
                return self._warm()
        sys.stderr.write(f"the fake lean was not made for: {arguments}\n")
        return 1

    def _log(self, kind: str, **more: object) -> int:
        """Notes this run; how many of its kind there were before."""
        record = {"kind": kind, "pid": os.getpid(), "parent": os.getppid(), **more}
        with (self._home / "runs").open("a+b", buffering=0) as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)  # of two runs that start together, one is first
            stream.seek(0)
            before = stream.read().count(f'{{"kind": "{kind}"'.encode())
            stream.write(json.dumps(record).encode() + b"\n")
        return before

    def _print(self, text: str) -> None:
        self._write(text.encode("utf-8") + b"\n")

    def _write(self, content: bytes) -> None:
        with self._lock:
            self._output.write(content)
            self._output.flush()

    def _version(self) -> int:
        self._log("version")
        if self._faults.version_hangs:
            time.sleep(_FOREVER)
        self._print(self._faults.version or load_all()[0])
        return 0

    def _make(self, file: Path) -> int:
        self._log("make")
        if self._faults.make_fails:
            sys.stderr.write("the fake lean does not compile\n")
            return 1
        # Nobody looks inside.
        file.with_suffix(".olean").write_bytes(b"fake\n")
        return 0

    def _check(self, file: Path) -> int:
        given = Given.of(file.read_text("utf-8"))
        run = self._meet(given)
        self._misbehave()
        for message in run.messages:
            self._message(message, given.actual(message["text"]))
        if given.folder is None or run.hole is None:
            return run.status or 0
        self._serve(Path(given.folder), run)
        return 0

    def _meet(self, given: Given) -> Run:
        """What is known of a document; from now on its faults are ours."""
        kind = "check" if given.folder is None else "hole"
        before = self._log(kind, folder=given.folder)
        if not self._faults.apply_to(kind, given.document, before):
            self._faults = Faults()
        run = load_all()[1].get(given.document)
        if run is None:
            self._log("not recorded", document=given.document)
            # The text is named, so that two unknown ones do not have the same error.
            known_as = hashlib.sha256(given.document.encode()).hexdigest()[:8]
            error: dict[str, Any] = {"severity": "error", "pos_line": 1, "pos_col": 0}
            run = Run(
                given.document, [{**error, "text": f"the document {known_as} was not recorded"}], 1
            )
        return run

    def _trace(self, file: Path) -> int:
        """Writes what is known of a document beside it, as Lean does at its end."""
        text = file.read_text("utf-8")
        before = self._log("trace", document=text)
        if not self._faults.apply_to("trace", text, before):
            self._faults = Faults()
        self._misbehave()
        account = next((one for one in load_accounts() if one.document == text), None)
        if account is None:
            self._log("not recorded", document=text)
            return 1
        for message in account.messages:
            self._print(json.dumps(message))
        content = account.tree.encode("utf-8")
        with file.with_suffix(".ast.json").open("wb") as stream:
            if self._faults.die_at is not None:
                stream.write(content[: len(content) // 2])
                stream.flush()
                self._die()
            stream.write(content)
        return 0

    def _warm(self) -> int:
        """Speaks as much of Lean's editor protocol as the engine does."""
        before = self._log("warm")
        if Faults.read(self._home).apply_to("warm", "", before):
            self._misbehave()
        for line in sys.stdin.buffer:
            request = json.loads(line)
            if request["command"] == "sync":
                file, text = request["file_name"], request["content"].rstrip("\n") + "\n"
                if file not in self.visits or self.visits[file].text != text:
                    visit = self.visits[file] = Lean(self._home)
                    visit.text, visit._lock, visit.visits = text, self._lock, self.visits
                    # A first line alone is the imports; what was cut off is no document either.
                    visit.running = "dsp_lsp_hole" in text or "dsp_lsp_audit" in text
                    if visit.running:
                        threading.Thread(target=visit._visit, args=(text,), daemon=True).start()
            self._print(json.dumps({"response": "ok", "seq_num": request["seq_num"]}))
            self._tell()
        return 0

    def _tell(self) -> None:
        """What the server says of the texts it has."""
        visits = list(self.visits.items())
        said = [{**message, "file_name": file} for file, visit in visits for message in visit.said]
        tasks = [{"file_name": file} for file, visit in visits if visit.running]
        self._print(json.dumps({"msgs": said, "response": "all_messages"}))
        self._print(json.dumps({"tasks": tasks, "response": "current_tasks"}))

    def _visit(self, text: str) -> None:
        given = Given.of(text)
        run = self._meet(given)
        self._misbehave()
        self.said = [{**m, "text": given.actual(m["text"])} for m in run.messages]
        if given.folder is not None and run.hole is not None:
            self._serve(Path(given.folder), run)
        self.running = False
        self._tell()

    def _message(self, message: dict[str, Any], text: str) -> None:
        self._print(json.dumps({"caption": "", "file_name": "-", **message, "text": text}))

    def _misbehave(self) -> None:
        """The faults that show before the first word."""
        faults = self._faults
        if faults.helper:
            command = [sys.executable, "-c", f"import time; time.sleep({_FOREVER})"]
            self._log("helper", pid=subprocess.Popen(command).pid)
        if faults.stderr:
            sys.stderr.write("x" * faults.stderr)
            sys.stderr.flush()
        if faults.stdout:
            trace = {"severity": "information", "pos_line": 1, "pos_col": 0}
            for _ in range(faults.stdout // 1000):
                self._message(trace, "x" * 1000)
            self._print("x" * faults.stdout)
        if faults.garbage:
            for line in _GARBAGE:
                self._write(line)
        if faults.die_at == 0:
            self._die()
        if faults.hang:
            time.sleep(_FOREVER)

    def _die(self) -> None:
        if self._faults.how == "SIGKILL":
            os.kill(os.getpid(), signal.SIGKILL)
        sys.stderr.write("the fake lean ends as it was told\n")
        sys.stderr.flush()
        os._exit(int(self._faults.how))

    # -- the hole --------------------------------------------------------------------------------

    def _serve(self, folder: Path, run: Run) -> None:
        hole = run.hole
        if hole is None:
            raise ValueError("a run without a hole")
        states: dict[int, Answers] = {0: hole.answers}
        with (folder / "in").open("rb") as requests:
            self._put(folder, 0, [0, hole.greeting])
            for line in requests:
                self._requests += 1
                if self._requests == self._faults.die_at:
                    self._die()
                if self._requests == self._faults.deaf_at:
                    time.sleep(_FOREVER)
                match json.loads(line):
                    case [int(number), int(slot), int(state), int(ms), int(_), str(tactic)]:
                        answer, then = self._answer(states.get(state), tactic)
                        if answer == _NOT_RECORDED:
                            self._log("not recorded", tactic=tactic)
                        if "goals" in answer:
                            states[number] = then
                        thread = threading.Thread(
                            target=self._reply,
                            args=(folder, slot, number, tactic, answer, ms / 1000),
                            daemon=True,
                        )
                        thread.start()
                    case [int(number), int(slot), list(names)]:
                        self._put(folder, slot, [number, [name in hole.known for name in names]])
                    case _:
                        return

    @staticmethod
    def _answer(at: Answers | None, tactic: str) -> tuple[dict[str, Any], Answers]:
        if at is None:
            return {"failed": "no such tactic state"}, {}
        if tactic not in at:
            return _NOT_RECORDED, {}
        answer = {name: value for name, value in at[tactic].items() if name != "then"}
        return answer, at[tactic].get("then", {})

    def _reply(
        self,
        folder: Path,
        slot: int,
        number: int,
        tactic: str,
        answer: dict[str, Any],
        timeout: float,
    ) -> None:
        faults = self._faults
        if tactic in faults.deadly:
            self._die()
        if tactic in faults.silent:
            return
        if tactic in faults.slow:
            time.sleep(timeout)
            answer = {"interrupted": True}
        time.sleep(faults.delay)
        self._put(folder, slot, [number, answer])

    def _put(self, folder: Path, slot: int, answer: list[object]) -> None:
        line = json.dumps(answer).encode() + b"\n"
        if self._faults.garbage:
            line = b"".join(_GARBAGE) + line
        size = self._faults.piece or len(line)
        with (folder / f"out.{slot}").open("ab", buffering=0) as stream:
            for start in range(0, len(line), size):
                piece = line[start : start + size]
                while piece:
                    piece = piece[stream.write(piece) or 0 :]
                if self._faults.piece:
                    time.sleep(0.001)


def main() -> int:
    """Runs the fake; the first argument is its home folder."""
    return Lean(Path(sys.argv[1])).run(sys.argv[2:])
