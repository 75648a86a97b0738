"""Records the accounts: ``python -m tests.fake_lean.record_accounts``, where Lean 3 is.

Run it after a change to a project or to the questions that a traced text gets
(:mod:`engine.data.premises`).
"""

from __future__ import annotations

import asyncio
import json
import lzma
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from engine.data.premises import ask_for_names
from engine.lean.modules import with_absolute_imports
from engine.lean.session import find_workplace
from engine.source import analyse
from tests.fake_lean.accounts import FOLDER, Account
from tests.fake_lean.project import AUGMENTED, PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator


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
