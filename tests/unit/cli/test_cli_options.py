"""What the arguments of a search mean."""

from __future__ import annotations

import argparse

from dsp_lsp.arguments import add_search, read_options
from engine.protocol import SearchOptions


def options(*arguments: str) -> SearchOptions:
    parser = argparse.ArgumentParser()
    parser.set_defaults(parser=parser)
    add_search(parser)
    return read_options(parser.parse_args(arguments))


def test_without_arguments_everything_is_as_in_an_editor() -> None:
    assert options("--cache", "off") == SearchOptions()


def test_the_papers_preset_is_the_papers_search() -> None:
    found = options("--preset", "paper", "--model", "m")
    assert (found.budget, found.tactic_timeout, found.first_timeout) == (600.0, 10.0, None)
    assert (found.a, found.b, found.c, found.sampling) == (6.0, 12.0, 5.0, "dynamic")
    assert not found.repertoire
    assert not found.widen


def test_what_is_said_goes_before_the_preset() -> None:
    assert options("--preset", "paper", "--model", "m", "--budget", "5").budget == 5.0
