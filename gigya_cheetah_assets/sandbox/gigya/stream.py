"""accounts.stream.create and .read: what changed since a moment, change by change, with a cursor in every answer.

Source: Gigya, accounts.stream. `since` is in seconds, at most 30 days back; the end is an answer without results.
"""

from __future__ import annotations

from datetime import timedelta

from gigya_cheetah_assets.sandbox.gigya.answers import Answer, SiteError, success
from gigya_cheetah_assets.sandbox.gigya.params import Params
from gigya_cheetah_assets.sandbox.gigya.site import Site

LONGEST = timedelta(days=30)
_MOST = 1000


class Stream:
    """Answers the two calls for one site."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def create(self, params: Params) -> Answer:
        """A cursor that stands at `since`."""
        since = _whole(params, "since")
        if since < self._site.clock.seconds() - LONGEST.total_seconds():
            raise SiteError(400006, "Invalid parameter value: since is more than 30 days back")
        content = {"streamId": f"stream-{since}", "cursorId": f"{since}.0"}
        return success(self._site.clock, content, context=params.get("context"))

    def read(self, params: Params) -> Answer:
        """The changes behind a cursor."""
        since, _, after = params.get("cursorId", "").partition(".")
        if not (since.isdigit() and after.isdigit()):
            raise SiteError(400006, "Invalid parameter value: cursorId")
        most = min(_whole(params, "limit") if "limit" in params else _MOST, _MOST)
        found = self._site.events.changes(int(after), int(since) * 1000, most)
        changes = [{"uid": uid, "operation": operation, "details": []} for _, uid, operation in found]
        content = {"results": changes, "cursorId": f"{since}.{found[-1][0] if found else after}"}
        return success(self._site.clock, content, context=params.get("context"))


def _whole(params: Params, name: str) -> int:
    if not params.get(name, "").isdigit():
        raise SiteError(400006, f"Invalid parameter value: {name}")
    return int(params[name])
