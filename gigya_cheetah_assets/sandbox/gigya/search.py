"""accounts.search: limits, cursors and counts around a parsed query.

Source: Gigya, accounts.search. The language is in `query`, the shape of a result in `projection`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gigya_cheetah_assets.grammar import QueryError, Select, parse
from gigya_cheetah_assets.grammar.nodes import Selected
from gigya_cheetah_assets.sandbox.gigya.answers import Answer, SiteError, results, success
from gigya_cheetah_assets.sandbox.gigya.cursors import Cursors, Page
from gigya_cheetah_assets.sandbox.gigya.projection import projection
from gigya_cheetah_assets.sandbox.gigya.query.fields import Source
from gigya_cheetah_assets.sandbox.gigya.query.sql import Sql, condition, order_by
from gigya_cheetah_assets.sandbox.gigya.site import Site

DEFAULT_LIMIT = 300
HIGHEST_LIMIT = 10_000
HIGHEST_START = 5_000
WITHOUT_CURSOR = 5_000
_ACCOUNT_TYPES = {"full": "is_full = 1", "lite": "is_full = 0", "full,lite": "1", "lite,full": "1"}


class Search:
    """Answers searches of one site."""

    def __init__(self, site: Site, cursors: Cursors) -> None:
        self._site = site
        self._store = site.store
        self._cursors = cursors

    def __call__(self, params: Mapping[str, str]) -> Answer:
        """The answer to one request.

        Raises:
            SiteError: 400002 or 400006.
        """
        self._store.settle()
        if "cursorId" in params:
            if "query" in params or "openCursor" in params:
                raise SiteError(400006, "Invalid parameter value: query and openCursor cannot stand beside cursorId")
            return self._cursor_page(self._cursors.page(params["cursorId"]), params)
        if "query" not in params:
            raise SiteError(400002, "Missing required parameter: query")
        try:
            return self._first(parse(params["query"]), params)
        except QueryError as error:
            raise SiteError(400006, f"Invalid parameter value: query. {error}") from error

    def _first(self, query: Select, params: Mapping[str, str]) -> Answer:
        source = _source(query.source)
        where = _where(source, query, params.get("accountTypes", "full"))
        if query.selected == (Selected("count(*)"),):
            return self._count(source, where, params)
        if any(entry.path == "count(*)" for entry in query.selected):
            raise QueryError("count(*) stands alone")
        order = order_by(source, query.order)
        project = projection(query.selected)
        limit = min(DEFAULT_LIMIT if query.limit is None else query.limit, HIGHEST_LIMIT)
        if params.get("openCursor") == "true":
            if query.start is not None or limit == 0:
                raise QueryError("START and LIMIT 0 cannot stand beside openCursor")
            page = self._cursors.open(source, self._store.ids(where, order, source=source), project, limit)
            return self._cursor_page(page, params)
        start = query.start or 0
        if start > HIGHEST_START:
            raise QueryError(f"START is at most {HIGHEST_START}")
        limit = max(0, min(limit, WITHOUT_CURSOR - start))
        ids = self._store.ids(where, order, source=source, limit=limit, offset=start)
        documents = self._store.documents(source, ids)
        counts = _counts(source, len(documents), self._store.count(where, source))
        return results(self._site.clock, project(documents), counts, context=params.get("context"))

    def _cursor_page(self, page: Page, params: Mapping[str, str]) -> Answer:
        scan = page.scan
        documents = self._store.documents(scan.source, page.ids)
        counts = _counts(scan.source, len(documents), len(scan.ids))
        if page.following is not None:
            counts["nextCursorId"] = page.following
        return results(self._site.clock, scan.project(documents), counts, context=params.get("context"))

    def _count(self, source: Source, where: Sql, params: Mapping[str, str]) -> Answer:
        if params.get("openCursor") == "true":
            raise QueryError("count(*) cannot stand beside openCursor")
        total = self._store.count(where, source)
        content = {"results": [{"count(*)": total}], "objectsCount": 1, "totalCount": total}
        return success(self._site.clock, content, context=params.get("context"))


def _counts(source: Source, objects: int, total: int) -> dict[str, Any]:
    counts: dict[str, Any] = {"objectsCount": objects, "totalCount": total}
    return {**counts, "missing": 0} if source == "emailAccounts" else counts


def _source(name: str) -> Source:
    """Gigya, accounts.search: a FROM that it does not know is silently `accounts`."""
    known: dict[str, Source] = {"emailAccounts": "emailAccounts", "communications": "communications"}
    return known.get(name, "accounts")


def _where(source: Source, query: Select, account_types: str) -> Sql:
    kinds = _ACCOUNT_TYPES.get(account_types.replace(" ", ""))
    if kinds is None:
        raise SiteError(400006, "Invalid parameter value: accountTypes")
    fixed = {"emailAccounts": "is_owner = 1", "communications": "1"}.get(source, kinds)
    if query.where is None:
        return Sql(fixed)
    own = condition(source, query.where)
    return Sql(f"{fixed} AND {own.text}", own.parameters)
