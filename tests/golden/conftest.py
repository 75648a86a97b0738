"""Texts compared with a stored file; ``pytest tests/golden --update-golden`` stores them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="store what the golden tests get")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares a text with the stored one of that name."""

    def compare(name: str, text: str) -> None:
        path = HERE / f"{name}.txt"
        # The option is unknown where pytest was started above this folder.
        if request.config.getoption("--update-golden", default=False):
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path.name} is missing: run with --update-golden and look at it"
        assert text == path.read_text(encoding="utf-8")

    return compare
