"""A generator's process that does as it is told: ``fake_generator WHAT``.

It proposes the words of :data:`TACTICS`, and misbehaves as ``WHAT`` says. With a second argument,
a file that counts its lives, it misbehaves in the first only.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

TACTICS = ("split", "exact h", "assumption", "exact k")


def say(message: object) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def hello(protocol: int = 1) -> None:
    say(
        {
            "type": "hello",
            "protocol": protocol,
            "version": "0",
            "backend": "fake",
            "model": "fake",
            "device": "a test",
        }
    )


def main(what: str, lives: str | None = None) -> None:
    if lives is not None:
        with Path(lives).open("a") as file:
            file.write("x")
        if len(Path(lives).read_text()) > 1:
            what = "good"
    if what == "never":
        time.sleep(600)
    if what == "broken":
        sys.stderr.write("loading…\nno such weights\n")
        sys.exit(7)
    if what == "unloadable":
        say({"type": "failed", "message": "There are no weights.", "remedy": "Get some."})
        sys.exit(3)
    hello(9 if what == "newer" else 1)
    asked = 0
    for line in sys.stdin:
        message = json.loads(line)
        if message["type"] == "stats":
            say({"type": "stats", "requests": asked})
        if message["type"] != "sample":
            continue
        asked += 1
        answer = {
            "type": "answer",
            "id": message["id"],
            "candidates": [[t, -1.0 - i] for i, t in enumerate(TACTICS[: message["n"]])],
        }
        if asked > 1 or not what.endswith("-later"):
            misbehave(what.removesuffix("-later"), answer)
        say(answer)


def misbehave(what: str, answer: dict[str, object]) -> None:
    if what == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "leaves":
        sys.exit(5)
    elif what == "garbage":
        print("Segmentation fault soon")
    elif what == "half":
        sys.stdout.write(json.dumps(answer)[:20])
        sys.exit(0)
    elif what == "huge":
        print("x" * (5 << 20))
    elif what == "silent":
        time.sleep(600)
    elif what == "late":
        time.sleep(0.3)
    elif what == "infinite":
        print(json.dumps(answer).replace("-1.0", "-Infinity"))
    elif what == "refuses":
        say({"type": "refused", "id": answer["id"], "message": "No memory for this."})
    elif what == "lost":
        say({"type": "failed", "message": "The GPU is gone.", "device_lost": True})
        sys.exit(3)
    elif what == "stranger":
        say({**answer, "id": 10_000})


if __name__ == "__main__":
    main(*sys.argv[1:])
