"""What every answer of Gigya carries around its content."""

from __future__ import annotations

import msgspec


class ValidationError(msgspec.Struct, rename="camel"):
    """One field that an account's data broke; the message is not kept, it may repeat the value."""

    error_code: int = 0
    field_name: str = ""


class Envelope(msgspec.Struct, rename="camel", kw_only=True):
    """The common part; unknown keys are skipped, missing ones have their default.

    Attributes:
        api_domain: With 301001, the data centre to call instead.
        error_details: For people; HTML-escaped by Gigya. Never logged, it may repeat parameters.
    """

    error_code: int = 0
    error_message: str | None = None
    error_details: str | None = None
    call_id: str = ""
    api_domain: str | None = None
    validation_errors: list[ValidationError] = []


class SearchEnvelope(Envelope, kw_only=True):
    """The envelope of a page of a search."""

    objects_count: int | None = None
    total_count: int | None = None
    next_cursor_id: str | None = None
