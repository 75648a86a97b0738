"""The statements of an evaluation: read from their lists once, and kept beside the records."""

from __future__ import annotations

import json
import random
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from engine.data.dataset import DatasetSettings
from engine.data.records import read_lines, read_pairs, write_lines
from engine.data.splits import SplitRule
from engine.evaluation.library import Theorem, compiled, theorems
from engine.protocol import EngineError
from engine.source import analyse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from engine.evaluation.settings import EvaluationSettings, StatementList
    from engine.lean.session import Workplace

__all__ = ["Statement", "choose", "read_statements", "write_statements"]

_DATASET: dict[str, Any] = {field.name: field.default for field in fields(DatasetSettings)}
_RULE = SplitRule(_DATASET["seed"], _DATASET["validation"], _DATASET["test"])

STATEMENTS = "statements.jsonl.gz"
"""The name of the file in an evaluation's folder."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A site to be proved.

    ``text`` is the document, ``site`` the offset of its site, ``path`` where the document lives, or
    would. ``shown`` is the statement for people, ``origin`` its file, with the line where it has
    one. Names differ within a list. Of a ``long`` document the search sees one without the proofs
    before the site; what it finds is judged in the document itself. ``repository`` is where
    LeanDojo finds the theorem, as address@commit; it has no text then.
    """

    list: str
    name: str
    text: str
    site: int
    path: str | None
    shown: str
    origin: str
    long: bool = False
    repository: str = ""


def choose(settings: EvaluationSettings, workplace: Workplace | None) -> list[Statement]:
    """The statements of all lists, interleaved, so that a part of them is a part of each.

    ``workplace`` is the Lean and the search path that they are checked with; without one nothing
    is known of what is compiled. Raises :class:`EngineError` for a list that cannot be read, or
    has nothing to prove.
    """
    chosen: list[tuple[float, int, Statement]] = []
    for number, wanted in enumerate(settings.lists):
        found = list(_distinct(_read(wanted, settings, workplace)))
        if wanted.count is not None and wanted.count < len(found):
            found = random.Random(wanted.seed).sample(found, wanted.count)  # noqa: S311
        if not found:
            why = "whose imports are compiled " if wanted.compiled_only and workplace else ""
            raise EngineError(f"The list {wanted.name} has no statement {why}({wanted.path}).")
        chosen += [((i + 0.5) / len(found), number, one) for i, one in enumerate(found)]
    if not chosen:
        raise EngineError("An evaluation needs at least one list of statements.")
    names = [wanted.name for wanted in settings.lists]
    if len(set(names)) < len(names):
        raise EngineError(f"Two lists have one name: {', '.join(names)}.")
    return [one for _, _, one in sorted(chosen, key=lambda item: item[:2])]


def write_statements(folder: Path, statements: Sequence[Statement]) -> None:
    """Keeps the statements with the records, so that going on does not choose others."""
    write_lines(folder / STATEMENTS, (asdict(statement) for statement in statements))


def read_statements(folder: Path) -> list[Statement] | None:
    """The statements of an evaluation that was begun, in their order; None if there is none."""
    path = folder / STATEMENTS
    return [Statement(**values) for values in read_lines(path)] if path.is_file() else None


def _distinct(statements: Iterator[Statement]) -> Iterator[Statement]:
    seen: dict[str, int] = {}
    for one in statements:
        count = seen[one.name] = seen.get(one.name, 0) + 1
        yield one if count == 1 else Statement(**{**asdict(one), "name": f"{one.name}#{count}"})


def _read(
    wanted: StatementList, settings: EvaluationSettings, workplace: Workplace | None
) -> Iterator[Statement]:
    if wanted.kind == "library":
        yield from _from_library(wanted, workplace)
    elif wanted.kind == "leandojo":
        yield from _from_leandojo(wanted)
    elif wanted.kind == "jsonl":
        yield from _from_jsonl(wanted, settings.project, workplace)
    else:
        yield from _from_lean(wanted, workplace)


def _from_jsonl(
    wanted: StatementList, project: Path | None, workplace: Workplace | None
) -> Iterator[Statement]:
    folder = (project or wanted.path.parent).resolve()
    fits: dict[tuple[str, ...], bool] = {}
    for number, line in enumerate(read_lines(wanted.path), 1):
        imports, text = _document(line, wanted, number)
        if wanted.compiled_only and workplace is not None:
            if imports not in fits:
                fits[imports] = compiled(imports, workplace.search_path)
            if not fits[imports]:
                continue
        sites = analyse(text).sites
        if not sites:
            raise EngineError(
                f"{wanted.path}, line {number}: {line['name']} has nothing to prove.",
                remedy="A statement ends in `:=`, or has a `sorry`.",
            )
        head = str(line.get("header", "")).strip()
        yield Statement(
            list=wanted.name,
            name=str(line["name"]),
            text=text,
            site=sites[-1].span.start,
            path=str(folder / "evaluation.lean"),
            shown=f"{head}\n\n{str(line['statement']).strip()}".strip(),
            origin=f"{wanted.path.name}:{number}",
        )


