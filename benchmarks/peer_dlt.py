"""The same twenty columns with dlt: its REST source with the cursor, mapped record by record, csv.gz on the filesystem.

By default whole accounts come over the wire, as with `SELECT *`; with `columns` only what the mapping needs.
"""

from __future__ import annotations

import os
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import dlt
import requests
from dlt.extract import DltResource
from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator
from dlt.sources.rest_api import rest_api_resources

from benchmarks.twenty_columns import ACCOUNT_PATHS, EMAIL_ACCOUNT_PATHS, GENDERS, TIERS

Record = dict[str, Any]


class GigyaCursor(JSONResponseCursorPaginator):
    """The next page by its cursor alone, in the form; Gigya answers errors with HTTP 200."""

    def __init__(self) -> None:
        super().__init__(cursor_path="nextCursorId", cursor_param="cursorId")

    def update_state(self, response: requests.Response, data: list[Any] | None = None) -> None:  # noqa: ARG002 - dlt's
        """Finds the next cursor in an answer."""
        answer = response.json()
        if answer["errorCode"] != 0:
            sys.exit(f"Gigya answered {answer['errorCode']}")
        self._next_reference = answer.get("nextCursorId")

    def update_request(self, request: requests.Request) -> None:
        """Asks for the next page."""
        request.data = {**_credentials(), self.cursor_param: self._next_reference}


def _credentials() -> dict[str, str]:
    return {
        "apiKey": os.environ["SANDBOX_GIGYA_API_KEY"],
        "userKey": os.environ["SANDBOX_GIGYA_USER_KEY"],
        "secret": os.environ["SANDBOX_GIGYA_SECRET"],
    }


def searched(base: str, name: str, query: str, steps: list[Any]) -> DltResource:
    """The REST source's resource of one query."""
    endpoint = {
        "path": "accounts.search",
        "method": "POST",
        "data": {**_credentials(), "query": query, "openCursor": "true"},
        "data_selector": "results",
        "paginator": GigyaCursor(),
    }
    resource = {"name": name, "write_disposition": "replace", "endpoint": endpoint, "processing_steps": steps}
    (made,) = rest_api_resources({"client": {"base_url": base}, "resources": [resource]})  # type: ignore[typeddict-item] # a dict of its TypedDict
    return made


def profiles(base: str, page_size: int, *, selected: bool) -> DltResource:
    """Rows record by record; the subscriptions are read first and kept by UID."""
    some, of_emails = (", ".join(ACCOUNT_PATHS), ", ".join(EMAIL_ACCOUNT_PATHS)) if selected else ("*", "*")
    emails = f"SELECT {of_emails} FROM emailAccounts WHERE hasFullAccount = true LIMIT {page_size}"
    subscribed = {record["UID"]: _opted_in(record) for record in searched(base, "emails", emails, [])}
    mapped = [{"map": lambda record: _row(record, subscribed)}, {"filter": lambda row: "@" in row["EMAIL"]}]
    return searched(base, "profiles", f"SELECT {some} FROM accounts LIMIT {page_size}", mapped)


def _opted_in(record: Record) -> str:
    leaf = ((record.get("subscriptions") or {}).get("newsletter") or {}).get("email") or {}
    confirmed = (leaf.get("doubleOptIn") or {}).get("status") in (None, "Confirmed")
    return "1" if leaf.get("isSubscribed") and confirmed else "0"


def _row(record: Record, subscribed: dict[str, str]) -> Record:
    profile, data = record.get("profile") or {}, record.get("data") or {}
    loyalty = data.get("loyalty") or {}
    brands = data.get("brands")
    tier = loyalty.get("tier")
    return {
        "GIGYA_UID": record["UID"],
        "EMAIL": profile.get("email") or "",
        "FNAME": profile.get("firstName"),
        "LNAME": profile.get("lastName"),
        "GENDER": GENDERS.get(profile.get("gender") or "", "U"),
        "BIRTHDATE": _birth_date(profile),
        "COUNTRY": (profile.get("country") or "").upper(),
        "CITY": profile.get("city"),
        "ZIP": profile.get("zip"),
        "LANGUAGE": profile.get("locale"),
        "TIER": TIERS.get(tier, "N") if isinstance(tier, str) else "N",
        "POINTS": str(int(float(loyalty.get("points") or 0))),
        "BRANDS": "|".join(map(str, brands)) if isinstance(brands, list) else brands,
        "CRM_ID": (data.get("externalIds") or {}).get("crm"),
        "OPTIN_PLACE": data.get("optInSource"),
        "VERIFIED": "Y" if record.get("isVerified") else "N",
        "REGISTERED": _moment(record.get("registered")),
        "EMAIL_LOWER": (profile.get("email") or "").lower(),
        "NEWSLETTER": subscribed.get(record["UID"], "0"),
        "SOURCE": "GIGYA",
    }


def _birth_date(profile: Record) -> str | None:
    try:
        year, month, day = (int(float(profile[f"birth{part}"])) for part in ("Year", "Month", "Day"))
        return f"{date(year, month, day):%m/%d/%Y}"
    except (KeyError, ValueError):
        return None


def _moment(text: str | None) -> str | None:
    return None if text is None else f"{datetime.fromisoformat(text):%Y%m%d%H%M%S}"


def main() -> None:
    """`python -m benchmarks.peer_dlt URL PAGE_SIZE OUT [columns]`: writes into the folder OUT."""
    base, page_size, out, *how = sys.argv[1:]
    folder = Path(out).resolve()
    pipeline = dlt.pipeline(
        pipeline_name="bench",
        pipelines_dir=str(folder / "pipelines"),
        destination=dlt.destinations.filesystem(bucket_url=(folder / "files").as_uri()),
        dataset_name="out",
    )
    rows = profiles(base, int(page_size), selected=bool(how))
    pipeline.run(rows, loader_file_format="csv")


if __name__ == "__main__":
    main()
