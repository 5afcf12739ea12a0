from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gigya_cheetah_assets.gigya.envelope import envelope_only, page_decoder


def test_unknown_fields_are_skipped_and_missing_ones_are_absent() -> None:
    envelope, _ = envelope_only(b'{"errorCode":0,"apiVersion":2,"context":{"a":[1]},"time":"2026-01-01T00:00:00.1Z"}')
    assert envelope.error_code == 0
    assert envelope.call_id is None
    assert envelope.time == "2026-01-01T00:00:00.1Z"


def test_an_error_tells_its_fields() -> None:
    body = (
        b'{"errorCode":400009,"callId":"c1","statusCode":400,"errorDetails":"x","apiDomain":null,'
        b'"validationErrors":[{"errorCode":400025,"message":"m","fieldName":"profile.zip"},{}]}'
    )
    envelope, _ = envelope_only(body)
    assert (envelope.error_code, envelope.call_id, envelope.status_code) == (400009, "c1", 400)
    assert envelope.validation_errors is not None
    assert [error.field_name for error in envelope.validation_errors] == ["profile.zip", None]


@pytest.mark.parametrize("results", [b"", b',"results":null', b',"results":[]'])
def test_absent_results_are_no_records(results: bytes) -> None:
    envelope, records = page_decoder(dict[str, Any])(b'{"errorCode":0,"nextCursorId":"x"' + results + b"}")
    assert records == []
    assert envelope.next_cursor_id == "x"


def test_a_page_is_read_as_what_the_caller_wants() -> None:
    class Account(msgspec.Struct):
        UID: str
        age: int | None = None

    body = b'{"errorCode":0,"totalCount":7,"objectsCount":2,"results":[{"UID":"a","age":3,"more":[]},{"UID":"b"}]}'
    envelope, records = page_decoder(Account)(body)
    assert records == [Account("a", 3), Account("b")]
    assert (envelope.total_count, envelope.objects_count, envelope.next_cursor_id) == (7, 2, None)


def test_a_record_of_another_shape_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        page_decoder(dict[str, int])(b'{"errorCode":0,"results":[{"UID":"a"}]}')
