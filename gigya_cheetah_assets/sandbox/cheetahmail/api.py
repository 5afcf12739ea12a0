"""CheetahMail's API over HTTP: signing in by cookie, the calls' paths, `OK` or `err:…` with status 200.

What a call does is in `calls`.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from gigya_cheetah_assets.sandbox import credentials
from gigya_cheetah_assets.sandbox.cheetahmail.acts import Acts
from gigya_cheetah_assets.sandbox.cheetahmail.calls import CallError, Calls
from gigya_cheetah_assets.sandbox.cheetahmail.forms import Form, form_of
from gigya_cheetah_assets.sandbox.cheetahmail.lists import AID

COOKIE = "CMSESSION"
_AUTH = "auth"


class Api:
    """The API of one account.

    Args:
        acts: What changes its list.
        lifetime: Seconds that a session lives after its login.
    """

    def __init__(self, acts: Acts, lifetime: float) -> None:
        self._calls = Calls(acts)
        self._lifetime = lifetime
        self._sessions: dict[str, float] = {}

    def routes(self) -> list[Route]:
        """The paths of the real hosts `ebm.` and `app.`, on one port."""
        calls = {
            "/api/setuser1": self._calls.set_user,
            "/api/getuser1": self._calls.get_user,
            "/api/getuserdata1": self._calls.get_user,
            "/cgi-bin/api/load1": self._calls.load,
            "/cgi-bin/api/unsub1": self._calls.unsubscribe_all,
        }
        signed_in = [Route(path, self._signed_in(call), methods=["GET", "POST"]) for path, call in calls.items()]
        return [
            Route("/api/login1", self._login, methods=["GET", "POST"]),
            Route("/r/regf2", self._web_form, methods=["GET", "POST"]),
            *signed_in,
        ]

    async def _login(self, http: Request) -> Response:
        form = await form_of(http)
        if (form.get("name"), form.get("cleartext")) != (
            credentials.CHEETAHMAIL_NAME,
            credentials.CHEETAHMAIL_CLEARTEXT,
        ):
            return _failure(_AUTH)
        session = secrets.token_hex(16)
        self._sessions[session] = time.monotonic() + self._lifetime
        answer = PlainTextResponse("OK\r\n")
        answer.set_cookie(COOKIE, session, httponly=True)
        return answer

    def _signed_in(self, call: Callable[[Form], str]) -> Callable[[Request], object]:
        async def endpoint(http: Request) -> Response:
            form = await form_of(http)
            until = self._sessions.get(http.cookies.get(COOKIE, ""), 0.0)
            if time.monotonic() >= until or form.get("aid") not in ("", AID):
                return _failure(_AUTH)
            return await _answer(call, form)

        return endpoint

    async def _web_form(self, http: Request) -> Response:
        form = await form_of(http)
        answer = await _answer(self._calls.web_form, form)
        return RedirectResponse(form.get("re"), 302) if form.get("re") else answer


async def _answer(call: Callable[[Form], str], form: Form) -> Response:
    try:
        # In a thread: the list may be locked by an import that this event loop must go on serving.
        return PlainTextResponse(await run_in_threadpool(call, form) + "\r\n")
    except CallError as error:
        return _failure(str(error))


def _failure(text: str) -> Response:
    """Status 200, as the real one: who looks at the status only takes it for a success."""
    return PlainTextResponse(f"err:{text}\r\n")
