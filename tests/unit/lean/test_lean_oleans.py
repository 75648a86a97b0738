"""Compiled modules and their sources, without Lean."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.lean.oleans import read_head, source_hash, why_stale

if TYPE_CHECKING:
    from pathlib import Path


def olean(content: bytes, version: str = "3.51.1, commit f91b574c40ad") -> bytes:
    """A compiled module's head, as Lean writes it."""
    value = source_hash(content)
    numbers = [value >> 32, value & 0xFFFFFFFF]
    written = b"".join(
        bytes([n]) if n < 255 else b"\xff" + struct.pack(">I", n) for n in (*numbers, *numbers)
    )
    return b"oleanfile\0" + version.encode() + b"\0" + written


@pytest.mark.parametrize(
    ("content", "expected"),
    # Of MurmurHash64A with seed 0, computed from its definition by hand for the short ones.
    [(b"", 0x0), (b"\r\r", 0x0)],
)
def test_hashes_that_are_known(content: bytes, expected: int) -> None:
    assert source_hash(content) == expected


@given(st.binary(max_size=80))
def test_carriage_returns_do_not_matter_and_all_else_does(content: bytes) -> None:
    plain = content.replace(b"\r", b"")
    assert source_hash(content) == source_hash(plain)
    assert source_hash(plain + b"x") != source_hash(plain)
    assert 0 <= source_hash(content) < 1 << 64


@given(st.binary(max_size=40))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("olean")
    (folder / "a.olean").write_bytes(olean(content))
    head = read_head(folder / "a.olean")
    assert head is not None
    assert head.source == source_hash(content)


def test_why_a_module_is_stale(tmp_path: Path) -> None:
    source, compiled = tmp_path / "a.lean", tmp_path / "a.olean"
    source.write_bytes(b"theorem a : 1 = 1 := rfl\n")
    compiled.write_bytes(olean(source.read_bytes()))
    assert why_stale(source, compiled, "3.51.1") is None
    assert why_stale(source, compiled, "3.50.3") == "it was made by Lean 3.51.1"
    source.write_bytes(b"theorem a : 1 = 1 := rfl\r\n")
    assert why_stale(source, compiled, "3.51.1") is None
    source.write_bytes(b"theorem a : 2 = 2 := rfl\n")
    assert why_stale(source, compiled, "3.51.1") == "its source was changed"
    source.unlink()  # Lean takes a compiled module without a source as it is
    assert why_stale(source, compiled, "3.51.1") is None
    for content in (
        b"",
        b"fake\n",
        b"oleanfile\0",
        b"oleanfile\x003.51.1\0",
        b"oleanfile\0x\0\xff1",
    ):
        compiled.write_bytes(content)
        assert why_stale(source, compiled, "3.51.1") == "it is no compiled module"
