"""What `prove`, `sites` and `suggest` print and write when nothing is wrong."""

from __future__ import annotations

import io
import json
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_helpers import Done, save, start

Cli = Callable[..., Done]

TWO = """\
theorem ok_1 (p : Prop) : p → p :=

-- 𝕜 comes before
lemma lines (𝓝 : Prop) : 𝓝 → 𝓝 := sorry
"""
TWO_PROVED = """\
theorem ok_1 (p : Prop) : p → p := begin trivial end

-- 𝕜 comes before
lemma lines (𝓝 : Prop) : 𝓝 → 𝓝 := begin
  intro h,
  exact h,
end
"""


def records(done: Done) -> list[dict[str, object]]:
    return [json.loads(line) for line in done.out.splitlines()]


def test_the_proof_is_shown_in_context(cli: Cli) -> None:
    save("a.lean", TWO)
    done = cli("prove", "a.lean")
    assert done.status == 0
    for line in TWO_PROVED.splitlines():
        if not line.startswith("--"):
            assert line in done.out.splitlines()
    assert "a.lean:4:34: lines: proved" in done.out
    assert "axioms: propext" in done.out
    assert "searching" not in done.out
    assert Path("a.lean").read_text(encoding="utf-8") == TWO


def test_a_site_without_proof_gives_status_1_and_its_goal(cli: Cli) -> None:
    save("a.lean", "theorem ok : true := sorry\ntheorem fail : true := sorry\n")
    done = cli("prove", "a.lean")
    assert done.status == 1
    assert "a.lean:2:23: fail: no proof" in done.out
    assert "nothing is left to try" in done.out
    assert "  ⊢ p → p" in done.out.splitlines()


def test_later_sites_see_earlier_proofs(cli: Cli) -> None:
    # The second site lies further on in the text it is proved in; its record says where it was.
    save("a.lean", TWO)
    done = cli("prove", "a.lean", "--json")
    first, second = records(done)
    assert (first["line"], first["column"], first["kind"]) == (1, 34, "missing")
    assert (second["line"], second["column"], second["kind"]) == (4, 34, "term")
    assert second["proof"] == "begin\n  intro h,\n  exact h,\nend"
    text = TWO
    for record in (second, first):
        edit = record["edit"]
        assert isinstance(edit, dict)
        text = text[: edit["start"]] + edit["text"] + text[edit["end"] :]
    assert text == TWO_PROVED


def test_a_json_record_has_everything(cli: Cli) -> None:
    save("a.lean", "theorem fail : true := sorry\ntheorem ok : true := sorry\n")
    done = cli("prove", "a.lean", "--json")
    assert done.status == 1
    failed, proved = records(done)
    assert failed["status"] == "not found"
    assert failed["proof"] is None
    assert failed["stop_reason"] == "nothing open"
    assert failed["goal"] == "p : Prop\n⊢ p → p"
    assert proved["file"] == "a.lean"
    assert proved["declaration"] == "ok"
    assert proved["status"] == "proved"
    assert proved["axioms"] == ["propext"]
    assert proved["verdict"] == {
        "accepted": True,
        "checker": "Lean 3.51.1",
        "seconds": 0.1,
        "axioms": ["propext"],
        "sorries": [],
        "message": "",
    }
    assert proved["elapsed"] == 0.25
    statistics = proved["statistics"]
    assert isinstance(statistics, dict)
    assert statistics["tried"] == 12


@pytest.mark.parametrize(
    ("place", "expected"), [("a.lean:4", "lines"), ("a.lean:4:36", "lines"), ("a.lean:1:3", "ok_1")]
)
def test_a_place_means_its_site(cli: Cli, place: str, expected: str) -> None:
    save("a.lean", TWO)
    done = cli("prove", place, "--json")
    assert [record["declaration"] for record in records(done)] == [expected]


def test_a_file_name_may_look_like_a_place(cli: Cli) -> None:
    save("a.lean:4", "theorem inner : true := sorry\n")
    save("a.lean", TWO)
    assert records(cli("prove", "a.lean:4", "--json"))[0]["declaration"] == "inner"
    assert records(cli("prove", "a.lean:4:1", "--json"))[0]["declaration"] == "inner"
    save("C:\\x.lean", "theorem windows : true := sorry\n")
    assert records(cli("prove", "C:\\x.lean", "--json"))[0]["declaration"] == "windows"


