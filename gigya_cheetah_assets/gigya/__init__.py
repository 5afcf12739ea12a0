"""Gigya's REST API as far as this project uses it: signing, calling, searching. Knows nothing of Dagster or files."""

from gigya_cheetah_assets.gigya.client import GigyaClient
from gigya_cheetah_assets.gigya.envelope import Envelope, SearchEnvelope
from gigya_cheetah_assets.gigya.errors import ClockSkew, CursorExpired, GigyaRefused, GigyaUnavailable, RateLimited
from gigya_cheetah_assets.gigya.query import Query
from gigya_cheetah_assets.gigya.search import Page, prefetched, search

__all__ = [
    "ClockSkew",
    "CursorExpired",
    "Envelope",
    "GigyaClient",
    "GigyaRefused",
    "GigyaUnavailable",
    "Page",
    "Query",
    "RateLimited",
    "SearchEnvelope",
    "prefetched",
    "search",
]
