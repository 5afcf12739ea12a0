"""A small site with lite accounts, a sync of both kinds and CheetahMail's list behind it: what these tests share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

from gigya_cheetah_assets.sandbox import Population, Sandbox
from gigya_cheetah_assets.sandbox.cheetahmail import CheetahMail
from gigya_cheetah_assets.sandbox.cheetahmail.dropping import InboxOfStaging
from gigya_cheetah_assets.sandbox.cheetahmail.subscriber import Subscriber
from gigya_cheetah_assets.staging import open_staging
from gigya_cheetah_assets_tests.integration.runs import FIRST, runs
from gigya_cheetah_assets_tests.integration.test_inbound_files import INBOUND, Inbound

LIST = "2098000001"
HOUR = timedelta(hours=1)


def newsletter(*, subscribed: bool) -> dict[str, Any]:
    """A decision about the newsletter, as Gigya keeps it."""
    return {"newsletter": {"email": {"isSubscribed": subscribed}}}


def _account(name: str, *, full: bool, subscribed: bool) -> dict[str, Any]:
    at = int(datetime(2026, 2, 10, tzinfo=UTC).timestamp() * 1000)
    leaf = {"isSubscribed": subscribed, "lastUpdatedSubscriptionState": "2026-02-10T00:00:00.000Z", "tags": ["shop"]}
    own = {"UID": f"uid-of-{name}", "isRegistered": True} if full else {"token": f"t-{name}"}
    return {
        **own,
        "createdTimestamp": at,
        "lastUpdatedTimestamp": at,
        "profile": {"email": f"{name}@example.org", "firstName": name.title(), "lastName": "Lund", "zip": "10115"},
        "subscriptions": {"newsletter": {"email": leaf}},
    }


class LiteWorld(Inbound):
    """The loop, with CheetahMail's import and extract."""

    mail: CheetahMail

    def export(self) -> None:
        """The newest window, then CheetahMail's import."""
        result = self.run(self.newest())
        assert result.success
        self.mail.import_now()

    def bring(self, *feeds: str) -> list[dg.ExecuteInProcessResult]:
        """CheetahMail's extract, then our runs of its files."""
        self.mail.drop(*feeds)
        return self.arrive()

    def subscriber(self, name: str) -> Subscriber:
        """The only subscriber with the address of this name."""
        [found] = [one for one in self.mail.subscribers() if one.email.lower() == f"{name}@example.org"]
        return found

    def is_in(self, key: str) -> bool | None:
        """Whether an account is subscribed in Gigya; key is a UID or a token."""
        leaf = self.sandbox.site.account(key)["subscriptions"]["newsletter"]["email"]
        found: bool | None = leaf["isSubscribed"]
        return found


def sftp_staging(sandbox: Sandbox) -> dict[str, Any]:
    """The staging of `syncs/sandbox.yaml` on this sandbox's port."""
    content = yaml.safe_load((Path(__file__).parents[2] / "syncs" / "sandbox.yaml").read_text(encoding="utf-8"))
    return {**content["staging"], "port": sandbox.sftp_port}


@contextmanager
def lite_world(folder: Path, *, search_lag: float = 0.0, sftp: bool = False, **changes: Any) -> Iterator[LiteWorld]:
    """A site of some full and lite accounts, exported and imported once; through SFTP or a folder."""
    people = [_account(f"full{n}", full=True, subscribed=n % 2 == 0) for n in range(4)]
    people += [_account(f"lite{n}", full=False, subscribed=n % 2 == 0) for n in range(4)]
    folder.mkdir(parents=True, exist_ok=True)
    known = folder / "accounts.jsonl"
    known.write_text("\n".join(map(json.dumps, people)) + "\n", encoding="utf-8")
    with (
        Sandbox(folder / "sandbox", Population(load=known), search_lag=search_lag) as sandbox,
        runs(sandbox, folder / "run", **changes) as made,
    ):
        if sftp:
            made.content["staging"] = sftp_staging(sandbox)
        made.content["gigya"]["search_lag_seconds"] = max(0.2, 2 * search_lag)
        made.content["inbound_files"]["defaults"] |= {"min_age_seconds": 0, "time_zone": "America/New_York"}
        del made.content["inbound_files"]["import_reports"]
        world = LiteWorld(made.sandbox, made.folder, made.content, made.instance)
        assert world.run(FIRST).success

        def staging() -> Any:
            return open_staging(world.sync.staging)

        world.mail = CheetahMail(folder / "mail", staging, InboxOfStaging(staging, world.sync.staging.inbox))
        world.mail.set_up_for(world.sync)
        world.mail.import_now()
        yield world
        world.mail.close()


__all__ = ["INBOUND", "LIST", "LiteWorld", "lite_world", "newsletter"]