def test_the_diff_can_be_applied(cli: Cli) -> None:
    # A form feed and a line separator end no line; the last line has no end.
    text = TWO + "\n-- a\x0cb\u2028c\r\ntheorem ok_3 : true := sorry"
    save("a.lean", text)
    done = cli("prove", "a.lean", "--diff")
    assert done.status == 0
    Path("p.diff").write_bytes(done.out.encode())
    subprocess.run(["git", "apply", "p.diff"], check=True)  # noqa: S607
    expected = text.replace(TWO, TWO_PROVED).replace("sorry", "begin trivial end")
    assert Path("a.lean").read_bytes().decode() == expected


def test_a_diff_of_nothing_is_empty(cli: Cli) -> None:
    save("a.lean", "theorem fail : true := sorry\n")
    done = cli("prove", "a.lean", "--diff")
    assert (done.status, done.out) == (1, "")


def test_write_replaces_the_file_and_keeps_its_mode(cli: Cli) -> None:
    path = save("a.lean", TWO)
    path.chmod(0o640)
    done = cli("prove", "a.lean", "--write")
    assert done.status == 0
    assert path.read_text(encoding="utf-8") == TWO_PROVED
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [str(p) for p in Path().iterdir()] == ["a.lean"]


def test_write_follows_links(cli: Cli) -> None:
    Path("sub").mkdir()
    path = save("sub/real.lean", TWO)
    Path("link.lean").symlink_to("sub/real.lean")
    assert cli("prove", "link.lean", "--write").status == 0
    assert Path("link.lean").is_symlink()
    assert path.read_text(encoding="utf-8") == TWO_PROVED


def test_write_keeps_crlf_outside_the_proof(cli: Cli) -> None:
    path = save("a.lean", "theorem ok : true :=\r\nsorry\r\n-- end\r\n")
    assert cli("prove", "a.lean", "--write").status == 0
    assert path.read_bytes() == b"theorem ok : true :=\r\nbegin trivial end\r\n-- end\r\n"


def test_what_is_not_verified_is_not_written(cli: Cli) -> None:
    text = "theorem unverified : true := sorry\n"
    path = save("a.lean", text)
    done = cli("prove", "a.lean", "--write")
    assert done.status == 1
    assert "refused" in done.out
    assert path.read_text(encoding="utf-8") == text


def test_a_partial_success_is_written(cli: Cli) -> None:
    path = save("a.lean", "theorem fail : true := sorry\ntheorem ok : true := sorry\n")
    assert cli("prove", "a.lean", "--write").status == 1
    assert path.read_text(encoding="utf-8") == (
        "theorem fail : true := sorry\ntheorem ok : true := begin trivial end\n"
    )


@pytest.mark.parametrize(
    "statement",
    [
        "theorem ok (p : Prop) : p → p :=",
        "theorem ok (p : Prop) : p → p",
        "theorem ok (p : Prop) : p → p -- trailing",
        "theorem ok (p : Prop) : p → p := sorry",
    ],
)
def test_a_statement_is_proved_under_the_default_imports(cli: Cli, statement: str) -> None:
    done = cli("prove", "--statement", statement)
    assert done.status == 0
    assert done.out.startswith("import tactic\n")
    assert "begin trivial end" in done.out
    assert "ok: proved" in done.out


def test_imports_can_be_named(cli: Cli) -> None:
    options = ["--import", "data.nat.basic", "--import", "data.int.basic"]
    done = cli("prove", "--statement", "theorem ok : true", *options)
    assert done.out.startswith("import data.nat.basic\nimport data.int.basic\n")
    done = cli("prove", "--statement", "theorem ok : true", *options, "--json")
    assert records(done)[0]["imports"] == ["data.nat.basic", "data.int.basic"]


