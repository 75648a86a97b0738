"""A `lean` that is the real one, with everything that passes between it and a session written down.

Started by the launcher that ``record`` writes, with the real program and the folder of the logs in
front of Lean's own arguments. A log is a text of JSON lines, because a hole's Lean ends by SIGKILL.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO

from tests.fake_lean.transcripts import Given, with_folder


class _Log:
    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        self._stream = (folder / f"{os.getpid()}.log").open("xb", buffering=0)

    def write(self, kind: str, value: object) -> None:
        with self._lock:
            self._stream.write(json.dumps([kind, value]).encode() + b"\n")


def _copy_answers(inner: Path, outer: Path, log: _Log) -> None:
    # Both ends of each FIFO are held open, so that it never comes to an end.
    with os.fdopen(os.open(inner, os.O_RDWR), "rb", buffering=0) as stream:
        rest = b""
        while chunk := stream.read(65536):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                log.write("answer", json.loads(line))
                with outer.open("ab", buffering=0) as target:
                    target.write(line + b"\n")


def _copy_requests(outer: Path, inner: Path, log: _Log) -> None:
    with outer.open("rb") as source, os.fdopen(os.open(inner, os.O_RDWR), "wb", 0) as target:
        for line in source:
            log.write("request", json.loads(line))
            target.write(line)


def _copy_output(source: IO[bytes], log: _Log) -> None:
    for line in source:
        if line.startswith(b"{"):
            log.write("message", json.loads(line))
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()


def _run(program: str, logs: Path, arguments: list[str]) -> int:
    file = Path(arguments[-1])
    text = file.read_text("utf-8")
    given = Given.of(text)
    log = _Log(logs)
    log.write("document", text)
    if given.folder is not None:
        outer, inner = Path(given.folder), Path(tempfile.mkdtemp(dir=logs))
        for name in ["in", *(path.name for path in outer.glob("out.*"))]:
            os.mkfifo(inner / name)
            copy = _copy_requests if name == "in" else _copy_answers
            ends = (outer / name, inner / name) if name == "in" else (inner / name, outer / name)
            threading.Thread(target=copy, args=(*ends, log), daemon=True).start()
        file = inner / "document.lean"
        file.write_text(with_folder(given.document, str(inner)), "utf-8")
    # Stays in our process group, so that whoever kills us kills it too.
    process = subprocess.Popen([program, *arguments[:-1], str(file)], stdout=subprocess.PIPE)
    if process.stdout is not None:
        _copy_output(process.stdout, log)
    status = process.wait()
    log.write("status", status)
    return status


def main() -> int:
    """Runs the relay; the first arguments are the real `lean` and the folder of the logs."""
    program, logs, *arguments = sys.argv[1:]
    if arguments[:1] == ["--server"]:
        return 1  # then each document is served by a Lean of its own, which is what is written down
    if arguments[:1] == ["--json"]:
        return _run(program, Path(logs), arguments)
    return subprocess.run([program, *arguments], check=False).returncode
