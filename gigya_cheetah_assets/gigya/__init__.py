"""Gigya's REST API as far as this project uses it: signing, calling, searching.

Knows nothing of Dagster, files or mapping, and serves in a notebook too:

    with GigyaClient(sync.gigya) as client:
        for page in search(client, Query(["UID"], "accounts"), page_decoder(dict)):
            print(len(page.records))
"""

from gigya_cheetah_assets.gigya.accounts import account_exists, get_account
from gigya_cheetah_assets.gigya.client import GigyaClient
from gigya_cheetah_assets.gigya.clock import Clock
from gigya_cheetah_assets.gigya.codes import raise_for
from gigya_cheetah_assets.gigya.envelope import Envelope, SearchEnvelope, page_decoder, raw_page
from gigya_cheetah_assets.gigya.errors import (
    AccountBusy,
    AccountGone,
    AccountRejected,
    ClockSkew,
    CursorExpired,
    CursorLoop,
    GigyaRefused,
    GigyaUnavailable,
    RateLimited,
    UnexpectedAnswer,
)
from gigya_cheetah_assets.gigya.limits import TokenBucket
from gigya_cheetah_assets.gigya.prefetch import prefetched
from gigya_cheetah_assets.gigya.query import Query
from gigya_cheetah_assets.gigya.search import Page, restarting, search

__all__ = [
    "AccountBusy",
    "AccountGone",
    "AccountRejected",
    "Clock",
    "ClockSkew",
    "CursorExpired",
    "CursorLoop",
    "Envelope",
    "GigyaClient",
    "GigyaRefused",
    "GigyaUnavailable",
    "Page",
    "Query",
    "RateLimited",
    "SearchEnvelope",
    "TokenBucket",
    "UnexpectedAnswer",
    "account_exists",
    "get_account",
    "page_decoder",
    "prefetched",
    "raise_for",
    "raw_page",
    "restarting",
    "search",
]
