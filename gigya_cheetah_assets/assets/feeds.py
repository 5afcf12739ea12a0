"""Checks on `cheetahmail_extract`: one for each feed, red when a file that must come daily is late.

CheetahMail sends no file when it has no events, so red asks a person to look; it stops nothing.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from gigya_cheetah_assets.assets.names import key
from gigya_cheetah_assets.clock import canary
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.config.files import InboundFiles
from gigya_cheetah_assets.inbound.arrivals import Arrival, all_silent, arrivals, looks
from gigya_cheetah_assets.resources import Connections


def feed_checks(sync: Sync, files: InboundFiles) -> dg.AssetChecksDefinition:
    """The checks of one sync's feeds."""
    extract = key(sync, "cheetahmail_extract")
    specs = [
        dg.AssetCheckSpec(
            _name(kind),
            asset=extract,
            description=f"Files of {kind} arrive "
            + ("every day: the last one is at most 26 hours old." if feed.expect else "at any time: this never fails."),
        )
        for kind, feed in files.feeds()
    ]

    specs.append(
        dg.AssetCheckSpec(_ANY, asset=extract, description="A file of some feed arrived within the last 26 hours.")
    )

    @dg.multi_asset_check(name=f"{sync.name}_feed_checks", specs=specs)
    def checks(connections: Connections) -> Iterator[dg.AssetCheckResult]:
        now = datetime.now(UTC)
        proof = canary.last_return(connections.data, sync)
        found = arrivals(connections.data, sync, files, now=now, proof=proof)
        for arrival in found:
            yield _result(extract, arrival)
        silent = all_silent(found, looks(connections.data, sync), now=now)
        yield dg.AssetCheckResult(asset_key=extract, check_name=_ANY, passed=not silent)

    return checks


_ANY = "any_feed_arrives"


def _name(kind: str) -> str:
    return f"{kind}_arrive"


def _result(extract: dg.AssetKey, found: Arrival) -> dg.AssetCheckResult:
    moments = {"last_file": found.last, "due": found.due}
    return dg.AssetCheckResult(
        asset_key=extract,
        check_name=_name(found.kind),
        passed=not found.late,
        metadata={
            **{name: dg.MetadataValue.timestamp(at) for name, at in moments.items() if at is not None},
            **({} if found.last else {"note": "no file of this feed was ever ready"}),
        },
    )