def test_standard_input_holds_a_statement(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "import data.real.basic\nlemma ok : true :=\n\nlemma lines : true := sorry\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    done = cli("prove", "-", "--json")
    assert done.status == 0
    found = records(done)
    assert [(r["file"], r["line"]) for r in found] == [("<stdin>", 2), ("<stdin>", 4)]
    # A text with imports of its own gets no others.
    assert found[0]["imports"] == ["data.real.basic"]


def test_trees_are_drawn_and_numbered(cli: Cli) -> None:
    save("a.lean", TWO)
    assert cli("prove", "a.lean", "--tree", "t.svg").status == 0
    assert [p.read_text() for p in sorted(Path().glob("*.svg"))] == [
        "<svg><!-- site-1 --></svg>",
        "<svg><!-- site-2 --></svg>",
    ]
    assert cli("prove", "a.lean:1", "--tree", "one.svg").status == 0
    assert Path("one.svg").exists()


def test_progress_without_a_terminal_is_plain_lines(cli: Cli) -> None:
    save("a.lean", "theorem burst : true := sorry\n")
    done = cli("prove", "a.lean")
    assert "a.lean:1:24 burst: opening" in done.err.splitlines()
    assert any("verifying" in line and "9999 expansions" in line for line in done.err.splitlines())
    assert "\x1b" not in done.err + done.out
    # States, and a line every few seconds: not a line a report.
    assert len(done.err.splitlines()) < 20


def test_quiet_is_quiet(cli: Cli) -> None:
    save("a.lean", TWO)
    done = cli("prove", "a.lean", "--quiet", "--tree", "t.svg")
    assert done.err == ""
    assert "proved" in done.out


def test_sites_are_listed_for_programs(cli: Cli) -> None:
    save("a.lean", TWO)
    done = cli("sites", "a.lean", "--json")
    assert done.status == 0
    assert json.loads(done.out) == [
        {"file": "a.lean", "kind": "missing", "line": 1, "column": 34, "declaration": "ok_1"},
        {"file": "a.lean", "kind": "term", "line": 4, "column": 34, "declaration": "lines"},
    ]


def test_sites_are_listed_for_people(cli: Cli) -> None:
    save("a.lean", TWO)
    lines = cli("sites", "a.lean").out.splitlines()
    assert [line.split() for line in lines] == [
        ["a.lean:1:34", "missing", "ok_1"],
        ["a.lean:4:34", "term", "lines"],
    ]


def test_a_file_without_sites_lists_none(cli: Cli) -> None:
    save("a.lean", "theorem t : true := trivial\n")
    assert json.loads(cli("sites", "a.lean", "--json").out) == []
    done = cli("sites", "a.lean")
    assert (done.status, done.out) == (0, "")
    assert "nothing to prove" in done.err


def test_suggestions(cli: Cli) -> None:
    save("a.lean", TWO)
    done = cli("suggest", "a.lean:4:34", "--json")
    answer = json.loads(done.out)
    assert (done.status, answer["goal"], answer["declaration"]) == (0, "⊢ p → p", "lines")
    assert [s["tactic"] for s in answer["suggestions"]] == ["trivial", "intro h"]
    text = cli("suggest", "a.lean:4:34", "--limit", "1").out
    assert "closes the goal" in text
    assert "intro h" not in text


def test_the_version() -> None:
    process = start("--version")
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, b"dsp-lsp 0.1.0\n")


def test_sites_import_nothing_heavy() -> None:
    save("a.lean", TWO)
    code = (
        "import sys; from dsp_lsp.cli import main; main(['sites', 'a.lean']); "
        "print(sorted({'asyncio', 'rich', 'pygls', 'lsprotocol', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    assert done.stdout.splitlines()[-1] == "[]"


# -- the cache -------------------------------------------------------------------------------------


def test_the_cache_is_shown_and_changed(cli: Callable[..., Done]) -> None:
    assert cli("cache").out == "/a/cache: 7 proofs, 2 failures, 4 kB\n"
    assert cli("cache", "prune", "--days", "3").out.startswith("3 removed.\n/a/cache: 4 proofs")
    assert json.loads(cli("cache", "clear", "--json").out)["removed"] == 3
    assert cli("cache", "prune", "--days", "-1").status == 2
