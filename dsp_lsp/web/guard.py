"""What stands in front of every request: who may ask, from where, and what an answer carries.

Against another page in the same browser: the name in ``Host`` must be one of ours (a name that was
rebound to this address is not), and what changes something must come from our own page. Against
strangers: a token, if there is one. Against ourselves: a content security policy under which no
text becomes markup or script.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    RedirectResponse,
    Response,
)

from dsp_lsp.web.limits import Rates

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["CSP", "Guard", "client_of", "refused"]

CSP = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]
)
_HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not `no-referrer`: under it browsers send forms of our own without their origin.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cache-control": "no-store",
}
_FORM = "application/x-www-form-urlencoded"
_TRIES_PER_MINUTE = 10
_PLACE = "<!-- what was wrong -->"
_NOT_IT = '<p class="notice" role="alert">That is not the token.</p>'
_OPEN_PATHS = ("/static/style.css", "/static/icon.svg")
"""What somebody without the token may see: what the page that asks for it is made of."""


def refused(status: int, message: str, remedy: str = "", **more: Any) -> JSONResponse:
    """An error as the page understands it."""
    record = {"message": message, "remedy": remedy, "line": None, "column": None, **more}
    return JSONResponse({"error": record}, status)


def client_of(request: Request) -> str:
    """Who asks, as far as limits are concerned."""
    return request.client.host if request.client is not None else "unknown"


def _name(netloc: str) -> str:
    """The host of ``host:port``, in lower case; empty for what is none."""
    try:
        return (urlsplit(f"//{netloc}").hostname or "").rstrip(".")
    except ValueError:
        return ""


class Guard:
    """Wraps the application; ``hosts`` are the names under which it is asked.

    ``origins`` are schemes, such as ``vscode-webview``, whose pages may ask besides our own. With a
    ``token`` its cookie or, for programs, ``Authorization: Bearer`` or ``X-API-Key`` is needed;
    ``asking`` is the page that asks for it: its form goes to wherever it was shown.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Collection[str],
        token: str | None = None,
        asking: Path | None = None,
        origins: Collection[str] = (),
    ) -> None:
        self._app = app
        self._hosts = {host.lower() for host in hosts}
        self._token = token
        self._asking = asking
        self._origins = set(origins)
        self._tries = Rates(_TRIES_PER_MINUTE)
        digest = hashlib.sha256((token or "").encode()).hexdigest()
        # Cookies do not know of ports: two pages of one machine must not share theirs.
        self._cookie = f"dsp_lsp_{digest[:8]}"
        self._pass = hmac.new((token or "").encode(), b"dsp-lsp page", "sha256").hexdigest()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers itself, or lets the application."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        answer = self._objection(request) or await self._without_token(request)
        await (answer or self._app)(scope, receive, self._adding_headers(send))

    def _adding_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                message = {**message, "headers": headers.raw}
            await send(message)

        return sending

    def _objection(self, request: Request) -> Response | None:
        headers = request.headers
        if _name(headers.get("host", "")) not in self._hosts:
            return refused(
                421,
                "This name is not one of the page's.",
                "Whoever runs the page can add it with --host-name.",
            )
        if request.method in ("GET", "HEAD"):
            return None
        if request.method != "POST":
            return refused(405, "The page takes GET and POST.")
        if not self._from_us(headers):
            return refused(403, "The request comes from another site.")
        return None

    def _from_us(self, headers: Headers) -> bool:
        origin = headers.get("origin")
        if origin is None:  # no browser's doing
            return headers.get("sec-fetch-site", "none") in ("none", "same-origin")
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        if parts.scheme in self._origins:
            return True
        return parts.netloc.lower() == headers.get("host", "").lower()

    # -- the token -------------------------------------------------------------------------------

    async def _without_token(self, request: Request) -> Response | None:
        """What somebody gets who has not shown the token; None for who has."""
        if self._token is None or request.url.path in _OPEN_PATHS:
            return None
        if self._asking is not None and request.headers.get("content-type") == _FORM:
            form = dict(parse_qsl((await _short_body(request)).decode("utf-8", "replace")))
            return self._log_in(request, form.get("token", ""), request.url.path)
        if self._has_passed(request):
            return None
        if self._asking is not None and "token" in request.query_params:
            rest = [item for item in request.query_params.multi_items() if item[0] != "token"]
            to = request.url.path + (f"?{urlencode(rest)}" if rest else "")
            return self._log_in(request, request.query_params["token"], to)
        if self._asking is None or request.url.path.startswith("/api/"):
            return refused(401, "A token is needed.", "Ask whoever runs this for it.")
        return FileResponse(self._asking, 401)

    def _has_passed(self, request: Request) -> bool:
        shown = request.cookies.get(self._cookie, "")
        if hmac.compare_digest(shown.encode(), self._pass.encode()):
            return True
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        key = bearer if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
        return self._is_token(key)

    def _is_token(self, said: str) -> bool:
        return hmac.compare_digest(said.encode(), (self._token or "").encode())

    def _log_in(self, request: Request, said: str, to: str) -> Response:
        if self._tries.wait(client_of(request), time.monotonic()) > 0:
            return refused(429, "Too many tries.", "Wait a minute.")
        assert self._asking is not None  # noqa: S101  (else there is nothing to log in to)
        if not self._is_token(said):
            page = self._asking.read_text("utf-8")
            return HTMLResponse(page.replace(_PLACE, _NOT_IT), 401)
        answer = RedirectResponse(_local(to), 303)
        answer.set_cookie(
            self._cookie,
            self._pass,
            max_age=30 * 24 * 3600,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return answer


def _local(path: str) -> str:
    """A path of ours to go on to; never another site's."""
    parts = urlsplit(path.replace("\\", "/"))
    if parts.scheme or parts.netloc or not path.startswith("/") or path.startswith("//"):
        return "/"
    return path


async def _short_body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > 4096:
            return b""
    return body
