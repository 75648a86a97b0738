"""Who may ask the page, from where, and what its answers carry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from dsp_lsp.web.guard import CSP
from dsp_lsp.web.limits import Rates
from tests.web.conftest import SCRIPTED, Page, served

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

TEXT = "theorem t : 1 = 1 :="
TOKEN = "correct-horse-battery"  # noqa: S105


def assert_guarded(answer: httpx.Response) -> None:
    headers = answer.headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "unsafe" not in headers["content-security-policy"]
    assert "frame-ancestors" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers


async def test_every_answer_carries_the_policy(scripted: Page) -> None:
    started = await scripted.start(TEXT)
    await scripted.over(started["id"])
    for path in (
        "/",
        f"/r/{started['id']}",
        "/static/main.js",
        "/static/style.css",
        "/static/nothing",
        "/api/about",
        f"/api/searches/{started['id']}",
        f"/api/searches/{started['id']}/events",
        "/nothing",
    ):
        answer = await scripted.http.get(path)
        assert_guarded(answer)
        assert answer.headers["content-security-policy"] == CSP, path
        assert answer.headers["x-frame-options"] == "DENY"
    assert_guarded(await scripted.http.get(f"/api/searches/{started['id']}/tree.svg"))
    assert_guarded(await scripted.http.post("/api/searches", content=b"x"))


async def test_files_are_what_their_types_say(scripted: Page) -> None:
    for name, kind in (
        ("main.js", "javascript"),
        ("style.css", "text/css"),
        ("icon.svg", "image/svg+xml"),
        ("abbreviations.json", "application/json"),
    ):
        answer = await scripted.http.get(f"/static/{name}")
        assert kind in answer.headers["content-type"]
        again = await scripted.http.get(
            f"/static/{name}", headers={"if-none-match": answer.headers["etag"]}
        )
        assert again.status_code == 304
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd"):
        assert (await scripted.http.get(path)).status_code == 404


async def test_only_our_names_are_answered(scripted: Page) -> None:
    port = scripted.url.rpartition(":")[2]
    for host in ("localhost", f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"):
        assert (await scripted.http.get("/api/about", headers={"host": host})).status_code == 200
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "", "[", "a@b"):
        answer = await scripted.http.get("/api/about", headers={"host": host})
        assert answer.status_code in (400, 421), host


async def test_only_our_own_pages_start_searches(scripted: Page) -> None:
    body = {"text": TEXT}
    same = {"origin": scripted.url, "sec-fetch-site": "same-origin"}
    ours = await scripted.http.post("/api/searches", json=body, headers=same)
    assert ours.status_code == 201
    await scripted.over(ours.json()["id"])
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:1"},
        {"origin": "vscode-webview://x"},
        {"origin": "http://["},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        answer = await scripted.http.post("/api/searches", json=body, headers=headers)
        assert answer.status_code == 403, headers
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH"):
        assert (await scripted.http.request(method, "/api/searches")).status_code == 405
    assert len(scripted.searched) == 1


async def test_with_a_token_nothing_is_shown_without_it(tmp_path: Path) -> None:
    async with served(tmp_path, engine=SCRIPTED, token=TOKEN) as page:
        http = page.http
        for path in ("/", "/r/x", "/static/main.js"):
            answer = await http.get(path)
            assert answer.status_code == 401
            assert "asks for a token" in answer.text
            assert_guarded(answer)
        for path in ("/api/about", "/api/searches/x"):
            assert (await http.get(path)).json()["error"]["message"] == "A token is needed."
        assert (await http.post("/api/searches", json={"text": TEXT})).status_code == 401
        assert (await http.get("/static/style.css")).status_code == 200
        assert (await http.get("/?token=wrong-token")).status_code == 401
        wrong = await http.post("/r/x", data={"token": "wrong"})
        assert wrong.status_code == 401
        assert "That is not the token." in wrong.text
        for key in ({"authorization": f"Bearer {TOKEN}"}, {"x-api-key": TOKEN}):
            assert (await http.get("/api/about", headers=key)).status_code == 200
        assert (await http.get("/api/about")).status_code == 401
        entered = await http.get(f"/r/abc?token={TOKEN}&x=1")
        assert entered.status_code == 303
        assert entered.headers["location"] == "/r/abc?x=1"
        cookie = entered.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=lax" in cookie.lower()
        assert TOKEN not in cookie
        assert (await http.get("/api/about")).status_code == 200


async def test_the_form_takes_the_token_and_goes_nowhere_else(tmp_path: Path) -> None:
    async with served(tmp_path, engine=SCRIPTED, token=TOKEN) as page:
        for path, to in (
            ("/r/abc", "/r/abc"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/%5Cevil.example"),
        ):
            answer = await page.http.post(page.url + path, data={"token": TOKEN})
            assert (answer.status_code, answer.headers["location"]) == (303, to)
        answer = await page.http.post(
            "/", data={"token": TOKEN}, headers={"origin": "https://evil.example"}
        )
        assert answer.status_code == 403
        for _ in range(12):
            answer = await page.http.post("/", data={"token": "guess"})
        assert answer.status_code == 429


@given(
    st.integers(1, 100),
    st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 30)), max_size=200),
)
def test_no_client_gets_more_than_its_rate_and_its_burst(
    per_minute: int, asked: list[tuple[str, float]]
) -> None:
    rates, now = Rates(per_minute), 0.0
    taken = {"a": 0, "b": 0}
    for client, later in asked:
        now += later
        wait = rates.wait(client, now)
        assert wait >= 0
        taken[client] += wait == 0
        if wait > 0:
            assert wait <= 60.0 / per_minute + 1e-9
            # After the time that was said there is a place.
            assert rates.wait(client, now + wait + 1e-6) == 0
            taken[client] += 1
            now += wait + 1e-6
    for count in taken.values():
        assert count <= per_minute + now * per_minute / 60 + 1


def test_rates_of_many_clients_are_bounded() -> None:
    rates = Rates(1)
    for number in range(10_000):
        assert rates.wait(str(number), 0.0) == 0
    assert len(rates._buckets) < 5000
    assert rates.wait("9999", 1.0) > 0
