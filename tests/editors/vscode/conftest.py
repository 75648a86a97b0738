from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.editors.vscode.workbench import (
    Place,
    Workbench,
    install,
    missing,
    package,
    program,
    workbench,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path


@pytest.fixture(scope="session")
def extensions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of extensions that has ours."""
    lacking = missing()
    if lacking:
        pytest.skip(lacking)
    folder = tmp_path_factory.mktemp("vscode")
    install(package(folder), folder / "extensions", folder / "scratch")
    return folder / "extensions"


@pytest.fixture
def place(extensions: Path, tmp_path: Path) -> Place:
    """A VS Code that finds this tree's `dsp-lsp` on the PATH and proves with the embedded core."""
    own = tmp_path / "extensions"
    shutil.copytree(extensions, own)
    listing = own / "extensions.json"
    listing.write_text(listing.read_text().replace(str(extensions), str(own)))
    found = Place(tmp_path, own, machine={"dsp.leanPath": "embedded"})
    program(found.programs)
    return found


@pytest.fixture
def opened(place: Place) -> Callable[..., AbstractContextManager[Workbench]]:
    """Opens a file in a window of its own: ``opened(name, text, **changes of the place)``."""

    @contextmanager
    def go(name: str, text: str, **changes: Any) -> Iterator[Workbench]:
        for key, value in changes.items():
            setattr(place, key, value)
        place.write(name, text)
        with workbench(place) as window:
            window.open(name)
            yield window

    return go
