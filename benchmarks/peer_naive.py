"""The hand-written script that most teams start with: requests, json_normalize, pandera, to_csv with gzip.

It does the job of `twenty_columns`, no ledger, no staging, no lineage; it holds everything in memory. Such scripts ask
for `SELECT *`; with `columns` it asks for what it needs only.
"""

from __future__ import annotations

import os
import sys

import pandas as pd
import pandera.pandas as pa
import requests

from benchmarks.twenty_columns import ACCOUNT_PATHS, COLUMNS, EMAIL_ACCOUNT_PATHS, GENDERS, TIERS

SCHEMA = pa.DataFrameSchema(
    {
        "GIGYA_UID": pa.Column(str, unique=True),
        "EMAIL": pa.Column(str, pa.Check.str_matches(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")),
        "GENDER": pa.Column(str, pa.Check.isin([*GENDERS.values(), "U"])),
        "TIER": pa.Column(str, pa.Check.isin([*TIERS.values(), "N"])),
        "NEWSLETTER": pa.Column(str, pa.Check.isin(["0", "1"])),
    }
)


def fetch(url: str, query: str) -> list[dict[str, object]]:
    """All pages of a query, by cursor."""
    session = requests.Session()
    credentials = {
        "apiKey": os.environ["SANDBOX_GIGYA_API_KEY"],
        "userKey": os.environ["SANDBOX_GIGYA_USER_KEY"],
        "secret": os.environ["SANDBOX_GIGYA_SECRET"],
    }
    results: list[dict[str, object]] = []
    params = {"query": query, "openCursor": "true"}
    while True:
        answer = session.post(url, data={**credentials, **params}, timeout=75).json()
        if answer["errorCode"] != 0:
            sys.exit(f"Gigya answered {answer['errorCode']}")
        results += answer.get("results", [])
        if not answer.get("nextCursorId"):
            return results
        params = {"cursorId": answer["nextCursorId"]}


def main() -> None:
    """`python -m benchmarks.peer_naive URL PAGE_SIZE OUT [columns]`."""
    base, page_size, out, *how = sys.argv[1:]
    url = f"{base}/accounts.search"
    some, of_emails = (", ".join(ACCOUNT_PATHS), ", ".join(EMAIL_ACCOUNT_PATHS)) if how else ("*", "*")
    accounts = pd.json_normalize(fetch(url, f"SELECT {some} FROM accounts LIMIT {page_size}"))
    emails = pd.json_normalize(
        fetch(url, f"SELECT {of_emails} FROM emailAccounts WHERE hasFullAccount = true LIMIT {page_size}")
    )
    emails = emails[["UID", *(column for column in emails.columns if column.startswith("subscriptions."))]]
    accounts = accounts.drop_duplicates("UID", keep="last").merge(emails.drop_duplicates("UID"), on="UID", how="left")
    SCHEMA.validate(rows := mapped(accounts), lazy=True)
    rows.to_csv(out, index=False, compression="gzip")


def mapped(accounts: pd.DataFrame) -> pd.DataFrame:
    """The twenty columns."""
    rows = pd.DataFrame()
    rows["GIGYA_UID"] = accounts["UID"].astype(str)
    rows["EMAIL"] = accounts["profile.email"].fillna("").astype(str)
    rows["FNAME"] = accounts["profile.firstName"].fillna("").astype(str)
    rows["LNAME"] = accounts["profile.lastName"].fillna("").astype(str)
    rows["GENDER"] = accounts["profile.gender"].map(GENDERS).fillna("U")
    parts = accounts[["profile.birthYear", "profile.birthMonth", "profile.birthDay"]].apply(
        pd.to_numeric, errors="coerce"
    )
    parts.columns = ["year", "month", "day"]
    rows["BIRTHDATE"] = pd.to_datetime(parts, errors="coerce").dt.strftime("%m/%d/%Y")
    rows["COUNTRY"] = accounts["profile.country"].fillna("").astype(str).str.upper()
    rows["CITY"] = accounts["profile.city"]
    rows["ZIP"] = accounts["profile.zip"]
    rows["LANGUAGE"] = accounts["profile.locale"]
    rows["TIER"] = accounts["data.loyalty.tier"].map(TIERS).fillna("N")
    rows["POINTS"] = pd.to_numeric(accounts["data.loyalty.points"], errors="coerce").fillna(0).astype(int)
    rows["BRANDS"] = accounts["data.brands"].map(lambda v: "|".join(map(str, v)) if isinstance(v, list) else v)
    rows["CRM_ID"] = accounts["data.externalIds.crm"]
    rows["OPTIN_PLACE"] = accounts["data.optInSource"]
    rows["VERIFIED"] = accounts["isVerified"].map({True: "Y", False: "N"})
    rows["REGISTERED"] = pd.to_datetime(
        accounts["registered"], format="ISO8601", errors="coerce", utc=True
    ).dt.strftime("%Y%m%d%H%M%S")
    rows["EMAIL_LOWER"] = rows["EMAIL"].str.lower()
    # A list without double opt-in has no such key at all.
    double = accounts.get(
        "subscriptions.newsletter.email.doubleOptIn.status", pd.Series(index=accounts.index, dtype="str")
    )
    confirmed, no_double = double.isin(["Confirmed"]), double.isna()
    subscribed = accounts["subscriptions.newsletter.email.isSubscribed"].eq(True)
    rows["NEWSLETTER"] = (subscribed & (confirmed | no_double)).map({True: "1", False: "0"})
    rows["SOURCE"] = "GIGYA"
    rows = rows[rows["EMAIL"].str.contains(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
    return rows[list(COLUMNS)]


if __name__ == "__main__":
    main()
