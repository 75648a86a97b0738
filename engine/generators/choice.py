"""From settings to what samples: the chosen generator, what stands in for it, the repertoire."""

from __future__ import annotations

import contextlib
import sys
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from engine.generators import repertoire
from engine.generators.models import default_model, locate
from engine.generators.remote import GeneratorError, Limits, RemoteGenerator
from engine.generators.repertoire import Repertoire
from engine.protocol import EngineError, ErrorKind, GeneratorSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.generators import TacticGenerator
    from engine.values import Candidate

__all__ = ["Generators", "Guarded", "check"]


def check(settings: GeneratorSettings) -> None:
    """Raises :class:`EngineError` for settings that make no sense or name what is not there."""
    if settings.kind == "process" and not settings.command:
        raise EngineError(
            "The generator `process` has no command.",
            remedy="Name the program to start, for example dsp-generator.",
        )
    if settings.threads is not None and settings.threads < 1:
        raise EngineError(f"The model's threads must be at least 1, not {settings.threads}.")
    if settings.max_state_bytes < 64 or not 1 <= settings.max_tactic_bytes <= 4096:
        raise EngineError(
            "A state needs room for 64 bytes, and a tactic for between 1 and 4096 bytes."
        )
    if not min(settings.start_timeout, settings.sample_timeout, settings.idle_seconds) > 0:
        raise EngineError("The generator's time-outs must be positive numbers of seconds.")
    model = _model(settings)
    if settings.kind in ("ct2", "torch") and model is None:
        raise EngineError(
            f"The generator {settings.kind} needs a model.", remedy="Name one with --model."
        )
    if settings.kind in ("auto", "ct2", "torch") and model is not None:
        locate(model, prefer="ct2")


def _model(settings: GeneratorSettings) -> str | None:
    return settings.model or default_model()


@cache
def _repertoires_source() -> str:
    """A digest of the repertoire: another version of it may prove what this one does not."""
    with contextlib.suppress(OSError):
        return blake2b(Path(repertoire.__file__).read_bytes(), digest_size=8).hexdigest()
    return ""


def _process() -> list[str]:
    # Not the working directory's `engine`, which may be anybody's; Python 3.10 has no `-P`.
    module = "engine.generators.process"
    if sys.version_info >= (3, 11):
        return [sys.executable, "-P", "-m", module]
    start = (
        f"import sys, runpy; sys.path.remove(''); runpy.run_module('{module}', None, '__main__')"
    )
    return [sys.executable, "-c", start]


class Guarded:
    """The generators of one search: the first that answers is used.

    When one fails, ``note`` gets one line about it; it is asked again at the next state, where it
    may be back.
    """

    def __init__(
        self,
        remotes: Sequence[RemoteGenerator],
        repertoire: TacticGenerator,
        note: Callable[[str], None],
    ) -> None:
        self._remotes = remotes
        self._repertoire = repertoire
        self._note = note
        self._noted: set[RemoteGenerator] = set()
        self._serving: TacticGenerator = remotes[0]

    @property
    def name(self) -> str:
        """Of the generator that answered last."""
        return self._serving.name

    @property
    def device(self) -> str:
        """Of the generator that answered last."""
        return self._serving.device

    async def sample(self, state: str, n: int, *, seed: int) -> list[Candidate]:
        """Candidates of the first generator that has some to give; never fails."""
        remotes = list(self._remotes)
        while remotes:
            remote = remotes.pop(0)
            try:
                found = await remote.sample(state, n, seed=seed)
            except GeneratorError as failure:
                # What runs on the CPU already is not helped by the same on the CPU.
                if remote.backend == "ct2":
                    remotes.clear()
                self._say(remote, failure, remotes)
                continue
            self._serving = remote
            return found
        self._serving = self._repertoire
        return await self._repertoire.sample(state, n, seed=seed)

    def _say(
        self, remote: RemoteGenerator, failure: GeneratorError, left: list[RemoteGenerator]
    ) -> None:
        if remote in self._noted:
            return
        self._noted.add(remote)
        instead = "a model on the CPU" if left else "the repertoire"
        line = f"The generator {remote.name} {failure.clause}; the search goes on with {instead}."
        self._note(f"{line} {failure.remedy}".rstrip())


