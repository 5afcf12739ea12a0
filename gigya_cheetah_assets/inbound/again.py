"""Offering a file again: a run key fires only once, so a person's wish raises the attempt of the file's offer.

A wish is an empty file beside the offers. It counts at two looks, and the second one forgets it: a daemon that dies
between a look and its requests loses no wish, and the run key keeps a second run from starting.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.errors import ConfigError
from gigya_cheetah_assets.inbound.offers import Offer, all_offers, offers_folder, read_offer, write_offer
from gigya_cheetah_assets.store import folders

_NEW, _SEEN = ".wish", ".wish-seen"


def offer_again(data: Path, syncs: Iterable[Sync], name: str) -> list[tuple[Sync, Offer]]:
    """Has the files of this name taken up once more by the next look at the inbox.

    Args:
        data: The data folder.
        syncs: Where to look for the name.
        name: As it was in the inbox, or the partition key.

    Returns:
        The offers with their new attempt.

    Raises:
        ConfigError: None of the syncs knows the name.
    """
    known = [(sync, offer) for sync in syncs for offer in all_offers(data, sync)]
    found = [(sync, o.again()) for sync, o in known if name in (o.name, o.partition)]
    if not found:
        raise ConfigError(
            [f"no inbound file is known as {name!r}"],
            next_step="give its name in the inbox, or the partition key that the UI shows",
        )
    with folders.private():
        for sync, offer in found:
            write_offer(data, sync, offer)
            (offers_folder(data, sync) / f"{offer.partition}{_NEW}").touch()
    return found


def due(data: Path, sync: Sync) -> list[Offer]:
    """The offers that a person asked for again; each is returned by two looks in a row."""
    folder = offers_folder(data, sync)
    offers = []
    for wish in [*sorted(folder.glob(f"*{_NEW}")), *sorted(folder.glob(f"*{_SEEN}"))]:
        offers.append(read_offer(data, sync, wish.name.removesuffix(wish.suffix)))
        if wish.suffix == _NEW:
            wish.rename(wish.with_suffix(_SEEN))
        else:
            wish.unlink()
    return offers
