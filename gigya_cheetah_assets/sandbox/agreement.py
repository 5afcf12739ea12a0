"""Both sides of the sandbox compared field by field and list by list, by a mapping that is not the project's own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from gigya_cheetah_assets.sandbox import second_opinion
from gigya_cheetah_assets.sandbox.cheetahmail import lists
from gigya_cheetah_assets.sandbox.cheetahmail.subscriber import Subscriber
from gigya_cheetah_assets.sandbox.gigya.site import Site
from gigya_cheetah_assets.sandbox.second_opinion import LISTS, Document


@dataclass
class Agreement:
    """The result; identifiers only.

    Attributes:
        compared: Accounts that were compared in full.
        consent_only: Accounts that share an address, cannot be exported or remain at an address that is suppressed:
            only their consent was looked at.
        strangers: Subscribers without a UID, who signed up at CheetahMail; Gigya knows nothing of them.
        found: Disagreements.
    """

    compared: int = 0
    consent_only: int = 0
    strangers: int = 0
    found: list[str] = field(default_factory=list)


def compare_sides(site: Site, subscribers: list[Subscriber], suppressed: Collection[str] = ()) -> Agreement:
    """Compares every account with the subscriber that carries its UID.

    Args:
        site: Gigya's side.
        subscribers: CheetahMail's list.
        suppressed: Addresses, in lower case, that a deleted person had: nobody is subscribed for what was said of an
            address before it was suppressed, so who remains there need not be on the list.
    """
    result = Agreement()
    everyone = list(site.accounts())
    everybody = second_opinion.people(everyone)
    at_address: dict[str, list[Document]] = {}
    for document in everybody:
        at_address.setdefault(_address(document), []).append(document)
    taken = {second_opinion.address(document) for document in everyone}
    by_uid: dict[str, list[Subscriber]] = {}
    for subscriber in subscribers:
        by_uid.setdefault(subscriber.uid, []).append(subscriber)
    result.strangers = len(by_uid.pop("", []))
    for document in everybody:
        if document.get("UID") and not document.get("isRegistered"):
            continue
        uid = second_opinion.key(document)
        theirs = by_uid.pop(uid, [])
        sharing = at_address[_address(document)]
        exported = second_opinion.row(document) is not None and len(sharing) == 1
        exported &= _address(document) not in suppressed
        result.compared += exported
        result.consent_only += not exported
        result.found += _mailed_without_opt_in(uid, _shown(sharing), theirs)
        own = [one for one in theirs if not _stayed_behind(one, _address(document), taken)]
        result.found += _person(uid, document, own) if exported else []
    result.found += [f"{uid}: a subscriber without an account" for uid in by_uid]
    return result


def _shown(sharing: list[Document]) -> list[Document]:
    """Those of an address of whom the sync can know: registered accounts, and lite ones where there is no full one.

    Gigya shows one e-mail account for an address, the full account's; what a lite one beside it has is not to be found.
    """
    full = [document for document in sharing if document.get("UID")]
    return [document for document in full if document.get("isRegistered")] if full else sharing


def _mailed_without_opt_in(uid: str, sharing: list[Document], theirs: list[Subscriber]) -> list[str]:
    """CheetahMail knows people by address: one of those who share it has to have opted in, and none of them out."""
    states = {column: {second_opinion.state(document, column) for document in sharing} for column in LISTS}
    return [
        f"{uid}: is mailed on {column} without an opt-in"
        for subscriber in theirs
        for column in LISTS
        if subscriber.lists.get(column) == "in" and states[column] - {"", "pending"} != {"opt_in"}
    ]


def _person(uid: str, document: Document, theirs: list[Subscriber]) -> list[str]:
    """Every field and list of a person whose address is nobody else's."""
    if len(theirs) != 1:
        return [f"{uid}: {len(theirs)} subscribers, expected one"]
    (subscriber,) = theirs
    row = second_opinion.row(document) or {}
    found = [
        f"{uid}: column {name} differs"
        for name, value in row.items()
        if name not in LISTS and subscriber.fields.get(name, "") != value
    ]
    found += [
        f"{uid}: opted in to {column} and is not mailed"
        for column in LISTS
        if second_opinion.state(document, column) == "opt_in" and not _mailed_or_out_of_reach(subscriber, column)
    ]
    return found


def _stayed_behind(subscriber: Subscriber, address: str, taken: Collection[str]) -> bool:
    """Whether it is only what is left at an address that the person has gone from and somebody else has.

    No address change leaves then, which would take that one's consent along; so it may stay, on no list.
    """
    there = subscriber.email.lower()
    mailed = any(subscriber.lists.get(column) == "in" for column in LISTS)
    return there != address and there in taken and not mailed


def _mailed_or_out_of_reach(subscriber: Subscriber, column: str) -> bool:
    """Whose mail bounces persistently, or who complained, gets none from CheetahMail, whatever was decided since."""
    found = subscriber.memberships.get(column)
    return subscriber.blocked or (found is not None and (found.state == "in" or found.reason == lists.BOUNCES))


def _address(document: Document) -> str:
    return second_opinion.address(document) or str(id(document))