class Generators:
    """What an engine samples from, for all its searches; processes start when they are needed."""

    def __init__(self, settings: GeneratorSettings) -> None:
        """Raises :class:`EngineError` for settings that make no sense."""
        check(settings)
        self._settings = settings
        self._remotes = self._choose()

    @property
    def has_model(self) -> bool:
        """Whether there is more than the repertoire."""
        return bool(self._remotes)

    @property
    def name(self) -> str:
        """Of what is asked first."""
        return self._remotes[0].name if self._remotes else Repertoire.name

    @property
    def device(self) -> str:
        """Where that runs, as far as it is known."""
        return self._remotes[0].device if self._remotes else Repertoire.device

    @property
    def identity(self) -> str:
        """What tells these generators, the repertoire among them, from others as good or bad."""
        settings, model = self._settings, _model(self._settings)
        known: list[object] = [settings.kind, settings.command, settings.decoding]
        known += [settings.compute_type, settings.max_state_bytes, settings.max_tactic_bytes]
        if self._remotes and model is not None:
            known.append(model)
            with contextlib.suppress(EngineError, OSError):
                known.append(locate(model, prefer="ct2").name)  # has a digest of the weights
        return repr((*known, _repertoires_source()))

    def start(self) -> None:
        """Starts loading the model beside what the caller does next."""
        if self._remotes:
            self._remotes[0].start()

    async def ready(self) -> None:
        """Waits until the model is loaded; raises :class:`EngineError` when it cannot be."""
        if not self._remotes:
            raise EngineError(
                "There is no model that could search alone.", remedy="Name one with --model."
            )
        try:
            await self._remotes[0].ready()
        except GeneratorError as failure:
            raise EngineError(
                f"The generator {self.name} {failure.clause}.",
                remedy=failure.remedy,
                kind=ErrorKind.ENVIRONMENT,
            ) from failure

    def for_search(
        self, repertoire: Repertoire, note: Callable[[str], None] | None
    ) -> TacticGenerator:
        """What a search samples from; ``repertoire`` alone where there is no model.

        With ``note`` None nothing stands in for a model that fails: sampling raises.
        """
        if not self._remotes:
            return repertoire
        return self._remotes[0] if note is None else Guarded(self._remotes, repertoire, note)

    async def close(self) -> None:
        """Ends the processes."""
        for remote in self._remotes:
            await remote.close()

    def _choose(self) -> list[RemoteGenerator]:
        settings, model = self._settings, _model(self._settings)
        if settings.kind == "process" or (settings.kind == "auto" and settings.command):
            first = self._remote(settings.command, settings.command[0])
            return [first, *self._on_the_cpu(model)]
        if settings.kind == "repertoire" or model is None:
            return []
        first = self._local(settings.kind, model)
        return [first] if settings.kind == "ct2" else [first, *self._on_the_cpu(model)]

    def _on_the_cpu(self, model: str | None) -> list[RemoteGenerator]:
        """The same model, or the default one, on the CPU, if it is converted."""
        for candidate in dict.fromkeys((model, default_model())):
            with contextlib.suppress(EngineError):
                if candidate is not None and locate(candidate, prefer="ct2").format == "ct2":
                    return [self._local("ct2", candidate)]
        return []

    def _local(self, backend: str, model: str) -> RemoteGenerator:
        settings = self._settings
        argv = [*_process(), "--model", model, "--backend", backend]
        argv += ["--max-state-bytes", str(settings.max_state_bytes)]
        if backend != "ct2" or settings.kind == "ct2":
            argv += ["--device", settings.device, "--compute-type", settings.compute_type]
        if settings.threads is not None:
            argv += ["--threads", str(settings.threads)]
        prefer: Literal["ct2", "hf"] = "hf" if backend == "torch" else "ct2"
        return self._remote(argv, locate(model, prefer=prefer).name)

    def _remote(self, argv: list[str], name: str) -> RemoteGenerator:
        settings = self._settings
        return RemoteGenerator(
            argv,
            name=name,
            limits=Limits(
                start=settings.start_timeout,
                sample=settings.sample_timeout,
                idle=settings.idle_seconds,
            ),
            decoding=settings.decoding,
            max_bytes=settings.max_tactic_bytes,
        )
