"""``dsp-engine figures``: tables, figures and a page, from the records of evaluations."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.evaluation import plots, venn
from engine.evaluation.evaluate import SETTINGS
from engine.evaluation.page import page
from engine.evaluation.records import read_records
from engine.evaluation.settings import EvaluationSettings
from engine.evaluation.statements import read_statements
from engine.evaluation.summary import arms_of, in_order
from engine.evaluation.tables import Table, table_1, table_2
from engine.protocol import EngineError, ErrorKind
from engine.settings import read_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence

    from engine.evaluation.records import Record
    from engine.evaluation.settings import Arm

__all__ = ["add_parser", "draw_all"]

_PANEL = (5.4, 3.7)
"""Inches of a panel."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to those of ``dsp-engine``."""
    parser = commands.add_parser(
        "figures",
        help="the paper's tables and figures, of evaluations",
        description="Tables 1 and 2, Figures 2, 3 and 5 to 10 as SVG and PNG, and index.html with "
        "each statement, proof and search tree. Records of several folders count as one "
        "evaluation. Needs the extra `figures`.",
    )
    parser.set_defaults(run=_run)
    parser.add_argument(
        "runs", nargs="+", type=Path, metavar="FOLDER", help="what `evaluate` has made"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="default: `figures` in the first folder"
    )
    parser.add_argument(
        "--paper", action="store_true", help="put the paper's own figures beside, marked as such"
    )


def _run(arguments: argparse.Namespace) -> int:
    out: Path = arguments.out or arguments.runs[0] / "figures"
    for file in draw_all(arguments.runs, out, paper=arguments.paper):
        sys.stdout.write(f"{file}\n")
    return 0


def draw_all(runs: Sequence[Path], out: Path, *, paper: bool = False) -> list[Path]:
    """Writes everything into ``out`` and returns the files, the page last.

    Raises :class:`EngineError` where matplotlib is missing or a folder has no records.
    """
    records, trees = _records(runs, out)
    settings = _settings(runs)
    try:
        out.mkdir(parents=True, exist_ok=True)
        tables = [
            ("Table 1: Pass@1", "table-1", table_1(records, paper=paper)),
            ("Table 2: dynamic against fixed sampling", "table-2", table_2(records)),
        ]
        files = [file for _, name, table in tables for file in _write_table(out / name, table)]
        figures = list(_figures(records, settings, out))
        files += [path.with_suffix(end) for _, path in figures for end in (".svg", ".png")]
        statements = {
            (one.list, one.name): (one.shown, one.origin)
            for run in runs
            for one in read_statements(run) or ()
        }
        index = out / "index.html"
        text = page(
            f"Evaluation: {', '.join(run.resolve().name for run in runs)}",
            records,
            statements,
            [(name, table) for name, _, table in tables],
            [(caption, f"{path.name}.svg") for caption, path in figures],
            trees,
        )
        index.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EngineError(
            f"{out} cannot be written: {error.strerror}.", kind=ErrorKind.ENVIRONMENT
        ) from error
    return [*files, index]


def _records(
    runs: Sequence[Path], out: Path
) -> tuple[list[Record], dict[tuple[str, str, str], str]]:
    records: dict[tuple[str, str, str], Record] = {}
    trees: dict[tuple[str, str, str], str] = {}
    for run in runs:
        for record in read_records(run):
            if record.key in records:
                raise EngineError(
                    f"{run} has what another folder has, too: {' '.join(record.key)}.",
                    remedy="Compare the two with `dsp-engine compare`.",
                )
            records[record.key] = record
            if record.tree and (run / record.tree).is_file():
                path = os.path.relpath(run / record.tree, out)
                trees[record.key] = Path(path).as_posix()
    if not records:
        raise EngineError(f"{runs[0]} has no records yet.")
    return in_order(records.values()), trees


def _settings(runs: Sequence[Path]) -> EvaluationSettings:
    file = runs[0] / SETTINGS
    return read_settings(EvaluationSettings, file) if file.is_file() else EvaluationSettings()


def _write_table(path: Path, table: Table) -> Iterator[Path]:
    for end, text in ((".md", table.markdown()), (".csv", table.comma_separated())):
        file = path.with_suffix(end)
        file.write_text(text, encoding="utf-8")
        yield file


# -- figures ---------------------------------------------------------------------------------------


def _figures(
    records: Sequence[Record], settings: EvaluationSettings, out: Path
) -> Iterator[tuple[str, Path]]:
    """Draws all figures; a caption and a path without its ending for each."""
    lists = list(dict.fromkeys(record.list for record in records))
    per_list = {name: [r for r in records if r.list == name] for name in lists}
    arms = arms_of(records)
    kinds: tuple[tuple[str, str, Callable[[Any, Sequence[Record], Sequence[Arm]], None]], ...] = (
        ("figure-3-proved-over-time", "Figure 3: proved over time", plots.proved_over_time),
        ("figure-9-nodes-per-depth", "Figure 9: states per depth", plots.nodes_per_depth),
        ("figure-10-proof-sizes", "Figure 10: sizes of proofs", plots.proof_sizes),
    )
    for factor in venn.FACTORS:
        shown = [
            (f"{name}: {shared}" if len(lists) > 1 else shared, sets)
            for name, mine in per_list.items()
            for shared, sets in venn.panels(mine, factor)
        ]
        if shown:
            path = out / f"figures-2-5-6-7-venn-{factor}"
            with _sheet(path, len(shown)) as panels:
                for axes, panel in zip(panels, shown, strict=True):
                    venn.draw(axes, panel)
            yield f"Figures 2, 5, 6, 7: what is proved, by {factor}", path
    for file, caption, drawn in kinds:
        path = out / file
        with _sheet(path, len(lists)) as panels:
            for axes, name in zip(panels, lists, strict=True):
                drawn(axes, per_list[name], arms)
                axes.set_title(name, fontsize=9)
        yield caption, path
    path = out / "figure-8-n-over-time"
    with _sheet(path, 1, wide=1.7) as panels:
        plots.n_over_time(panels[0], records, settings)
    yield "Figure 8: n over time", path


@contextmanager
def _sheet(path: Path, count: int, wide: float = 1.0) -> Iterator[list[Any]]:
    """So many panels on one sheet, written as SVG and PNG when they are drawn."""
    try:
        import matplotlib as mpl
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise EngineError(
            "Figures need matplotlib.",
            remedy="Install it: `pip install 'dsp-lsp[figures]'`.",
            kind=ErrorKind.ENVIRONMENT,
        ) from error
    columns = min(count, 3)
    rows = -(-count // columns)
    with mpl.rc_context({"svg.hashsalt": "dsp-lsp", "svg.fonttype": "path", "font.size": 9}):
        size = (_PANEL[0] * columns * wide, _PANEL[1] * rows)
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        panels = [figure.add_subplot(rows, columns, number + 1) for number in range(count)]
        yield panels
        # The same records give the same file.
        figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})
        figure.savefig(path.with_suffix(".png"), dpi=144)
