"""The settings: read, refused, and as a schema."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp_lsp.config import Config, engine_settings, read, schema, search_options
from engine.protocol import GeneratorSettings

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = [name.removeprefix("dsp.") for name in schema()]


def test_nothing_is_all_defaults() -> None:
    assert read(None) == read({}) == (Config(), [])


@given(st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=6), JSON, max_size=6))
def test_no_value_breaks_it(values: dict[str, Any]) -> None:
    config, complaints = read(values)
    # Whatever was given, the engine gets settings that make sense.
    options = search_options(config)
    assert options.budget > 0
    assert options.a > 0
    assert engine_settings(config).memory_mb >= 64
    assert config.max_searches >= 1
    assert len(complaints) <= len(values)
    again, none = read(
        {
            name: getattr(config, field.name)
            for name, field in zip(NAMES, fields(Config), strict=True)
        }
    )
    assert none == []
    assert again == config


@given(JSON)
def test_no_object(values: Any) -> None:
    config, complaints = read(values)
    if values is not None and not isinstance(values, dict):
        assert config == Config()
        assert len(complaints) == 1


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"budget": 0}, "`dsp.budget` must be a number (above 0), not 0; 60.0 is used."),
        ({"budget": True}, "`dsp.budget` must be a number (above 0), not true; 60.0 is used."),
        (
            {"maxSearches": 1.5},
            "`dsp.maxSearches` must be a whole number (at least 1, at most 64), "
            "not 1.5; 2 is used.",
        ),
        (
            {"longerBudgets": [1, "x"]},
            "`dsp.longerBudgets` must be a list of numbers (above 0), "
            'not [1, "x"]; [300.0, 1200.0] is used.',
        ),
        (
            {"sampling": "none"},
            '`dsp.sampling` must be one of dynamic, fixed, not "none"; "dynamic" is used.',
        ),
        ({"lean_path": "x"}, "There is no setting `dsp.lean_path`."),
    ],
)
def test_what_is_wrong_is_said(values: dict[str, Any], complaint: str) -> None:
    assert read(values) == (Config(), [complaint])


def test_a_whole_number_may_be_written_with_a_point() -> None:
    config, complaints = read({"maxSearches": 3.0, "budget": 5})
    assert complaints == []
    assert (config.max_searches, config.budget) == (3, 5.0)
    assert isinstance(config.max_searches, int)


def test_an_editor_may_do_without_a_model_or_take_another() -> None:
    without, _ = read({"generator": "repertoire"})
    assert engine_settings(without).generator == GeneratorSettings(kind="repertoire")
    other, _ = read({"generatorModel": "some/model"})
    assert engine_settings(other).generator == GeneratorSettings(model="some/model")


def test_the_schema_says_the_defaults() -> None:
    for name, entry in schema().items():
        config, complaints = read({name.removeprefix("dsp."): entry["default"]})
        assert (config, complaints) == (Config(), [])
        assert entry["markdownDescription"].endswith(".")


def test_programs_belong_to_the_machine() -> None:
    machine = {name for name, entry in schema().items() if entry["scope"] == "machine"}
    assert machine == {"dsp.leanPath", "dsp.generatorModel", "dsp.generatorCommand"}


def test_the_schema_is_printed() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "dsp_lsp.config"], capture_output=True, text=True, check=True
    )
    assert json.loads(said.stdout) == schema()
