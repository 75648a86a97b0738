"""A page of an evaluation: its tables and figures, and per statement each arm's proof and tree.

One HTML file without scripts and without anything from elsewhere; figures and trees are files that
it points to. Pure.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from engine.evaluation.summary import labels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.evaluation.records import Record
    from engine.evaluation.tables import Table

__all__ = ["page"]

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
pre { font: 13px/1.4 ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace;
  white-space: pre-wrap; background: #8881; padding: .6rem .8rem; border-radius: 6px; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { text-align: left; padding: .25rem .7rem; border-bottom: 1px solid #8886; }
figure { margin: 1.5rem 0; } figure img { background: white; }
img { max-width: 100%; }
summary { cursor: pointer; padding: .2rem 0; }
details details { margin-left: 1.2rem; }
.note, figcaption { color: GrayText; font-size: .9rem; }
.status { font-variant: small-caps; font-weight: 600; }
"""


def page(
    title: str,
    records: Sequence[Record],
    statements: Mapping[tuple[str, str], tuple[str, str]],
    tables: Sequence[tuple[str, Table]],
    figures: Sequence[tuple[str, str]],
    trees: Mapping[tuple[str, str, str], str],
) -> str:
    """The page.

    ``statements`` gives each its text and its origin, ``figures`` are a caption and a path each,
    ``trees`` the path of each record's tree.
    """
    by_statement: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        by_statement.setdefault((record.list, record.statement), []).append(record)
    short = labels(record.arm for record in records)
    parts = [
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        *(f"<h2>{escape(name)}</h2>{_table(table)}" for name, table in tables),
        "<h2>Figures</h2>",
        *(
            f'<figure><img src="{escape(path)}" alt="{escape(caption)}" loading="lazy">'
            f"<figcaption>{escape(caption)}</figcaption></figure>"
            for caption, path in figures
        ),
        "<h2>Statements</h2>",
    ]
    for key, mine in by_statement.items():
        shown, origin = statements.get(key, ("", ""))
        proved = sum(record.proved for record in mine)
        parts += [
            f"<details><summary>{escape(key[1])} <span class=note>{escape(key[0])}, "
            f"{escape(origin)} · proved by {proved} of {len(mine)} arms</span></summary>",
            f"<pre>{escape(shown)}</pre>",
            *(_arm(record, short[record.arm.name], trees.get(record.key, "")) for record in mine),
            "</details>",
        ]
    return "\n".join([*parts, "</body></html>\n"])


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.head)
    rows = (f"<tr>{''.join(f'<td>{escape(c)}</td>' for c in row)}</tr>" for row in table.rows)
    return f"<table><tr>{head}</tr>{''.join(rows)}</table><p class=note>{escape(table.caption)}</p>"


def _arm(record: Record, name: str, tree: str) -> str:
    numbers = record.statistics
    facts = (
        f"{numbers.expansions} expansions, {numbers.nodes} states, {numbers.tried} tactics tried"
    )
    if record.proved:
        how = f"in {record.elapsed:.1f} s"
    elif record.searched:
        how = f"stopped after {record.elapsed:.1f} s: {record.stop_reason}"
    else:
        how, facts = record.message, ""
    body = [f"<p class=note>{escape(facts)}</p>"] if facts else []
    if record.proof:
        body.append(f"<pre>{escape(record.proof.strip())}</pre>")
    if record.verdict is not None:
        verdict = record.verdict
        said = "accepted in place by" if verdict.accepted else "refused in place by"
        axioms = f"; axioms: {', '.join(verdict.axioms)}" if verdict.axioms else ""
        body.append(
            f"<p class=note>{said} {escape(verdict.checker)}{escape(axioms)} "
            f"{escape(verdict.message)}</p>"
        )
    body += [f"<p class=note>{escape(note)}</p>" for note in record.notes]
    if tree:
        body.append(
            f'<details><summary>search tree</summary><img src="{escape(tree)}" '
            f'alt="the search tree" loading="lazy"></details>'
        )
    return (
        f"<details><summary>{escape(name)}: <span class=status>{escape(record.status)}</span> "
        f"<span class=note>{escape(how)}</span></summary>{''.join(body)}</details>"
    )
