from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from engine.options import add_options, chosen_settings, setting
from engine.protocol import EngineError


@dataclass(frozen=True)
class Example:
    out: Path = setting(help="where it goes")
    rate: float = setting(0.5, help="how much, in %")
    bold: bool = setting(default=False, help="whether")
    names: tuple[str, ...] = setting((), help="which", metavar="NAME")
    limit: int | None = setting(None, help="at most")
    mode: Literal["auto", "off"] = setting("auto", help="how")


def chosen(*words: str) -> Example:
    parser = argparse.ArgumentParser()
    add_options(parser, Example)
    return chosen_settings(parser.parse_args(words), Example)


def test_options_are_the_fields() -> None:
    assert chosen("--out", "x") == Example(Path("x"))
    said = chosen("--out", "x", "--rate", "2", "--bold", "--names", "a", "b", "--mode", "off")
    assert said == Example(Path("x"), 2.0, True, ("a", "b"), None, "off")


def test_options_change_what_the_file_says(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    first = chosen("--out", "x", "--limit", "3", "--bold", "--save-config", str(file))
    assert chosen("--config", str(file)) == first
    assert chosen("--config", str(file), "--no-bold", "--out", "y") == Example(Path("y"), limit=3)


def test_what_must_be_said_is_named() -> None:
    with pytest.raises(EngineError, match="out"):
        chosen()


def test_help_can_be_printed() -> None:
    parser = argparse.ArgumentParser()
    add_options(parser, Example)
    text = parser.format_help()
    assert "how much, in % (default: 0.5)" in " ".join(text.split())
    assert "--no-bold" in text
    assert "object" not in text
