"""Jobs: in line, stopped, given more time; next tactics; what is seen of them meanwhile."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

import pytest
from lsprotocol import types

from .conftest import SCRIPTED, Editor, at, end_editor, start_editor, uri_of
from .test_lsp_edit import GATE, PROVE, open_gate, searching

if TYPE_CHECKING:
    from collections.abc import Sequence

FIVE = "".join(f"theorem gate_{i} (p : Prop) (h : p) : p := sorry\n" for i in range(5))


async def test_at_most_so_many_and_the_others_in_line(scripted: Editor, tmp_path: Path) -> None:
    uri = uri_of(tmp_path)
    scripted.open(uri, FIVE)
    jobs = (await scripted.command("dsp.proveAll", {"uri": uri}))["jobs"]
    for job in jobs[:2]:
        await scripted.until(lambda job: job["state"] == "searching", job)
    states = [(job["state"], job["turn"]) for job in await scripted.jobs()]
    assert states == [("searching", 0)] * 2 + [("queued", 1), ("queued", 2), ("queued", 3)]
    assert "queued, 2nd in line" in await scripted.hover_text(uri, at(FIVE, number=3))
    # One that waits is stopped at once, and the others move up.
    await scripted.choose_action(uri, at(FIVE, number=2), "Stop the search")
    assert (await scripted.job(jobs[2]))["state"] == "stopped"
    assert (await scripted.job(jobs[3]))["turn"] == 1
    # Stopped and started again while it is in line: it runs once.
    again = (await scripted.choose_action(uri, at(FIVE, number=2), PROVE))["job"]
    await scripted.command("dsp.stop", {"job": jobs[0]})
    await scripted.until(lambda job: job["state"] == "searching", jobs[3])
    open_gate(tmp_path)
    for job in [*jobs[1:2], *jobs[3:], again]:
        assert (await scripted.until_over(job))["state"] == "proved"
    assert (await scripted.job(jobs[0]))["state"] == "stopped"
    assert scripted.buffers[uri].text.count("sorry") == 1


async def test_all_are_stopped(scripted: Editor, tmp_path: Path) -> None:
    uri = uri_of(tmp_path)
    scripted.open(uri, FIVE)
    jobs = (await scripted.command("dsp.proveAll", {"uri": uri}))["jobs"]
    await scripted.until(lambda job: job["state"] == "searching", jobs[0])
    assert await scripted.command("dsp.stop") == {"stopped": 5}
    for job in jobs:
        assert (await scripted.until_over(job))["state"] == "stopped"
    assert scripted.buffers[uri].text == FIVE
    assert await scripted.command("dsp.stop") == {"stopped": 0}


async def test_more_time_afterwards(scripted: Editor, tmp_path: Path) -> None:
    text = "theorem budget (p : Prop) (h : p) : p := sorry\n"
    uri = uri_of(tmp_path)
    buffer = scripted.open(uri, text)
    job = (await scripted.choose_action(uri, at(text), PROVE))["job"]
    over = await scripted.until_over(job)
    assert over["state"] == "not found"
    assert over["canExtend"]
    hover = await scripted.hover_text(uri, at(text))
    assert "the budget ran out" in hover
    assert "Give it more time" in hover
    assert "⊢ p → p" in hover
    await scripted.choose_action(uri, at(text), "Give the search 10 minutes more")
    assert (await scripted.until_over(job))["state"] == "proved"
    assert "sorry" not in buffer.text
    assert (tmp_path / "extended").read_text() == "600.0\n"


async def test_more_time_while_it_runs(tmp_path: Path) -> None:
    """Time that is promised while a search runs is given when its budget is used."""
    settings = {"leanPath": "embedded", "budget": 1.0, "extension": 2.0}
    editor = await start_editor(tmp_path, settings=settings)
    try:
        # True, and beyond the embedded core.
        text = "theorem hard (p q r : Prop) : ((p ↔ q) ↔ r) ↔ (p ↔ (q ↔ r)) := sorry\n"
        uri = uri_of(tmp_path)
        editor.open(uri, text)
        job = await searching(editor, uri, text)
        await editor.choose_action(uri, at(text), "Give it 2 seconds more")
        assert (await editor.job(job))["budget"] == 3.0
        over = await editor.until_over(job)
        if over["state"] == "not found" and "nothing is left" not in over["message"]:
            assert over["budget"] == 3.0
            assert over["elapsed"] > 2.0
    finally:
        await end_editor(editor)


async def test_what_cannot_go_on(scripted: Editor, tmp_path: Path) -> None:
    text = "theorem fail (p : Prop) : p := sorry\n"
    uri = uri_of(tmp_path)
    scripted.open(uri, text)
    job = (await scripted.choose_action(uri, at(text), PROVE))["job"]
    assert (await scripted.until_over(job))["state"] == "not found"
    assert not any("more" in title for title in await scripted.titles(uri, at(text)))
    hover = await scripted.hover_text(uri, at(text))
    assert "nothing is left to try" in hover
    messages = [m.message for m in scripted.messages]
    assert len(messages) == 1
    assert "nothing is left to try" in messages[0]


# -- next tactics ----------------------------------------------------------------------------------


async def test_a_next_tactic_that_leaves_a_goal(editor: Editor, tmp_path: Path) -> None:
    text = "theorem swap (p q : Prop) : p ∧ q → q ∧ p := sorry\n"
    uri = uri_of(tmp_path)
    buffer = editor.open(uri, text)
    job = (await editor.choose_action(uri, at(text), "Suggest next tactics here"))["job"]
    assert (await editor.until_over(job))["state"] == "suggested"
    await editor.eventually(lambda: bool(editor.questions))
    shown = [action.title for action in editor.questions[0].actions or ()]
    offered = await editor.titles(uri, at(text))
    listed = [title.removeprefix("Next tactic: ") for title in offered if "Next tactic" in title]
    assert listed[: len(shown)] == shown
    chosen = next(title for title in listed if title.startswith("intro") and "1 goal" in title)
    insert = (await editor.choose_action(uri, at(text), f"Next tactic: {chosen}"))["job"]
    assert (await editor.until_over(insert))["state"] == "suggested"
    tactic = chosen.split(" (")[0]
    assert tactic in buffer.text
    assert buffer.text.index(tactic) < buffer.text.index("sorry")
    # What is left is a site like any other.
    rest = (await editor.choose_action(uri, at(buffer.text), PROVE))["job"]
    assert (await editor.until_over(rest))["state"] == "proved"
    assert "sorry" not in buffer.text


async def test_a_next_tactic_chosen_when_asked(scripted: Editor, tmp_path: Path) -> None:
    scripted.choose = "trivial"
    text = "theorem some (p : Prop) (h : p) : p := sorry\n"
    uri = uri_of(tmp_path)
    buffer = scripted.open(uri, text)
    await scripted.choose_action(uri, at(text), "Suggest")
    await scripted.eventually(lambda: "sorry" not in buffer.text)
    assert "trivial" in buffer.text
    # One that closes the goal is judged in place like any proof.
    assert (tmp_path / "verified").exists()


async def test_a_closing_tactic_that_lean_refuses(scripted: Editor, tmp_path: Path) -> None:
    text = "theorem strict (p : Prop) (h : p) : p := sorry\n"
    uri = uri_of(tmp_path)
    buffer = scripted.open(uri, text)
    job = (await scripted.choose_action(uri, at(text), "Suggest"))["job"]
    await scripted.until_over(job)
    await scripted.choose_action(uri, at(text), "Next tactic: trivial")
    await scripted.eventually(lambda: any("mismatch" in m.message for m in scripted.messages))
    assert buffer.text == text
    assert scripted.edits == []


# -- what is seen meanwhile ------------------------------------------------------------------------


async def test_the_hover_while_it_searches(scripted: Editor, tmp_path: Path) -> None:
    uri = uri_of(tmp_path)
    scripted.open(uri, GATE)
    assert await scripted.hover_text(uri, at(GATE)) == ""
    await searching(scripted, uri, GATE)
    hover = await scripted.hover_text(uri, at(GATE))
    for part in (
        "searching",
        "/60 s",
        "n = 9",
        "expansion",
        "12 of 43 nodes open",
        "depth 4",
        "100 tactics tried, 40 succeeded, 3 timed out",
        "25.0 per second",
        "```lean\np q : Prop\n⊢ q ∧ 𝕜\n```",
        "generator: repertoire on cpu",
    ):
        assert part in hover, part
    assert await scripted.hover_text(uri, GATE.index("before")) == ""


def _kinds(reports: Sequence[Any]) -> list[str]:
    return [report.kind for report in reports]


async def test_progress_is_reported_and_cancelled(scripted: Editor, tmp_path: Path) -> None:
    uri = uri_of(tmp_path)
    scripted.open(uri, GATE)
    job = await searching(scripted, uri, GATE)
    await scripted.eventually(
        lambda: any(len(reports) > 3 for reports in scripted.progress_reports.values())
    )
    ((token, reports),) = scripted.progress_reports.items()
    assert reports[0].title == "DS-Prover: gate"
    assert reports[0].cancellable
    assert "n = 9 · 43 nodes" in reports[-1].message
    scripted.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token=token))
    assert (await scripted.until_over(job))["state"] == "stopped"
    await scripted.eventually(lambda: reports[-1].kind == "end")
    assert _kinds(reports)[:2] == ["begin", "report"]
    assert _kinds(reports).count("end") == 1
    # A token that was never ours is nobody's.
    scripted.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token="x"))  # noqa: S106
    assert await scripted.hover_text(uri, at(GATE))


def _with_hints(capabilities: types.ClientCapabilities) -> None:
    assert capabilities.workspace is not None
    refreshable = types.InlayHintWorkspaceClientCapabilities(refresh_support=True)
    capabilities.workspace.inlay_hint = refreshable


@pytest.mark.parametrize("live", ["auto", "inlayHint", "codeLens", "off"])
@pytest.mark.parametrize("hints", [True, False])
async def test_a_hint_or_lens_beside_the_site(tmp_path: Path, live: str, hints: bool) -> None:
    editor = await start_editor(
        tmp_path,
        command=SCRIPTED,
        settings={"live": live},
        adjust=_with_hints if hints else None,
    )
    try:
        uri = uri_of(tmp_path)
        editor.open(uri, GATE)
        await searching(editor, uri, GATE)
        document = types.TextDocumentIdentifier(uri)
        everything = types.Range(types.Position(0, 0), types.Position(9, 0))
        elsewhere = types.Range(types.Position(0, 0), types.Position(1, 0))
        ask = editor.text_document_inlay_hint_async
        shown = list(await ask(types.InlayHintParams(document, everything)) or [])
        away = list(await ask(types.InlayHintParams(document, elsewhere)) or [])
        lenses = list(
            await editor.text_document_code_lens_async(types.CodeLensParams(document)) or []
        )
        assert away == []
        # This VS Code of old refreshes code lenses; a newer one, hints as well.
        kind = {"auto": "inlayHint" if hints else "codeLens"}.get(live, live)
        assert len(shown) == (kind == "inlayHint" and hints)
        assert len(lenses) == (kind == "codeLens")
        if shown:
            assert str(shown[0].label).endswith("/60 s · n = 9 · 43 nodes")
        if lenses:
            assert lenses[0].command is not None
            assert "n = 9 · 43 nodes" in lenses[0].command.title
        if shown or lenses:
            refreshed = editor.refreshed
            await editor.eventually(lambda: len(refreshed) > 5)
            # Twice a second at most; on a busy machine they may come late, never early.
            assert refreshed[-1] - refreshed[0] > 0.4 * (len(refreshed) - 1)
        if lenses and lenses[0].command is not None:
            stopped = await editor.command("dsp.stop", *lenses[0].command.arguments or ())
            assert stopped == {"stopped": 1}
    finally:
        await end_editor(editor)


async def test_jobs_are_told_to_who_asks(tmp_path: Path) -> None:
    experimental = {"dsp": {"jobs": True}}
    editor = await start_editor(tmp_path, command=SCRIPTED, experimental=experimental)
    try:
        uri = uri_of(tmp_path)
        editor.open(uri, GATE)
        await searching(editor, uri, GATE)

        def told() -> set[str]:
            return {job.state for told in editor.jobs_seen for job in told.jobs}

        await editor.eventually(lambda: "searching" in told())
        open_gate(tmp_path)
        await editor.eventually(lambda: "proved" in told())
    finally:
        await end_editor(editor)


async def test_the_tree_is_shown(editor: Editor, tmp_path: Path) -> None:
    text = "theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p := sorry\n"
    uri = uri_of(tmp_path)
    editor.open(uri, text)
    job = (await editor.choose_action(uri, at(text), PROVE))["job"]
    await editor.until_over(job)
    answer = await editor.command("dsp.tree", {"job": job})
    picture = Path(urlparse(answer["uri"]).path)
    assert "<svg" in picture.read_text(encoding="utf-8")  # noqa: ASYNC240
    await editor.eventually(lambda: bool(editor.shown_documents))
    assert editor.shown_documents[0].uri == answer["uri"]
    await asyncio.wait_for(editor.shutdown_session(), 30)
    assert not picture.parent.exists(), "pictures go with the server"
