"""The page in Chromium: what people see and do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.web.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

GUARD = float(os.environ.get("DSP_LSP_TEST_GUARD", "90")) * 1000
"""Milliseconds after which a test hangs; nothing here takes anything like it."""

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str | None:
    """``DSP_LSP_CHROMIUM``, or one on the PATH."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("DSP_LSP_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    api = pytest.importorskip(
        "playwright.sync_api", reason="no playwright (pip install playwright)"
    )
    program = chromium()
    if program is None:
        pytest.skip("no Chromium (DSP_LSP_CHROMIUM, or on the PATH)")
    with api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield found
        found.close()


class Site:
    """A page that is served, and those who look at it."""

    def __init__(self, url: str, home: Path, browser: Browser) -> None:
        self.url = url
        self.home = home
        self.browser = browser
        self.complaints: list[str] = []
        self.contexts: list[BrowserContext] = []

    def visitor(self, path: str = "/", first: str = "#examples button", **options: Any) -> Page:
        """Somebody with a browser of their own, who waits for ``first`` to be there."""
        context = self.browser.new_context(
            viewport=options.pop("viewport", {"width": 1200, "height": 900}),
            permissions=["clipboard-read", "clipboard-write"],
            **options,
        )
        context.set_default_timeout(GUARD)
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._heard)
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        page.on("request", self._asked)
        page.goto(self.url + path)
        page.wait_for_selector(first)
        return page

    def _heard(self, message: Any) -> None:
        # A refusal's status is no failure of the page; whatever the policy forbids is.
        if message.type in ("error", "warning") and "status of 4" not in message.text:
            self.complaints.append(message.text)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.url, "blob:")):
            self.complaints.append(f"another host: {request.url}")

    def open_gate(self) -> None:
        (self.home / "gate").touch()


@contextmanager
def _site(home: Path, browser: Browser, kind: str, searches: int = 2, *more: str) -> Iterator[Site]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "FAKE_ENGINE_HOME": str(home),
        "DSP_LSP_CACHE": str(home / "cache"),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.web.serve", str(home), kind, str(searches), *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=ROOT,
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http://"), "the page did not start"
        yield Site(url, home, browser)
    finally:
        process.communicate("", timeout=GUARD / 1000)


def _fresh(site: Site) -> Iterator[Site]:
    """The site for one test, which leaves nothing to the next."""
    for name in ("gate", "searched"):
        (site.home / name).unlink(missing_ok=True)
    yield site
    for context in site.contexts:
        context.close()
    site.contexts.clear()
    complaints, site.complaints = site.complaints, []
    assert complaints == []


@pytest.fixture(scope="module")
def _core(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Site]:
    with _site(tmp_path_factory.mktemp("core"), browser, "core") as site:
        yield site


@pytest.fixture(scope="module")
def _scripted(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Site]:
    with _site(tmp_path_factory.mktemp("scripted"), browser, "scripted") as site:
        yield site


@pytest.fixture
def core(_core: Site) -> Iterator[Site]:
    """A page over the embedded core."""
    yield from _fresh(_core)


@pytest.fixture
def scripted(_scripted: Site) -> Iterator[Site]:
    """A page over the scripted engine, with `import tactic` in front."""
    yield from _fresh(_scripted)


def prove(page: Page, text: str) -> None:
    page.fill("#text", text)
    page.click("#prove")


def heading(page: Page, text: str) -> None:
    """Waits until the search's heading says so."""
    page.wait_for_selector(f"#outcome h2:has-text({text!r})")


def announced(page: Page, pattern: str) -> None:
    page.wait_for_function(
        "pattern => new RegExp(pattern).test(document.getElementById('announcement').textContent)",
        arg=pattern,
    )


