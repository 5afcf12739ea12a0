"""audit.search: the log of calls, `*` only, with the cursor rules of accounts.search.

Source: Gigya, audit.search. Calls with application keys are not in the log, so what comes over HTTP here, which is
signed with one, writes none; `Site.delete` does, as a person's own call and one from the console do.
"""

from __future__ import annotations

from collections.abc import Mapping

from gigya_cheetah_assets.grammar import QueryError, parse
from gigya_cheetah_assets.grammar.nodes import Select, Selected
from gigya_cheetah_assets.sandbox.gigya.answers import Answer, SiteError, results
from gigya_cheetah_assets.sandbox.gigya.cursors import Cursors, Page
from gigya_cheetah_assets.sandbox.gigya.projection import projection
from gigya_cheetah_assets.sandbox.gigya.query.sql import Sql, condition
from gigya_cheetah_assets.sandbox.gigya.site import Site

DEFAULT_LIMIT = 300
HIGHEST_LIMIT = 10_000
_EVERYTHING = (Selected("*"),)


class AuditSearch:
    """Answers searches in the log of one site."""

    def __init__(self, site: Site, cursors: Cursors) -> None:
        self._site = site
        self._cursors = cursors

    def __call__(self, params: Mapping[str, str]) -> Answer:
        """The answer to one request.

        Raises:
            SiteError: 400002 or 400006.
        """
        if "cursorId" in params:
            if "query" in params or "openCursor" in params:
                raise SiteError(400006, "Invalid parameter value: query and openCursor cannot stand beside cursorId")
            return self._page(self._cursors.page(params["cursorId"]), params)
        if "query" not in params:
            raise SiteError(400002, "Missing required parameter: query")
        try:
            query = parse(params["query"])
            return self._page(self._first(query), params, following=params.get("openCursor") == "true")
        except QueryError as error:
            raise SiteError(400006, f"Invalid parameter value: query. {error}") from error

    def _first(self, query: Select) -> Page:
        if query.selected != _EVERYTHING:
            raise QueryError("audit.search selects * only")
        if query.source != "auditLog":
            raise QueryError("expected FROM auditLog")
        where = Sql("1") if query.where is None else condition("auditLog", query.where)
        limit = min(DEFAULT_LIMIT if query.limit is None else query.limit, HIGHEST_LIMIT)
        return self._cursors.open("auditLog", self._site.events.calls(where), projection(_EVERYTHING), limit)

    def _page(self, page: Page, params: Mapping[str, str], *, following: bool = True) -> Answer:
        documents = self._site.events.documents(page.ids)
        counts: dict[str, object] = {"objectsCount": len(documents), "totalCount": len(page.scan.ids)}
        if following and page.following is not None:
            counts["nextCursorId"] = page.following
        return results(self._site.clock, page.scan.project(documents), counts, context=params.get("context"))
