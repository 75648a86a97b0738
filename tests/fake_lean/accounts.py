"""Accounts: what the real Lean wrote about the files of our small projects when it traced them.

``python -m tests.fake_lean.accounts``, where Lean 3 is, records them; run it after a change to a
project or to the questions that a traced text gets (:mod:`engine.data.premises`).
"""

from __future__ import annotations

import asyncio
import json
import lzma
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.data.premises import ask_for_names
from engine.lean.modules import with_absolute_imports
from engine.lean.oleans import source_hash
from engine.lean.session import find_workplace
from engine.source import analyse

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).with_name("tiny")
AUGMENTED = Path(__file__).parent / "documents" / "augmented"
FOLDER = Path(__file__).with_name("accounts")


@dataclass(frozen=True)
class Account:
    """What Lean was given, what it wrote about that, and its messages."""

    document: str
    tree: str
    messages: list[dict[str, Any]]


def load_accounts() -> Iterator[Account]:
    """All that are recorded."""
    for path in sorted(FOLDER.glob("*.json.xz")):
        yield Account(**json.loads(lzma.decompress(path.read_bytes())))


def copy_project(folder: Path, *, compiled: bool = True) -> Path:
    """A copy of the project; ``compiled`` puts modules there that have a compiled one's head."""
    shutil.copytree(PROJECT, folder)
    for source in (folder / "src").glob("*.lean") if compiled else ():
        value = source_hash(source.read_bytes())
        numbers = (value >> 32, value & 0xFFFFFFFF) * 2
        head = b"".join(b"\xff" + number.to_bytes(4, "big") for number in numbers)
        source.with_suffix(".olean").write_bytes(b"oleanfile\x003.51.1, commit 0\0" + head)
    return folder


def given_text(source: Path, search_path: tuple[Path, ...]) -> str:
    """The text that Lean gets when ``source`` is traced."""
    text = source.read_text("utf-8")
    return ask_for_names(with_absolute_imports(text, analyse(text), source, search_path)).text


def record(lean: str, project: Path, sources: Path) -> Iterator[tuple[str, Account]]:
    """Lean's accounts of the sources of a compiled project, by the names of their modules."""
    place = asyncio.run(find_workplace(project, lean))
    for source in sorted(sources.glob("*.lean")):
        document = given_text(source, place.search_path)
        copy = sources / "traced.lean"
        copy.write_text(document, "utf-8")
        run = subprocess.run(
            [lean, "--json", "--ast", "--tsast", "--tspp", str(copy)],
            cwd=project,
            capture_output=True,
            encoding="utf-8",
            check=True,
            timeout=300,
        )
        messages = [json.loads(line) for line in run.stdout.splitlines()]
        for message in messages:
            message["file_name"] = "traced.lean"
        tree = copy.with_suffix(".ast.json").read_text("utf-8")
        copy.unlink()
        yield source.stem, Account(document, tree, messages)


def main() -> int:
    """Records the accounts of all files of the projects."""
    lean = shutil.which("lean")
    if lean is None:
        sys.stderr.write("There is no `lean` on the PATH.\n")
        return 1
    FOLDER.mkdir(exist_ok=True)
    for original, below in ((PROJECT, "src"), (AUGMENTED, ".")):
        with tempfile.TemporaryDirectory(prefix="record-") as made:
            project = Path(made) / original.name
            shutil.copytree(original, project)
            subprocess.run([lean, "--make", below], cwd=project, check=True, timeout=300)
            for name, account in record(lean, project, project / below):
                content = json.dumps(vars(account), ensure_ascii=False).encode()
                (FOLDER / f"{name}.json.xz").write_bytes(lzma.compress(content))
    return 0


if __name__ == "__main__":
    sys.exit(main())
