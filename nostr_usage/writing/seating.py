"""Whether somebody may act for an account: in an organisation only its members may, under their pseudonyms.

Whoever is refused learns that they are no member here, and never whether they are one somewhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from nostr_usage.errors import RefusedError
from nostr_usage.ledger.refusal import Refusal, RefusalCode
from nostr_usage.store import AccountRow, Reader
from nostr_usage.writing.request import Action

NOT_A_MEMBER_STATUS = 403


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Who acts, and for which department: the pseudonyms that the entry will carry.

    `names` has what the operator calls them.
    """

    actor: str | None
    group: str | None
    names: tuple[tuple[str, str], ...] = ()


def seat_of(reader: Reader, account: AccountRow, *, actor: str | None, group: str | None) -> Seat | Refusal:
    """The seat of whoever wants to act, named by name or pseudonym; as stated where nobody is registered.

    A member acts for their own department. One without a department may name any of the organisation's.
    """
    number = account.account_no
    if not reader.is_organisation(number):
        return Seat(actor=actor, group=group)
    whose = account.label or f"{account.account[:8]}…"
    if actor is None:
        return _refusal(f"{whose} is an organisation, and nobody is named who acts for it")
    member = reader.member(number, actor)
    if member is None or member.removed_at is not None:
        return _refusal(f"{actor[:80]!r} is no member of {whose}")
    own = reader.department(number, member.department) if member.department is not None else None
    asked = own if group is None else reader.department(number, group)
    if group is not None and asked is None:
        return _refusal(f"{group[:80]!r} is no department of {whose}")
    if own is not None and asked != own:
        return _refusal(f"{actor[:80]!r} acts for {own.name!r} in {whose}, not for {(group or '')[:80]!r}")
    names = [(member.pseudonym, member.name)] + ([(asked.pseudonym, asked.name)] if asked else [])
    return Seat(actor=member.pseudonym, group=asked.pseudonym if asked else None, names=tuple(names))


def seated_action(reader: Reader, account: AccountRow, action: Action) -> Action:
    """The action under the pseudonyms of whoever does it.

    Raises:
        RefusedError: if they may not act for the account.
    """
    seat = seat_of(reader, account, actor=action.actor, group=action.group)
    if isinstance(seat, Refusal):
        raise RefusedError(seat, seat.message, advice="`nostr-usage org members list` says who may.")
    is_as_stated = (seat.actor, seat.group) == (action.actor, action.group)
    return action if is_as_stated else replace(action, actor=seat.actor, group=seat.group)


def _refusal(message: str) -> Refusal:
    return Refusal(
        code=RefusalCode.NOT_A_MEMBER,
        message=message,
        needed=0,
        left=0,
        resets_at=None,
        status=NOT_A_MEMBER_STATUS,
    )
