"""What every answer of Gigya's carries around its payload, and decoders that read both in one pass.

What a code means is in `codes`; what a record looks like is the caller's matter.
"""

from __future__ import annotations

from collections.abc import Callable
from types import GenericAlias
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class ValidationError(msgspec.Struct, rename="camel", frozen=True):
    """One field that Gigya refused; `message` may quote the value, so it is never printed."""

    error_code: int | None = None
    field_name: str | None = None
    message: str | None = None


class Envelope(msgspec.Struct, rename="camel", kw_only=True):
    """The fields around a payload; unknown ones are skipped, each may be absent (Gigya: response envelope).

    HTTP is 200 even for errors, so only `error_code` judges; `None` means that Gigya did not write this body.
    `error_message` and `error_details` may quote personal data and are never printed.
    """

    error_code: int | None = None
    error_message: str | None = None
    error_details: str | None = None
    call_id: str | None = None
    status_code: int | None = None
    time: str | None = None
    api_domain: str | None = None
    validation_errors: list[ValidationError] | None = None


class SearchEnvelope(Envelope, rename="camel", kw_only=True):
    """An answer of `accounts.search` without its records (Gigya: search, response).

    Attributes:
        next_cursor_id: Absent, null and empty all mean that this was the last page.
        total_count: Matches of the whole query; may drift between pages, so it is for logging only.
        objects_count: Records of this page.
    """

    next_cursor_id: str | None = None
    total_count: int | None = None
    objects_count: int | None = None


def envelope_only(body: bytes) -> tuple[Envelope, Envelope]:
    """Decoder for calls whose payload does not matter."""
    envelope = msgspec.json.decode(body, type=Envelope)
    return envelope, envelope


_SEARCH = msgspec.json.Decoder(SearchEnvelope)


def raw_page(body: bytes) -> tuple[SearchEnvelope, bytes]:
    """The envelope of a page and the page as it is, for who decodes the records elsewhere.

    Skipping the records costs a tenth of decoding them, so the next page can be asked for in the meantime.
    """
    return _SEARCH.decode(body), body


def page_decoder(record: type[T]) -> Callable[[bytes], tuple[SearchEnvelope, list[T]]]:
    """Decoder for pages of `accounts.search`, each record read as `record`; absent `results` are no records.

    `record` is anything that msgspec knows: a Struct of the wanted fields, `dict`, or `msgspec.Raw` to decode the
    records one by one. The decoder raises `msgspec.ValidationError` for a record of another shape.
    """
    page: Any = msgspec.defstruct(
        "SearchPage",
        [("results", GenericAlias(list, record) | None, None)],
        bases=(SearchEnvelope,),
        kw_only=True,
    )
    decoder = msgspec.json.Decoder(page)

    def decode(body: bytes) -> tuple[SearchEnvelope, list[T]]:
        answer: Any = decoder.decode(body)
        return answer, answer.results or []

    return decode
