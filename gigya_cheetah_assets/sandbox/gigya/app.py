"""The site over HTTP: one route for all methods, authentication, rate limit, faults on the wire.

What a method does is in `search` and `methods`.
"""

from __future__ import annotations

import asyncio
import email.utils
from collections import deque
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from gigya_cheetah_assets.sandbox.faults import Dice
from gigya_cheetah_assets.sandbox.gigya.answers import Answer, SiteError, failure
from gigya_cheetah_assets.sandbox.gigya.authentication import Authentication, Request
from gigya_cheetah_assets.sandbox.gigya.connections import drop
from gigya_cheetah_assets.sandbox.gigya.methods import Method
from gigya_cheetah_assets.sandbox.gigya.site import Site

_PAGE = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>We are back soon</h1></body></html>"
_HTML = "text/html; charset=utf-8"
_JSON = "text/javascript; charset=utf-8"


class App:
    """The site's HTTP side.

    Args:
        site: The accounts.
        methods: By name.
        authentication: Who may call.
        dice: When something goes wrong.
        rate_limit: Requests a second, above which 403048 is answered; `None` for no limit.

    Attributes:
        requests: How many came so far.
        most_at_once: The most that were open at a time.
    """

    def __init__(
        self,
        site: Site,
        methods: Mapping[str, Method],
        authentication: Authentication,
        dice: Dice,
        rate_limit: float | None = None,
    ) -> None:
        self._site = site
        self._methods = methods
        self._authentication = authentication
        self._dice = dice
        self._rate_limit = rate_limit
        self._recent: deque[float] = deque()
        self._open = 0
        self.requests = 0
        self.most_at_once = 0

    def starlette(self, others: Sequence[Route] = ()) -> Starlette:
        """As an ASGI application; `others` have their own paths on the same port, and none of the faults."""
        return Starlette(routes=[*others, Route("/{method:path}", self._endpoint, methods=["GET", "POST"])])

    async def _endpoint(self, http: HttpRequest) -> Response:
        self.requests += 1
        self._open += 1
        self.most_at_once = max(self.most_at_once, self._open)
        try:
            return await self._answered(http)
        finally:
            self._open -= 1

    async def _answered(self, http: HttpRequest) -> Response:
        params = await _params(http)
        fault = self._dice.request_fault()
        if fault == "drop":
            return await self._dropped(http, params)
        if fault in ("rate_limit", "error_body", "server_error", "html"):
            return self._wrong_answer(fault, params)
        answer = self._answer(http, params)
        if fault == "stall":
            await asyncio.sleep(self._dice.faults.stall_seconds)
        if fault == "truncated":
            cut = int(len(answer.body) * self._dice.fraction())
            return self._response(Answer(answer.status, answer.body[:cut]), params)
        return self._response(answer, params)

    async def _dropped(self, http: HttpRequest, params: Mapping[str, str]) -> Response:
        """Ends the connection; half of the calls took effect before, so that clients must not trust silence."""
        if self._dice.coin():
            self._answer(http, params)
        await drop(http)
        return Response()

    def _wrong_answer(self, fault: str, params: Mapping[str, str]) -> Response:
        if fault == "server_error":
            return self._raw(503, b"Service Unavailable", "text/plain")
        if fault == "html":
            return self._raw(200, _PAGE, _HTML)
        code = 403048 if fault == "rate_limit" else 500001 if self._dice.coin() else 504001
        return self._response(self._failure(SiteError(code), params), params)

    def _answer(self, http: HttpRequest, params: Mapping[str, str]) -> Answer:
        name = http.path_params["method"]
        try:
            self._within_rate()
            method = self._methods.get(name)
            if method is None:
                raise SiteError(405001, f"Invalid API method: {name[:60]}")  # noqa: TRY301 - one place answers errors
            url = f"{http.url.scheme}://{http.url.netloc.lower()}{http.url.path}"
            header = http.headers.get("authorization", "")
            self._authentication.check(Request(http.method, url, params, header))
            with self._site.lock:
                return method(params)
        except SiteError as error:
            return self._failure(error, params)

    def _failure(self, error: SiteError, params: Mapping[str, str]) -> Answer:
        return failure(self._site.clock, error, context=params.get("context"))

    def _within_rate(self) -> None:
        if self._rate_limit is None:
            return
        now = self._site.clock.elapsed()
        while self._recent and now - self._recent[0] > 1.0:
            self._recent.popleft()
        if len(self._recent) >= self._rate_limit:
            raise SiteError(403048)
        self._recent.append(now)

    def _response(self, answer: Answer, params: Mapping[str, str]) -> Response:
        mirrored = params.get("httpStatusCodes") == "true"
        return self._raw(answer.status if mirrored else 200, answer.body, _JSON)

    def _raw(self, status: int, body: bytes, media_type: str) -> Response:
        date = email.utils.formatdate(self._site.clock.seconds(), usegmt=True)
        return Response(body, status, {"Date": date, "Cache-Control": "private"}, media_type)


async def _params(http: HttpRequest) -> dict[str, str]:
    """Fields of the form and of the query string; of repeated ones the last."""
    body = (await http.body()).decode("utf-8", "replace")
    return dict(parse_qsl(http.url.query, keep_blank_values=True) + parse_qsl(body, keep_blank_values=True))
