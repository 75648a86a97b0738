"""Searches through the page's interface, over the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsp_lsp.web.examples import EXAMPLES
from dsp_lsp.web.limits import Limits
from dsp_lsp.web.statement import prepare
from engine.protocol import SearchOptions
from engine.source import refusal
from tests.unit.source.test_admission import REFUSED
from tests.web.conftest import SCRIPTED, Page, served

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

SWAP = "theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p :="


async def test_a_statement_is_proved_and_its_link_shows_it(core: Page) -> None:
    started = await core.start(SWAP)
    seen = await core.over(started["id"])
    assert seen["phase"] == "proved"
    proof = seen["result"]["proof"]
    assert proof["text"].startswith(SWAP)
    assert proof["text"][proof["start"] : proof["end"]].strip().startswith("begin")
    assert seen["result"]["verdict"]["accepted"]
    assert "⊢ q ∧ p" in seen["result"]["goal"]
    again = (await core.http.get(f"/api/searches/{started['id']}")).json()
    assert again == seen
    assert "key" not in again
    page = await core.http.get(f"/r/{started['id']}")
    assert page.status_code == 200
    assert page.text == (await core.http.get("/")).text


async def test_what_was_found_before_is_said_to_be_and_can_be_searched_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DSP_LSP_PROOFS", str(tmp_path / "proofs.sqlite"))
    options = SearchOptions(cache="use")
    async with served(tmp_path, lean="embedded", embedded=True, options=options) as page:
        seen = [
            await page.over((await page.start(SWAP, fresh=fresh))["id"])
            for fresh in (False, False, True)
        ]
    assert [one["phase"] for one in seen] == ["proved"] * 3
    assert [bool(one["result"]["cached"]) for one in seen] == [False, True, False]
    assert [one["tree"] is None for one in seen] == [False, True, False]
    assert seen[0]["result"]["proof"] == seen[1]["result"]["proof"]


async def test_a_definition_of_ones_own_is_known_to_the_statement(core: Page) -> None:
    text = "def twice (p : Prop) : Prop := p ∧ p\ntheorem t (p : Prop) (h : twice p) : p ∧ p"
    seen = await core.over((await core.start(text))["id"])
    assert seen["phase"] == "proved", seen
    assert seen["text"] == f"{text} :="
    assert seen["given"] == text


async def test_the_tree_is_a_picture_that_may_use_its_own_style_alone(core: Page) -> None:
    started = await core.start(SWAP)
    seen = await core.over(started["id"])
    assert "swap" not in (seen["tree"] or "")
    answer = await core.http.get(f"/api/searches/{started['id']}/tree.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    policy = answer.headers["content-security-policy"]
    assert "sandbox" in policy
    assert "'sha256-" in policy
    assert "unsafe" not in policy
    assert "<svg" in answer.text


async def test_an_error_of_lean_has_its_place_in_the_text_that_was_typed(scripted: Page) -> None:
    text = "variables p q : Prop\ntheorem input : p →\n  q :="
    seen = await scripted.over((await scripted.start(text))["id"])
    assert seen["phase"] == "failed"
    error = seen["error"]
    # Two imports stand in front of what was typed.
    assert (error["line"], error["column"]) == (3, 3)
    assert error["message"] == "unknown identifier 'frob'"
    assert scripted.searched == ["import tactic\nimport data.real.basic\n" + text]


async def test_a_search_without_success_says_what_was_tried(scripted: Page) -> None:
    for name, why in (("budget", "the budget ran out."), ("fail", "nothing is left to try.")):
        seen = await scripted.over((await scripted.start(f"theorem {name} : 1 = 1 :="))["id"])
        assert (seen["phase"], seen["message"]) == ("not found", why)
        assert seen["remedy"]
        assert seen["result"]["statistics"]["tried"] == 12
        assert seen["result"]["proof"] is None


async def test_figures_come_while_it_runs_and_only_its_starter_stops_it(scripted: Page) -> None:
    started = await scripted.start("theorem gate : 1 = 1 :=", budget=30)
    stop = f"/api/searches/{started['id']}/stop"
    seen = await scripted.until(started["id"], "searching")
    assert seen["budget"] == 30
    told = await scripted.events(started["id"], lambda s: bool((s["progress"] or {}).get("nodes")))
    progress = told[-1]["progress"]
    assert (progress["n"], progress["nodes"], progress["per_second"]) == (9, 43, 25.0)
    assert progress["goal"] == "p q : Prop\n⊢ q ∧ 𝕜"
    assert (await scripted.http.post(stop, json={})).status_code == 403
    assert (await scripted.http.post(stop, json={"key": "guess"})).status_code == 403
    assert not (await scripted.http.get(f"/api/searches/{started['id']}")).json()["over"]
    assert (await scripted.http.post(stop, json={"key": started["key"]})).json()["stopped"]
    assert (await scripted.over(started["id"]))["phase"] == "stopped"


async def test_those_in_line_know_their_place(tmp_path: Path) -> None:
    limits = Limits(searches=1, waiting=2, per_client=9, per_minute=1000)
    async with served(tmp_path, engine=SCRIPTED, limits=limits) as page:
        text = "theorem gate : 1 = 1 :="
        first, second, third = [await page.start(text) for _ in range(3)]
        await page.until(first["id"], "searching")
        places = [
            (await page.http.get(f"/api/searches/{s['id']}")).json()["turn"]
            for s in (first, second, third)
        ]
        assert places == [0, 1, 2]
        full = await page.http.post("/api/searches", json={"text": text})
        assert full.status_code == 429
        assert int(full.headers["retry-after"]) > 0
        stopped = await page.http.post(
            f"/api/searches/{second['id']}/stop", json={"key": second["key"]}
        )
        assert stopped.json()["stopped"]
        moved = await page.events(third["id"], lambda s: s["turn"] == 1)
        assert moved[-1]["phase"] == "queued"
        page.open_gate()
        assert (await page.over(third["id"]))["phase"] == "proved"
        assert (await page.over(second["id"]))["phase"] == "stopped"


async def test_one_client_has_so_many_at_a_time_and_so_many_a_minute(tmp_path: Path) -> None:
    limits = Limits(per_client=2, per_minute=3)
    async with served(tmp_path, engine=SCRIPTED, limits=limits) as page:
        text = "theorem gate : 1 = 1 :="
        mine = [await page.start(text) for _ in range(2)]
        # What a client says of itself does not make it another.
        third = await page.http.post(
            "/api/searches", json={"text": text}, headers={"x-forwarded-for": "10.0.0.1"}
        )
        assert third.status_code == 429
        assert "2 searches" in third.json()["error"]["message"]
        page.open_gate()
        for search in mine:
            await page.over(search["id"])
        await page.over((await page.start(text))["id"])
        too_fast = await page.http.post("/api/searches", json={"text": text})
        assert too_fast.status_code == 429
        assert int(too_fast.headers["retry-after"]) >= 1


async def test_old_results_are_forgotten_those_under_way_are_not(tmp_path: Path) -> None:
    limits = Limits(kept=2, per_minute=1000)
    async with served(tmp_path, engine=SCRIPTED, limits=limits) as page:
        running = await page.start("theorem gate : 1 = 1 :=")
        ended = []
        for _ in range(4):
            ended.append((await page.start("theorem t : 1 = 1 :="))["id"])
            await page.over(ended[-1])
        codes = [(await page.http.get(f"/api/searches/{name}")).status_code for name in ended]
        assert codes == [404, 200, 200, 200]  # one more since the last was started
        assert (await page.http.get(f"/api/searches/{running['id']}")).json()["phase"] != "queued"


async def test_an_engine_that_dies_fails_its_search_and_not_the_next(scripted: Page) -> None:
    seen = await scripted.over((await scripted.start("theorem die : 1 = 1 :="))["id"])
    assert seen["phase"] == "failed"
    assert "engine" in seen["error"]["message"]
    assert "Traceback" not in seen["error"]["message"]
    seen = await scripted.over((await scripted.start("theorem t : 1 = 1 :="))["id"])
    assert seen["phase"] == "proved"


async def test_a_text_on_which_lean_never_ends_is_given_up(tmp_path: Path) -> None:
    limits = Limits(overhead=0.2)
    options = SearchOptions(budget=1.0)
    async with served(tmp_path, engine=SCRIPTED, limits=limits, options=options) as page:
        started = await page.start("theorem hang : 1 = 1 :=", budget=1)
        seen = await page.over(started["id"])
        assert seen["phase"] == "failed"
        assert "did not come to an end" in seen["error"]["message"]


async def test_what_runs_programs_never_reaches_the_engine(scripted: Page) -> None:
    for text in REFUSED:
        answer = await scripted.http.post("/api/searches", json={"text": text})
        assert answer.status_code == 422, text
        assert answer.json()["error"]["message"]
    assert scripted.searched == []


async def test_what_is_no_request_is_refused(scripted: Page) -> None:
    post = scripted.http.post
    json = {"content-type": "application/json"}
    for body, status in (
        (b"", 400),
        (b"[" * 100_000, 400),
        (b"[]", 400),
        (b"{}", 400),
        (b'{"text": 1}', 400),
        (b'{"text": "example : true :=", "budget": "9"}', 400),
        (b'{"text": "example : true :=", "budget": true}', 400),
        (b'{"text": "example : true :=", "budget": NaN}', 400),
        (b'{"text": "example : true :=", "budget": 1e9}', 400),
        (b'{"text": "' + b"x" * 200_000 + b'"}', 413),
        (b'{"text": "' + b"-" * 20_000 + b'"}', 422),
        (b'{"text": "  "}', 422),
        (b'{"text": "\\ud800"}', 422),
        (b'{"text": "example : true := trivial"}', 422),
    ):
        answer = await post("/api/searches", content=body, headers=json)
        assert answer.status_code == status, body[:60]
        assert answer.json()["error"]["message"]
    plain = await post("/api/searches", content=b"{}", headers={"content-type": "text/plain"})
    assert plain.status_code == 415
    assert scripted.searched == []
    for path in (
        "/api/searches/nobody",
        "/api/searches/nobody/tree.svg",
        "/nothing",
        "/static/../x",
    ):
        assert (await scripted.http.get(path)).status_code == 404


def test_examples_are_admitted_and_are_sites() -> None:
    for example in EXAMPLES:
        assert refusal(example.text) is None
        prepared = prepare(example.text, ["tactic"], 10_000)
        assert prepared.site.span.start == len("import tactic\n" + example.text.rstrip())


async def test_the_embedded_core_proves_its_examples(core: Page) -> None:
    examples = [example for example in EXAMPLES if example.embedded]
    assert examples
    for example in examples:
        seen = await core.over((await core.start(example.text))["id"])
        assert seen["phase"] == "proved", seen
