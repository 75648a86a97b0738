"""``annotate`` with the scripted engine: what is printed, written, reported, gone on with."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cli_helpers import Done, save

if TYPE_CHECKING:
    from collections.abc import Callable

    Cli = Callable[..., Done]


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def lemma(name: str) -> str:
    return f"lemma {name} : true := sorry\n"


PROVED = "begin trivial end"


def report(name: str = "report.json") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(name).read_text("utf-8"))
    return found


def test_proofs_are_written_and_the_rest_stays(cli: Cli) -> None:
    Path("src").mkdir()
    a = save("src/a.lean", lemma("one") + lemma("fail") + lemma("two"))
    b = save("src/b.lean", lemma("three"))
    c = save("src/c.lean", "lemma done : true := trivial\n")
    before = c.stat().st_mtime_ns
    done = cli("annotate", "src", "--write", "--report", "report.json")
    assert done.status == 0
    assert a.read_text() == lemma("one").replace("sorry", PROVED) + lemma("fail") + lemma(
        "two"
    ).replace("sorry", PROVED)
    assert b.read_text().endswith(PROVED + "\n")
    assert c.stat().st_mtime_ns == before
    assert "src/a.lean: 2 of 3 sites proved and written" in done.out
    assert re.search(r"4 sites in 2 files: 3 proved, 1 not proved", done.out)
    totals = report()["totals"]
    assert (totals["sites"], totals["proved"], totals["not_proved"]) == (4, 3, 1)
    sites = report()["files"][0]["sites"]
    assert [site["status"] for site in sites] == ["proved", "not proved", "proved"]
    assert sites[1]["why"] == "nothing is left to try"
    assert sites[0]["proof"] == PROVED
    assert report()["complete"] is True


def test_nothing_is_written_without_being_asked(cli: Cli) -> None:
    path = save("a.lean", lemma("one"))
    done = cli("annotate", "a.lean", "--diff")
    assert path.read_text() == lemma("one")
    assert done.out.startswith("--- a/a.lean\n+++ b/a.lean\n")
    assert "a.lean:1:20: one: proved" in done.err


def test_proofs_that_do_not_go_together_are_not_written_together(cli: Cli) -> None:
    path = save("a.lean", "-- clash\n" + lemma("one") + lemma("two"))
    done = cli("annotate", "a.lean", "--write", "--report", "report.json")
    assert path.read_text().count(PROVED) == 1
    assert path.read_text().count("sorry") == 1
    why = report()["files"][0]["sites"][1]["why"]
    assert "refused in the file's last text" in why
    assert "they clash" in why
    assert "a.lean:3:20: two: not proved" in done.out


def test_one_bad_file_does_not_stop_the_others(cli: Cli) -> None:
    save("bad.lean", b"\xff\xfe")
    good = save("good.lean", lemma("one"))
    done = cli("annotate", "*.lean", "--write", "--report", "report.json")
    assert done.status == 2
    assert "bad.lean is not UTF-8" in done.err
    assert PROVED in good.read_text()
    assert [file["file"] for file in report()["files"]] == ["bad.lean", "good.lean"]


def test_what_is_wrong_with_the_machine_is_told_once_a_file(cli: Cli) -> None:
    save("a.lean", lemma("nolean") + lemma("two"))
    good = save("b.lean", lemma("one"))
    done = cli("annotate", ".", "--workers", "1", "--write", "--report", "report.json")
    assert done.status == 3
    assert done.err.count("Install Lean 3.") == 1
    assert PROVED in good.read_text()
    statuses = [s["status"] for s in report()["files"][0]["sites"]]
    assert statuses == ["error", "not tried"]


def test_an_engine_that_dies_is_replaced_and_the_others_go_on(cli: Cli) -> None:
    path = save("a.lean", lemma("one") + lemma("die") + lemma("two"))
    done = cli("annotate", "a.lean", "--workers", "1", "--write")
    assert "died twice" in done.out
    assert path.read_text().count(PROVED) == 2
    assert done.status == 3


def test_the_total_time_stops_what_runs_and_what_waits(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dsp_lsp.annotate.run._GRACE", 0.1)
    save("a.lean", lemma("hang") + lemma("one"))
    done = cli("annotate", "a.lean", "--workers", "1", "--total", "0.3", "--report", "report.json")
    assert done.status == 0
    statuses = [(s["status"], s["why"]) for s in report()["files"][0]["sites"]]
    assert statuses == [("not tried", "the total time was used")] * 2
    done = cli("annotate", "a.lean", "--workers", "1", "--total", "0.3", "--resume")
    assert "There is no run" not in done.err


@pytest.mark.parametrize(
    ("names", "options", "status"),
    [
        (["one"], ["--write"], 0),
        (["one"], [], 1),
        (["one", "fail"], ["--write"], 1),
        ([], [], 0),
    ],
)
def test_fail_on_sorry_is_about_the_files_as_they_are_left(
    cli: Cli, names: list[str], options: list[str], status: int
) -> None:
    save("a.lean", "".join(map(lemma, names)))
    assert cli("annotate", "a.lean", "--fail-on-sorry", *options).status == status


def test_a_file_changed_meanwhile_is_left_alone(cli: Cli) -> None:
    path = save("a.lean", lemma("edit"))
    done = cli("annotate", "a.lean", "--write")
    assert done.status == 3
    assert path.read_text() == "-- other\n"
    assert "was changed by somebody else" in done.err


def test_every_form_of_report_names_every_site(cli: Cli) -> None:
    save("a.lean", lemma("one") + lemma("fail") + lemma("input"))
    save("b.lean", "lemma x : 1 < 2 := sorry\n".replace("x", "«<b>|»"))
    done = cli("annotate", ".", *(f"--report=r.{form}" for form in ("json", "html", "md")))
    assert done.status == 0
    page, text = Path("r.html").read_text("utf-8"), Path("r.md").read_text("utf-8")
    for name in ("one", "fail", "input"):
        assert f"<td>{name}<td>" in page
        assert f"| {name} |" in text
    assert "«&lt;b&gt;|»" in page
    assert "<b>" not in page
    assert "unknown identifier" in text
    assert "<svg" in page
    assert "http" not in page


@pytest.mark.parametrize(
    ("name", "words"), [("r.txt", "a .json, .html or .md"), ("none/r.md", "no such folder")]
)
def test_a_report_that_cannot_be_written_is_refused_before_the_work(
    refused: Cli, name: str, words: str
) -> None:
    save("a.lean", lemma("one"))
    done = refused("annotate", "a.lean", "--report", name)
    assert done.status == 2
    assert words in done.err


# -- going on --------------------------------------------------------------------------------------


def interrupted(cli: Cli, *argv: str) -> None:
    """A run that was ended: its journal stays, as after a kill."""
    from dsp_lsp.annotate import batch

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "is_complete", lambda status: False)
        cli("annotate", *argv)


def test_a_run_goes_on_where_it_was_and_reports_the_whole(cli: Cli) -> None:
    path = save("a.lean", lemma("one") + lemma("fail"))
    interrupted(cli, ".", "--write")
    assert PROVED in path.read_text()
    save("b.lean", lemma("two"))
    done = cli("annotate", ".", "--write", "--resume", "--report", "report.json")
    # Only what is new is searched.
    assert "two: proved" in done.out
    assert "fail: not proved" not in done.out
    assert "one: proved" not in done.out
    statuses = [s["status"] for file in report()["files"] for s in file["sites"]]
    assert statuses == ["proved", "not proved", "proved"]
    again = cli("annotate", ".", "--resume")
    assert "There is no run over these paths" in again.err


def test_proofs_that_were_found_but_not_written_are_judged_again(cli: Cli) -> None:
    path = save("a.lean", lemma("one") + lemma("two"))
    interrupted(cli, ".")
    journal = next(Path("state").rglob("*.jsonl"))
    # As if another hand had been at the journal: what does not stand is not written.
    journal.write_text(journal.read_text().replace(PROVED, "wrong", 1))
    cli("annotate", ".", "--write", "--resume")
    assert "wrong" not in path.read_text()
    assert path.read_text().count(PROVED) == 1


def test_failures_of_other_terms_are_searched_again(cli: Cli) -> None:
    save("a.lean", lemma("fail"))
    interrupted(cli, ".", "--budget", "1")
    assert "fail: not proved" in cli("annotate", ".", "--budget", "2", "--resume").out


def test_a_torn_line_of_the_journal_costs_no_more_than_itself(cli: Cli) -> None:
    save("a.lean", lemma("fail") + lemma("fail_2"))
    interrupted(cli, ".", "--workers", "1")
    journal = next(Path("state").rglob("*.jsonl"))
    raw = journal.read_bytes()
    os.truncate(journal, len(raw) - 20)
    done = cli("annotate", ".", "--workers", "1", "--resume")
    assert "fail: not proved" not in done.out
    assert "fail_2: not proved" in done.out


def test_a_changed_file_begins_anew(cli: Cli) -> None:
    path = save("a.lean", lemma("fail"))
    interrupted(cli, ".")
    path.write_text("-- changed\n" + lemma("fail"))
    assert "fail: not proved" in cli("annotate", ".", "--resume").out