def _document(
    line: dict[str, Any], wanted: StatementList, number: int
) -> tuple[tuple[str, ...], str]:
    for field in ("name", "statement"):
        if not isinstance(line.get(field), str):
            raise EngineError(f"{wanted.path}, line {number} has no {field}.")
    named = line.get("imports", ()) if wanted.imports is None else wanted.imports
    imports = tuple(str(module) for module in named)
    head = "".join(f"import {module}\n" for module in imports)
    header = str(line.get("header", "")).strip("\n")
    return imports, f"{head}\n{header}\n{line['statement'].strip()}\n".lstrip("\n")


def _from_leandojo(wanted: StatementList) -> Iterator[Statement]:
    try:
        theorems = json.loads(_text(wanted.path))
        for theorem in theorems:
            yield Statement(
                list=wanted.name,
                name=theorem["full_name"],
                text="",
                site=0,
                path=None,
                shown=theorem["full_name"],
                origin=theorem["file_path"],
                repository=f"{theorem['url']}@{theorem['commit']}",
            )
    except (ValueError, TypeError, KeyError) as error:
        raise EngineError(f"{wanted.path} is no list of LeanDojo's Benchmark ({error}).") from error


def _from_lean(wanted: StatementList, workplace: Workplace | None) -> Iterator[Statement]:
    single = not wanted.path.is_dir()
    for file in [wanted.path] if single else sorted(wanted.path.rglob("*.lean")):
        text = _text(file)
        analysis = analyse(text)
        modules = tuple(item.module for item in analysis.imports)
        if (
            wanted.compiled_only
            and workplace is not None
            and not compiled(modules, workplace.search_path, file.resolve())
        ):
            continue
        below = file.name if single else str(file.relative_to(wanted.path))
        for site in analysis.sites:
            statement = site.declaration.statement
            yield Statement(
                list=wanted.name,
                name=site.declaration.name or f"{below}:{site.line}",
                text=text,
                site=site.span.start,
                path=str(file.resolve()),
                shown=text[statement.start : statement.end],
                origin=f"{below}:{site.line}",
            )


def _from_library(wanted: StatementList, workplace: Workplace | None) -> Iterator[Statement]:
    names = set(_listed(wanted.names)) if wanted.names is not None else None
    seen = _Seen(wanted)
    missing = set(names or ())
    for file in _library_files(wanted):
        text = _text(wanted.path / file)
        if names is not None and not any(name.rpartition(".")[2] in text for name in names):
            continue
        place = (wanted.path / file).resolve()
        modules = tuple(item.module for item in analyse(text).imports)
        if (
            wanted.compiled_only
            and workplace is not None
            and not compiled(modules, workplace.search_path, place)
        ):
            continue
        for theorem in theorems(text):
            if names is not None and theorem.name not in names:
                continue
            if seen.has(theorem, file, text):
                continue
            missing.discard(theorem.name)
            document, site = theorem.without_proof(text)
            yield Statement(
                list=wanted.name,
                name=theorem.name,
                text=document,
                site=site,
                path=str(place),
                shown=theorem.shown(text),
                origin=f"{file}:{text.count(chr(10), 0, theorem.start) + 1}",
                long=True,
            )
    if missing and not wanted.compiled_only:
        raise EngineError(
            f"{wanted.path} has no theorem proved by tactics named {sorted(missing)[0]}"
            f"{f' (and {len(missing) - 1} more)' if len(missing) > 1 else ''}."
        )


class _Seen:
    """What a model may have been trained on: by name, and by the places of its pairs, as a name
    that is read off a text may not be the one that Lean gives.
    """

    def __init__(self, wanted: StatementList) -> None:
        self._held_out = wanted.held_out
        self._names: set[str] = set()
        self._lines: dict[str, set[int]] = {}
        for pair in read_pairs(wanted.unseen_by) if wanted.unseen_by is not None else ():
            if self._held_out is not None and _RULE.of(pair.theorem) == self._held_out:
                continue
            self._names.add(pair.theorem)
            self._lines.setdefault(pair.file, set()).add(pair.line)

    def has(self, theorem: Theorem, file: str, text: str) -> bool:
        """Whether it is part of that."""
        if self._held_out is not None and _RULE.of(theorem.name) != self._held_out:
            return True
        first = text.count("\n", 0, theorem.start) + 1
        last = first + text.count("\n", theorem.start, theorem.end)
        here = self._lines.get(file, set())
        return theorem.name in self._names or any(n in here for n in range(first, last + 1))


def _library_files(wanted: StatementList) -> list[str]:
    if wanted.files is not None:
        return _listed(wanted.files)
    if not wanted.path.is_dir():
        raise EngineError(f"{wanted.path} is no folder of Lean sources.")
    return sorted(str(file.relative_to(wanted.path)) for file in wanted.path.rglob("*.lean"))


def _listed(path: Path) -> list[str]:
    return [line.strip() for line in _text(path).splitlines() if line.strip()]


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise EngineError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise EngineError(f"{path} is not UTF-8 text.") from error
