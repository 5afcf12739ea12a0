from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.mapping import FieldTable, account_decoder
from gigya_cheetah_assets.outbound.filling import Filled, Filler, Filling
from gigya_cheetah_assets.outbound.filling_apart import FillingApart, SecondProcessEnded
from gigya_cheetah_assets.outbound.spool import Spool
from gigya_cheetah_assets_tests.syncs import minimal_sync

TABLE = FieldTable.from_sync(Sync.model_validate(minimal_sync()))


def _pages() -> Iterator[bytes]:
    """Pages of accounts, some without a key, some whose values have odd types."""
    for page in range(5):
        accounts = [
            {"UID": f"u{page}-{n}" if n % 7 else None, "profile": {"email": n if n % 11 else {"odd": n}}}
            for n in range(200)
        ]
        yield msgspec.json.encode({"errorCode": 0, "results": accounts})


def _spool(folder: Path) -> Spool:
    folder.mkdir()
    return Spool(folder, "accounts", TABLE.account_schema, key="UID", parts=4)


def _filled(filler: Filler) -> Filled:
    with filler:
        for body in _pages():
            filler.add(body)
        return filler.finish()


def test_a_second_process_fills_the_spool_as_this_one_does(tmp_path: Path) -> None:
    here, apart = _spool(tmp_path / "here"), _spool(tmp_path / "apart")
    expected = _filled(Filling(here, account_decoder(TABLE)))
    assert _filled(FillingApart(apart, TABLE)) == expected
    assert expected.nameless > 0
    assert pa.concat_tables(apart.read(4)) == pa.concat_tables(here.read(4))
    assert apart.rows == here.rows == expected.rows


def test_a_second_process_that_ends_early_is_noticed(tmp_path: Path) -> None:
    with FillingApart(_spool(tmp_path / "apart"), TABLE) as filler:
        filler.add(b"no page")
        with pytest.raises(SecondProcessEnded):
            filler.finish()


def test_a_spool_begins_without_what_an_earlier_one_left(tmp_path: Path) -> None:
    spool = _spool(tmp_path / "spool")
    _filled(Filling(spool, account_decoder(TABLE)))
    again = Spool(tmp_path / "spool", "accounts", TABLE.account_schema, key="UID", parts=1)
    assert list((tmp_path / "spool").iterdir()) == []
    assert [len(part) for part in again.read(1)] == [0]
