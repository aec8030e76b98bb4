"""Enrolment: secrets first, then the signed `open` entry, so that no entry stands without its keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nostr_usage.ledger.entry import AccountId
from nostr_usage.nostr.keys import SecretKey, generate_secret_key, public_key_of
from nostr_usage.record import Recorder
from nostr_usage.store.account_secrets import AccountSecrets
from nostr_usage.wire.account_key import account_id
from nostr_usage.writing.request import NewAccount, Receipt

_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """A new account; `is_key_held` if the service made its key and has yet to hand it over."""

    account: AccountId
    receipt: Receipt
    is_key_held: bool


def enrol(
    recorder: Recorder,
    secrets: AccountSecrets,
    *,
    entropy: Callable[[int], bytes],
    label: str = "",
    plan: str | None = None,
    account: AccountId | None = None,
    anchor: int | None = None,
    allowance_left: int | None = None,
    balance: int = 0,
) -> Enrolment:
    """Open an account for the holder of `account`, or with a key made here.

    `anchor`, `allowance_left` and `balance` are for customers from another system, as in `NewAccount`.

    Raises:
        UnknownNameError: if there is no such plan.
        InputError: if the label is taken.
    """
    account_key = None if account is not None else generate_secret_key(entropy)
    chosen = account if account is not None else account_id(_made(account_key))
    row = secrets.add(
        chosen,
        request_secret=entropy(_SECRET_BYTES),
        operator_secret=generate_secret_key(entropy).to_bytes(),
        account_secret=account_key.to_bytes() if account_key else None,
    )
    receipt = recorder.open_account(
        NewAccount(
            account=chosen,
            operator_key=public_key_of(SecretKey(row.operator_secret)),
            label=label,
            plan=plan,
            anchor=anchor,
            allowance_left=allowance_left,
            balance=balance,
        )
    )
    return Enrolment(account=chosen, receipt=receipt, is_key_held=row.account_secret is not None)


def _made(key: SecretKey | None) -> SecretKey:
    assert key is not None, "an account has its own key or one made here"
    return key
