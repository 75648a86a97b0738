"""From settings to generators, and one search with each of them, chosen by settings alone."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from engine.generators import Repertoire
from engine.generators.choice import Generators
from engine.generators.models import (
    MANIFEST,
    conversion_folder,
    default_model,
    is_hub_id,
    locate,
    read_manifest,
)
from engine.protocol import (
    EngineError,
    EnvironmentParams,
    GeneratorSettings,
    ProveParams,
    ProveResult,
    SearchOptions,
    Settings,
    StopReason,
    SuggestParams,
)
from engine.prove import create
from tests.engine.conftest import ROOT
from tests.tiny_model import CONVERTED

from .test_remote import pid_of

if TYPE_CHECKING:
    from pathlib import Path

    from engine.prove.prover import Prover

TEXT = "theorem t (p q : Prop) (h : p) (k : q) : p ∧ q :="
FAKE = [sys.executable, "-m", "tests.generators.fake_generator"]
CT2 = importlib.util.find_spec("ctranslate2") is not None
TORCH = all(
    importlib.util.find_spec(name) is not None
    for name in ("torch", "transformers", "engine.generators.torch_backend")
)
needs_ct2 = pytest.mark.skipif(not CT2, reason="needs ctranslate2")


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("DSP_LSP_CACHE", str(tmp_path / "cache"))


async def search(
    settings: GeneratorSettings, *, repertoire: bool = False, prover: Prover | None = None
) -> ProveResult:
    """A proof by the embedded core, which is there on every machine."""
    serving = prover or create(Settings(lean="embedded", generator=settings, threads=1))
    options = SearchOptions(budget=30, repertoire=repertoire, max_expansions=40)
    try:
        return await serving.prove(
            ProveParams(job="j", text=TEXT, site=len(TEXT), options=options), lambda _: None
        )
    finally:
        if prover is None:
            await serving.close()


GENERATORS = [
    pytest.param(GeneratorSettings(kind="repertoire"), id="repertoire"),
    pytest.param(
        GeneratorSettings(kind="ct2", model=str(CONVERTED), threads=1, max_tactic_bytes=32),
        id="ct2",
        marks=needs_ct2,
    ),
    pytest.param(
        GeneratorSettings(kind="auto", model=str(CONVERTED), decoding="sampling", threads=1),
        id="auto, sampling",
        marks=needs_ct2,
    ),
    pytest.param(GeneratorSettings(kind="process", command=[*FAKE, "good"]), id="process"),
]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.tiny_model.training import train

    folder = tmp_path_factory.mktemp("tiny") / "checkpoint"
    train(folder, steps=200)
    return folder


@pytest.mark.skipif(not TORCH, reason="needs torch and transformers (extra `gpu`)")
@pytest.mark.parametrize("mixed", [False, True])
async def test_the_same_search_with_torch(checkpoint: Path, mixed: bool) -> None:
    settings = GeneratorSettings(
        kind="torch", model=str(checkpoint), device="cpu", threads=1, max_tactic_bytes=32
    )
    result = await search(settings, repertoire=mixed)
    assert result.status == "proved", result
    assert result.notes == []


@pytest.mark.parametrize("settings", GENERATORS)
@pytest.mark.parametrize("mixed", [False, True])
async def test_the_same_search_with_each(settings: GeneratorSettings, mixed: bool) -> None:
    result = await search(settings, repertoire=mixed)
    assert result.status == "proved", result
    assert result.verdict is not None
    assert result.verdict.accepted
    assert result.notes == []


@pytest.mark.parametrize(
    ("what", "clause"),
    [
        ("killed-later", "was killed by SIGKILL"),
        ("leaves-later", "ended with status 5"),
        ("garbage-later", "sent something that is no message: 'Segmentation fault soon'"),
        ("lost-later", "failed: The GPU is gone"),
        ("refuses-later", "refused: No memory for this"),
    ],
)
async def test_a_generator_lost_in_mid_search_costs_one_line(what: str, clause: str) -> None:
    command = [*FAKE, what]
    result = await search(GeneratorSettings(kind="process", command=command))
    assert result.status == "proved"
    assert result.notes == [f"The generator fake {clause}; the search goes on with the repertoire."]


async def test_a_generator_that_is_slow_costs_one_line() -> None:
    settings = GeneratorSettings(
        kind="process", command=[*FAKE, "silent-later"], sample_timeout=0.5
    )
    result = await search(settings)
    assert result.status == "proved"
    (note,) = result.notes
    assert "did not answer within 0.5 s; the search goes on with the repertoire." in note


@needs_ct2
async def test_the_cpu_stands_in_for_a_lost_machine() -> None:
    settings = GeneratorSettings(
        kind="process",
        command=[*FAKE, "killed-later"],
        model=str(CONVERTED),
        threads=1,
        max_tactic_bytes=32,
    )
    result = await search(settings)
    assert result.status == "proved"
    (note,) = result.notes
    assert note.endswith("was killed by SIGKILL; the search goes on with a model on the CPU.")


@needs_ct2
async def test_the_real_process_killed_between_two_searches() -> None:
    settings = GeneratorSettings(kind="ct2", model=str(CONVERTED), threads=1, max_tactic_bytes=32)
    prover = create(Settings(lean="embedded", generator=settings, threads=1))
    try:
        assert (await search(settings, prover=prover)).status == "proved"
        found = await prover.environment(EnvironmentParams(path=str(ROOT)))
        assert found.generator.startswith("tiny (")
        assert found.device == "CPU (1 thread, int8_float32)"
        os.kill(pid_of(prover._generators._remotes[0]), signal.SIGKILL)
        result = await search(settings, repertoire=True, prover=prover)
        assert result.status == "proved"
    finally:
        await prover.close()


@pytest.mark.parametrize("settings", GENERATORS)
async def test_suggestions_come_from_the_generator(settings: GeneratorSettings) -> None:
    prover = create(Settings(lean="embedded", generator=settings, threads=1))
    try:
        found = await prover.suggest(SuggestParams(text=TEXT, site=len(TEXT)))
    finally:
        await prover.close()
    assert "split" in [s.tactic for s in found.suggestions]


# -- what is refused, and how ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (GeneratorSettings(kind="process"), "has no command"),
        (GeneratorSettings(kind="ct2", model="/no/model"), "no model at /no/model"),
        (GeneratorSettings(model="/no/model"), "no model at /no/model"),
        (GeneratorSettings(model=str(ROOT)), "holds no model"),
        (GeneratorSettings(model="nobody/nothing"), "not on this machine"),
        (GeneratorSettings(threads=0), "threads must be"),
        (GeneratorSettings(max_state_bytes=3), "A state needs room"),
        (GeneratorSettings(max_tactic_bytes=0), "A state needs room"),
        (GeneratorSettings(sample_timeout=0.0), "time-outs"),
        (GeneratorSettings(idle_seconds=0.0), "time-outs"),
    ],
)
def test_settings_that_make_no_sense(settings: GeneratorSettings, said: str) -> None:
    with pytest.raises(EngineError, match=said):
        create(Settings(generator=settings))


async def test_a_model_alone_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.generators.choice.default_model", lambda: None)
    with pytest.raises(EngineError, match="no model that could search alone"):
        await search(GeneratorSettings())
    with pytest.raises(EngineError, match="ended with status 7: no such weights"):
        await search(GeneratorSettings(kind="process", command=[*FAKE, "broken"]))


async def test_a_model_that_does_not_load_costs_a_mixed_search_one_line() -> None:
    settings = GeneratorSettings(kind="process", command=[*FAKE, "unloadable"])
    prover = create(Settings(lean="embedded", generator=settings, threads=1))
    text = "theorem t (p q r : Prop) (f : p → q) (g : q → r) (h : p) : r ∧ q :="
    try:
        result = await prover.prove(
            ProveParams(job="j", text=text, site=len(text), options=SearchOptions(budget=20)),
            lambda _: None,
        )
    finally:
        await prover.close()
    assert result.stop_reason in (StopReason.PROVED, StopReason.NOTHING_OPEN, StopReason.BUDGET)
    assert len(result.notes) <= 1
    if result.statistics.expansions > 1:
        assert (
            "failed: There are no weights; the search goes on with the repertoire. Get some."
            in (result.notes[0])
        )


def test_without_a_model_it_is_the_repertoire(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.generators.choice.default_model", lambda: None)
    generators = Generators(GeneratorSettings())
    assert (generators.name, generators.has_model) == (Repertoire.name, False)


async def test_a_bundled_model_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.generators.choice.default_model", lambda: str(CONVERTED))
    generators = Generators(GeneratorSettings())
    assert generators.has_model
    assert generators.name.startswith("tiny (")
    assert generators.device == ""
    assert not Generators(GeneratorSettings(kind="repertoire")).has_model


def test_the_environment_names_the_default_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.generators.models._BUNDLED", CONVERTED)
    monkeypatch.delenv("DSP_LSP_MODEL")
    assert default_model() == str(CONVERTED)
    monkeypatch.setenv("DSP_LSP_MODEL", "off")
    assert default_model() is None
    assert not Generators(GeneratorSettings()).has_model
    with pytest.raises(EngineError, match="needs a model"):
        Generators(GeneratorSettings(kind="ct2"))
    monkeypatch.setenv("DSP_LSP_MODEL", str(tmp_path))
    with pytest.raises(EngineError, match="holds no model"):
        Generators(GeneratorSettings())
    assert not Generators(GeneratorSettings(kind="repertoire")).has_model


def test_other_weights_in_the_same_place_are_another_generator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(CONVERTED, tmp_path / "model")
    monkeypatch.setenv("DSP_LSP_MODEL", str(folder))
    before = Generators(GeneratorSettings()).identity
    assert Generators(GeneratorSettings()).identity == before
    manifest = read_manifest(folder)
    assert manifest is not None
    (folder / MANIFEST).write_text(replace(manifest, sha256="0" * 64).text())
    assert Generators(GeneratorSettings()).identity != before


# -- finding models --------------------------------------------------------------------------------


def test_a_conversion_inside_a_folder_or_in_the_cache(tmp_path: Path) -> None:
    inside = tmp_path / "model"
    shutil.copytree(CONVERTED, inside / "ct2")
    assert locate(str(inside), prefer="hf").folder == inside / "ct2"
    shutil.copytree(CONVERTED, conversion_folder("some/model", "int8"))
    found = locate("some/model", prefer="ct2")
    assert found.format == "ct2"
    assert found.folder.is_relative_to(tmp_path / "cache")


@pytest.mark.parametrize(
    ("text", "is_id"),
    [("org/name", True), ("name-1.0", True), ("./x", False), ("/x/y", False), ("a/b/c", False)],
)
def test_what_can_be_a_hub_id(text: str, is_id: bool) -> None:
    assert is_hub_id(text) is is_id


async def test_the_working_directory_is_not_where_our_code_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "__init__.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    generators = Generators(GeneratorSettings(kind="ct2", model=str(CONVERTED), threads=1))
    try:
        if CT2:
            await generators.ready()
        else:
            with pytest.raises(EngineError, match="CTranslate2 cannot be imported"):
                await generators.ready()
    finally:
        await generators.close()


def test_the_engine_itself_stays_light() -> None:
    code = (
        "import engine.prove, sys; "
        "print({'ctranslate2', 'numpy', 'torch', 'transformers'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == b"set()"