def fits(page: Page) -> bool:
    """Whether nothing of the page is wider than the screen."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_the_papers_example_is_found_copied_and_shared(core: Site) -> None:
    page = core.visitor()
    page.click("#examples button:has-text('The paper')")
    page.click("#prove")
    heading(page, "Found a Proof!")
    announced(page, "Found a proof in")
    shown = page.inner_text("#outcome pre.lean >> nth=0")
    assert "theorem thm1" in shown
    assert "".join(page.locator("#outcome .proof").all_inner_texts()).startswith("begin\n")
    assert "Checked by" in page.inner_text("#outcome .facts")
    page.wait_for_function("() => document.querySelector('.tree img').naturalWidth > 0")
    page.click("#outcome button:text-is('Copy')")
    page.wait_for_selector("#outcome button:has-text('Copied')")
    assert page.evaluate("navigator.clipboard.readText()").strip() == shown.strip()
    assert "Found a Proof" in page.title()
    address = page.url
    assert "/r/" in address
    other = core.visitor(address.removeprefix(core.url))
    heading(other, "Found a Proof!")
    assert other.input_value("#text").startswith("variables x y z w : nat")
    page.go_back()
    page.wait_for_selector("#outcome", state="hidden")
    assert page.input_value("#text").startswith("variables x y z w")


def test_definitions_of_ones_own(core: Site) -> None:
    page = core.visitor()
    prove(
        page, "def twice (p : Prop) : Prop := p ∧ p\n\ntheorem t (p : Prop) (h : twice p) : p ∧ p"
    )
    heading(page, "Found a Proof!")
    page.click("summary:has-text('as Lean understood it')")
    assert "⊢ p ∧ p" in page.inner_text("#outcome details[open] pre >> nth=0")


def test_figures_while_it_runs_and_stop(scripted: Site) -> None:
    page = scripted.visitor()
    prove(page, "theorem gate : 1 = 1 :=")
    heading(page, "Proving theorem")
    page.wait_for_selector(".figures dd:has-text('43 (12 open)')")
    heading(page, "/ 300 seconds")
    assert "⊢ q ∧ 𝕜" in page.inner_text(".goal")
    assert re.search(r"\d+ / 300 s", page.title())
    page.click("button:text-is('Stop')")
    heading(page, "Search Stopped")
    announced(page, "Search Stopped")


def test_a_search_that_times_out_says_what_was_tried(scripted: Site) -> None:
    page = scripted.visitor()
    page.select_option("#budget", "30")
    prove(page, "theorem budget : 1 = 1 :=")
    heading(page, "Search Timed Out!")
    text = page.inner_text("#outcome")
    assert "What was tried" in text
    assert "the budget ran out" in text
    prove(page, "theorem fail : 1 = 1 :=")
    heading(page, "Nothing Left to Try")


def test_an_error_stands_at_its_place(scripted: Site) -> None:
    page = scripted.visitor()
    prove(page, "variables p q : Prop\n\ntheorem input : p → q :=")
    heading(page, "Encountered an Error!")
    announced(page, "unknown identifier")
    assert "unknown identifier 'frob'" in page.inner_text("#outcome .message")
    # The engine says line 4 of the document, which is line 3 of what was typed.
    page.click("button:has-text('Go to line 3, column 3')")
    assert page.evaluate("document.activeElement.id") == "text"
    assert page.evaluate("document.activeElement.selectionStart") == 22 + 3
    assert page.text_content("#painted .mistake") == "orem"
    page.keyboard.type("x")
    assert page.locator("#painted .mistake").count() == 0


def test_a_reload_keeps_the_search_and_the_right_to_stop_it(scripted: Site) -> None:
    page = scripted.visitor()
    prove(page, "theorem gate : 1 = 1 :=")
    heading(page, "Proving theorem")
    page.reload()
    heading(page, "Proving theorem")
    assert page.input_value("#text") == "theorem gate : 1 = 1 :="
    page.wait_for_selector("button:text-is('Stop')")
    guest = scripted.visitor(page.url.removeprefix(scripted.url))
    heading(guest, "Proving theorem")
    assert not guest.is_visible("button:text-is('Stop')")
    scripted.open_gate()
    heading(page, "Found a Proof!")
    heading(guest, "Found a Proof!")


def test_two_at_once_and_who_waits_knows_the_place(tmp_path: Path, browser: Browser) -> None:
    with _site(tmp_path, browser, "scripted", searches=1) as site, contextmanager(_fresh)(site):
        one, two, three = site.visitor(), site.visitor(), site.visitor()
        prove(one, "theorem gate_1 : 1 = 1 :=")
        heading(one, "Proving theorem")
        prove(two, "theorem gate_2 : 2 = 2 :=")
        heading(two, "Waiting in Line")
        two.wait_for_selector("#outcome p:has-text('You are next.')")
        prove(three, "theorem gate_3 : 3 = 3 :=")
        three.wait_for_selector("#outcome p:has-text('You are 2nd in line.')")
        two.click("button:text-is('Stop')")
        heading(two, "Search Stopped")
        three.wait_for_selector("#outcome p:has-text('You are next.')")
        site.open_gate()
        for page, name in ((one, "gate_1"), (three, "gate_3")):
            heading(page, "Found a Proof!")
            assert name in page.inner_text("#outcome pre.lean >> nth=0")


HOSTILE = [
    "<script>document.title = 'taken'</script>",
    "theorem t : 1 = 1 := <img src=x onerror=\"document.title='taken'\">",
    "run_cmd tactic.skip\ntheorem t : 1 = 1 :=",
    'theorem t : 1 = 1 := by { tactic.unsafe_run_io (io.put_str "x"), refl }',
    "#eval 1\ntheorem t : 1 = 1 :=",
    "notation `/-` := 1\ntheorem t : 1 = 1 :=",
    "import system.io\ntheorem t : 1 = 1 :=",
    "theorem t : 1 = 1 -- \u202e\n:=",
    "theorem t : 1 = 1 :=\u2066",
    "theorem t : " + "(" * 3000 + " :=",
    "x" * 9_999,
]


def test_hostile_statements_are_refused_as_text(scripted: Site) -> None:
    page = scripted.visitor()
    for text in HOSTILE:
        prove(page, text)
        heading(page, "Encountered an Error!")
        assert page.input_value("#text") == text
        assert "taken" not in page.title()
        page.evaluate("document.getElementById('outcome').replaceChildren()")
    assert page.locator("main script, main img").count() == 0
    page.fill("#text", "x" * 20_000)
    page.click("#prove")
    assert "At most 10,000 characters" in page.evaluate("text.validationMessage")
    assert not (scripted.home / "searched").exists()


def test_markup_in_a_comment_is_shown_as_text(scripted: Site) -> None:
    page = scripted.visitor()
    comment = "-- <img src=x onerror=alert(1)><b>bold</b> ${1} &lt;"
    prove(page, f"{comment}\ntheorem t : 1 = 1 :=")
    heading(page, "Found a Proof!")
    assert comment in page.inner_text("#outcome pre.lean >> nth=0")
    assert page.locator("#outcome b, #outcome pre img").count() == 0


def test_symbols_are_typed_by_their_names(scripted: Site) -> None:
    page = scripted.visitor()
    page.focus("#text")
    typed: list[tuple[str, Callable[[], None] | None, str]] = [
        ("\\all x, \\ex y", None, "∀ x, ∃ y"),
        ("\\to ", None, "→ "),
        ("\\alpha\\beta", None, "αβ"),
        ("\\N\\", None, "ℕ\\"),
        ("x\\_1+", None, "x₁+"),
        ("\\<>", None, "⟨⟩"),
        ("\\le", lambda: page.keyboard.press("Tab"), "≤"),
        ("a \\\\ b", None, "a \\ b"),
        ("\\nosuchname ", None, None),
        ("\\and", lambda: page.keyboard.press("Enter"), "∧\n"),
    ]
    for keys, then, wanted in typed:
        page.fill("#text", "")
        page.keyboard.type(keys)
        if then is not None:
            then()
        if wanted is not None:
            assert page.input_value("#text") == wanted, keys
    page.fill("#text", "")
    page.keyboard.type("\\lam")
    page.click(".symbols button:has-text('\\\\lambda')")
    assert page.input_value("#text") == "λ"
    page.fill("#text", "")
    page.keyboard.type("p \\or q")
    assert page.input_value("#text") == "p ∨ q"
    page.keyboard.press("Control+z")
    assert "\\or" in page.input_value("#text") or page.input_value("#text") != "p ∨ q"


def test_all_of_it_by_keyboard(scripted: Site) -> None:
    page = scripted.visitor()
    page.focus("#text")
    page.keyboard.type("theorem gate : 1 = 1 :=")
    page.keyboard.press("Control+Enter")
    heading(page, "Proving theorem")
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim().split(' ')[0]"))
        if reached[-1] == "Stop":
            break
    assert reached[-1] == "Stop", reached
    page.keyboard.press("Enter")
    heading(page, "Search Stopped")
    # The button that had the focus is gone: it is not lost.
    assert page.evaluate("document.activeElement.tagName") == "H2"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_narrow_screen(scripted: Site, scheme: Any) -> None:
    page = scripted.visitor(viewport={"width": 360, "height": 740}, color_scheme=scheme)
    assert fits(page)
    prove(page, "theorem input : " + "very_long_name_" * 20 + " :=")
    heading(page, "Encountered an Error!")
    assert fits(page)
    prove(page, "theorem gate : 1 = 1 :=")
    heading(page, "Proving theorem")
    assert fits(page)
    scripted.open_gate()
    heading(page, "Found a Proof!")
    assert fits(page)
    page.set_viewport_size({"width": 1440, "height": 900})
    sides = page.evaluate(
        "[...document.querySelectorAll('main > .card')].map(e => e.getBoundingClientRect().top)"
    )
    assert sides[0] == sides[1], "on a wide screen the search is beside the text"


def test_the_token_is_asked_for_where_one_arrives(tmp_path: Path, browser: Browser) -> None:
    with (
        _site(tmp_path, browser, "scripted", 2, "the-token") as site,
        contextmanager(_fresh)(site),
    ):
        page = site.visitor("/r/abc", "#token")
        page.fill("#token", "another")
        page.click("button")
        page.wait_for_selector("p:has-text('That is not the token.')")
        page.fill("#token", "the-token")
        page.click("button")
        page.wait_for_selector("#examples button")
        assert page.url == f"{site.url}/r/abc"
        heading(page, "Encountered an Error!")
        prove(page, "theorem t : 1 = 1 :=")
        heading(page, "Found a Proof!")
