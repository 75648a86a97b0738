"""Settings in TOML, and the note beside an output."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import tomli
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from engine.manifest import file_hash, manifest_path, read_manifest, write_manifest
from engine.protocol import EngineError
from engine.settings import from_mapping, read_settings, to_mapping, write_settings


@dataclass(frozen=True)
class Inner:
    depth: int = 1


@dataclass(frozen=True)
class Example:
    rate: float = 0.5
    name: str = "mini"
    on: bool = False
    out: Path | None = None
    lengths: tuple[int, ...] = (1, 2)
    inner: Inner = field(default_factory=Inner)


@given(
    st.builds(
        Example,
        rate=st.floats(allow_nan=False),
        name=st.text(st.characters(exclude_categories=["Cs"])),
        on=st.booleans(),
        out=st.none() | st.just(Path("a/b")),
        lengths=st.lists(st.integers(-(2**60), 2**60)).map(tuple),
        inner=st.builds(Inner, depth=st.integers(0, 9)),
    )
)
def test_settings_come_back_as_they_were_written(example: Example) -> None:
    assert from_mapping(Example, tomli.loads(tomli_w.dumps(to_mapping(example)))) == example


def test_options_go_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "example.toml"
    write_settings(Example(rate=0.25, name="paper"), path)
    assert read_settings(Example, path, {"name": "mine"}) == Example(rate=0.25, name="mine")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rate = 'much'", "rate"),
        ("on = 1", "on"),
        ("unknown = 1", "unknown"),
        ("lengths = [1, 'two']", "lengths"),
        ("rate = ", "is not TOML"),
    ],
)
def test_what_does_not_fit_is_named(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(EngineError, match=said) as caught:
        read_settings(Example, path)
    assert str(path) in str(caught.value)


def test_a_note_tells_what_an_output_was_made_from(tmp_path: Path) -> None:
    source = tmp_path / "in.txt"
    source.write_text("a")
    output = tmp_path / "out.jsonl"
    output.write_text("")
    path = write_manifest(
        output,
        command="trace",
        settings=to_mapping(Example()),
        inputs=[source],
        counts={"pairs": 3},
    )
    note = read_manifest(output)
    assert path == manifest_path(output)
    assert note["inputs"] == {str(source): file_hash(source)}
    assert note["counts"] == {"pairs": 3}
    assert json.loads(path.read_text())["versions"]["python"]
    source.write_text("b")
    assert file_hash(source) != note["inputs"][str(source)]


def test_a_folder_is_known_by_its_files_names_and_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    before = file_hash(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert file_hash(tmp_path) != before
