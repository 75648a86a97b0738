"""How long the analysis of a Lean 3 text takes, cold and after one edit.

Run as ``python benchmarks/source.py``: prints a table and writes ``results/source.json``.
The texts are made here: lemmas of some ten lines, most with comments, a term and a tactic block.
"""

from __future__ import annotations

import json
import platform
import statistics
import time
from pathlib import Path

from engine.source import Analysis, analyse, splice
from engine.source.model import Span

RESULTS = Path(__file__).parent / "results" / "source.json"
LINES = 20_000
ROUNDS = 7

LEMMA = """\
/-- The {n}th lemma, about sums. -/
@[simp, priority 100] lemma family_{n} {{α : Type*}} [comm_monoid α] {{s t : finset α}} (h : s ⊆ t)
  (f : α → ℝ) : ∑ x in s, f x ≤ ∑ x in t, |f x| + 1 :=
begin
  have h' : ∀ x ∈ s, f x ≤ |f x|, from λ x hx, le_abs_self (f x), -- as always
  refine le_trans (finset.sum_le_sum h') _,
  {{ simp only [finset.sum_const, nsmul_eq_mul, mul_one], }},
  rcases h with ⟨y, hy, rfl | ⟨z, hz⟩⟩; {last}
end

"""


def document(every: int) -> str:
    """A text of about ``LINES`` lines in which each ``every``th lemma holds a ``sorry``."""
    count = LINES // LEMMA.count("\n")
    lemmas = [
        LEMMA.format(n=n, last="sorry" if n % every == 0 else "nlinarith [sq_nonneg (f y)]")
        for n in range(count)
    ]
    return "import data.finset.basic\n\nnamespace bench\n\n" + "".join(lemmas) + "end bench\n"


def cold(text: str) -> list[tuple[float, float]]:
    """Wall time and processor time, in seconds, of each round."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter(), time.process_time()
        analyse(text)
        times.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    return times


def after_edit(text: str, at: int, inserted: str) -> list[tuple[float, float]]:
    times = []
    before: Analysis = analyse(text)
    for _ in range(ROUNDS):
        edited = splice(text, [(Span(at, at), inserted)])
        start = time.perf_counter(), time.process_time()
        after = analyse(edited, before)
        times.append((time.perf_counter() - start[0], time.process_time() - start[1]))
        text, before = edited, after
    return times


def main() -> None:
    rows = []
    for name, every in (("a sorry in each 100th lemma", 100), ("a sorry in each lemma", 1)):
        text = document(every)
        middle = text.index("refine le_trans", len(text) // 2)
        for what, times in (
            ("cold", cold(text)),
            ("edit at the start", after_edit(text, text.index("namespace"), "open nat\n")),
            ("edit in the middle", after_edit(text, middle, "simp, ")),
            ("edit at the end", after_edit(text, len(text), "lemma x : p :=\n")),
        ):
            rows.append(
                {
                    "document": name,
                    "lines": text.count("\n"),
                    "code_points": len(text),
                    "what": what,
                    "wall_ms": round(1000 * statistics.median(wall for wall, _ in times), 2),
                    "cpu_ms": round(1000 * statistics.median(cpu for _, cpu in times), 2),
                    "most_wall_ms": round(1000 * max(wall for wall, _ in times), 2),
                }
            )
    print(f"{'document':<30}{'what':<20}{'lines':>8}{'wall ms':>10}{'cpu ms':>10}{'most wall':>11}")
    for row in rows:
        print(
            f"{row['document']:<30}{row['what']:<20}{row['lines']:>8}{row['wall_ms']:>10}"
            f"{row['cpu_ms']:>10}{row['most_wall_ms']:>11}"
        )
    RESULTS.parent.mkdir(exist_ok=True)
    report = {"python": platform.python_version(), "rounds": ROUNDS, "rows": rows}
    RESULTS.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
