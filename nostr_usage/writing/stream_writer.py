"""Appends signed entries to one stream: draft ─▶ entry ─▶ event ─▶ signature ─▶ line, in one transaction.

The signed event and its outbox rows commit together, before any caller learns of them. So whatever a caller
holds as a receipt is on disk, and what is on disk is what goes to the relays, byte for byte.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from nostr_usage.clock import Clock
from nostr_usage.errors import InputError
from nostr_usage.ledger.entry import NO_ENTRY, AccountId, Entry, EntryId
from nostr_usage.ledger.fold import EMPTY_STATE, Draw, Referred, StreamState, state_from_json, state_to_json
from nostr_usage.ledger.plan import Plan
from nostr_usage.ledger.posting import Draft, due_together, post
from nostr_usage.nostr import nip44
from nostr_usage.nostr.event import event_to_json, sign_event
from nostr_usage.nostr.keys import SecretKey, public_key_of
from nostr_usage.nostr.signer import Signer
from nostr_usage.store import AccountSecrets, DetailsRow, Line, Transaction
from nostr_usage.wire.account_key import own_request_tag, payment_tag, request_tag
from nostr_usage.wire.details import SALT_BYTES, DescriptionMode, Details, description_hash, seal_details
from nostr_usage.wire.entry_event import entry_from_event, event_from_entry

NONCE_BYTES = 32
# A stream with a daily cycle that was idle for ten years owes about 11,000 entries; more than this is a bug.
DUE_MAX = 100_000
STATES_MAX = 4_096
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCipher:
    """What writing to one account needs from its secrets; `repr` shows none of it."""

    request_secret: bytes = field(repr=False)
    conversation_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """The means by which a service signs: keys, clock, entropy, and where its events go."""

    signer: Signer
    secrets: AccountSecrets
    clock: Clock
    entropy: Callable[[int], bytes] = field(repr=False)
    kind: int
    description_mode: DescriptionMode
    outbox_relays: tuple[int, ...]
    ciphers: dict[AccountId, AccountCipher] = field(
        default_factory=dict[AccountId, AccountCipher], repr=False
    )

    _states: dict[str, StreamState] = field(default_factory=dict[str, StreamState], repr=False)

    def keep_state(self, state: StreamState) -> str:
        """The JSON of a state, which `state_of` then need not parse."""
        text = state_to_json(state)
        while len(self._states) >= STATES_MAX:
            self._states.pop(next(iter(self._states)), None)
        self._states[text] = state
        return text

    def state_of(self, state_json: str) -> StreamState:
        """The state that a stream's row holds; whoever wrote it last, the text says which it is."""
        return self._states.get(state_json) or state_from_json(state_json)

    def cipher(self, account: AccountId) -> AccountCipher:
        """The account's secrets, made ready once (an ECDH costs more than all the rest of an entry)."""
        cipher = self.ciphers.get(account)
        if cipher is None:
            row = self.secrets.get(account)
            cipher = AccountCipher(
                request_secret=row.request_secret,
                conversation_key=nip44.conversation_key(SecretKey(row.operator_secret), account),
            )
            self.ciphers[account] = cipher
        return cipher

    def public_key(self, account: AccountId) -> str:
        """The public half of the account's operator key, which every `open` entry states."""
        return public_key_of(SecretKey(self.secrets.get(account).operator_secret))


class StreamWriter:
    """One stream inside one transaction; `finish` stores what was written.

    Attributes:
        state: the fold's state after the last line written.
        numbers: once finished, the number in the store of each entry written.
        stream_no: the number of the stream in the store; None until its first entry is stored.
    """

    def __init__(
        self, transaction: Transaction, operator: Operator, *, account: AccountId, meter: str
    ) -> None:
        self._transaction = transaction
        self._operator = operator
        self._account = account
        self._meter = meter
        self._cipher = operator.cipher(account)
        row = transaction.stream(account, meter)
        self.state: StreamState = operator.state_of(row.state_json) if row else EMPTY_STATE
        self._head = row.head_id if row else NO_ENTRY
        # One moment for the whole transaction: nothing may fall due between one entry and the next.
        self._now = max(operator.clock.now(), row.created_at if row else 0)
        self._lines: list[Line] = []
        self._details: list[tuple[EntryId, Details]] = []
        self.numbers: dict[EntryId, int] = {}
        self.stream_no: int | None = row.stream_no if row else None

    def write_due(self, plan: Plan | None, *, anchor: int) -> None:
        """Write what time alone has brought about: lapsed lots, renewals, closed cycles."""
        for _ in range(DUE_MAX):
            together = due_together(self.state, plan, anchor=anchor, now=self._now)
            if not together:
                return
            for due in together:
                self.write_own(due)
        raise AssertionError(f"more than {DUE_MAX} entries due in {self._account}")

    def write_own(self, draft: Draft) -> Line:
        """Sign an entry that no caller asked for by name: an opening, a renewal, an expiry."""
        request = own_request_tag(self._cipher.request_secret, meter=self._meter, key=draft.key)
        return self._post(draft, request=request, referred=None)

    def write(
        self,
        draft: Draft,
        *,
        details: Details | None = None,
        payment: str | None = None,
        referred: Referred | None = None,
    ) -> Line:
        """Sign the entry that a caller's request becomes at the end of the stream."""
        if details is not None:
            draft = self._with_details(draft, details)
        if payment is not None:
            draft = replace(draft, payment=payment_tag(self._cipher.request_secret, payment))
        request = request_tag(self._cipher.request_secret, draft.key)
        line = self._post(draft, request=request, referred=referred)
        if details is not None:
            self._details.append((line.entry_id, details))
        return line

    def finish(self) -> None:
        """Store the lines, the new state, the private texts and the outbox rows."""
        if not self._lines:
            return
        self.stream_no, numbers = self._transaction.append(
            self._account, self._meter, self._lines, state_json=self._operator.keep_state(self.state)
        )
        self.numbers = dict(zip((line.entry_id for line in self._lines), numbers, strict=True))
        if self._details:
            self._transaction.put_details(
                (self.numbers[entry_id], _details_row(details)) for entry_id, details in self._details
            )
        self._transaction.queue_outbox(
            numbers, relay_nos=self._operator.outbox_relays, now=self._operator.clock.now()
        )

    def _post(self, draft: Draft, *, request: str, referred: Referred | None) -> Line:
        entry, posting = post(
            self.state,
            draft,
            account=self._account,
            meter=self._meter,
            prev=self._head,
            created_at=self._now,
            request=request,
            referred=referred,
        )
        line = self._sign(entry, draws=posting.draws)
        self.state, self._head = posting.state, line.entry_id
        self._lines.append(line)
        return line

    def _sign(self, entry: Entry, *, draws: tuple[Draw, ...]) -> Line:
        unsigned = event_from_entry(entry, kind=self._operator.kind, pubkey=self._operator.signer.pubkey)
        event = sign_event(unsigned, self._operator.signer)
        # Whatever slips through elsewhere: what no reader accepts must not get on disk, let alone on relays.
        as_read = entry_from_event(event)
        assert as_read == entry, "an entry that reads as another one"
        return Line(
            entry=entry,
            entry_id=EntryId(event.id),
            event_json=event_to_json(event),
            draws=draws,
            sig_checked=True,
        )

    def _with_details(self, draft: Draft, details: Details) -> Draft:
        """The draft with the text in the form that the operator's mode gives it."""
        if self._operator.description_mode is DescriptionMode.PLAIN:
            return replace(draft, description=details.description or None)
        hashed = description_hash(details) if details.description else None
        if self._operator.description_mode is DescriptionMode.DETACHED:
            return replace(draft, description_hash=hashed)
        content = seal_details(
            details,
            conversation_key=self._cipher.conversation_key,
            nonce=self._operator.entropy(NONCE_BYTES),
        )
        return replace(draft, description_hash=hashed, content=content)


def fresh_details(
    description: str, metadata: dict[str, str], *, entropy: Callable[[int], bytes]
) -> Details | None:
    """Details with a fresh salt, or None if there is nothing to say.

    Raises:
        InputError: for text that is not valid Unicode.
    """
    if not description and not metadata:
        return None
    if any(_SURROGATE.search(text) for text in (description, *metadata, *metadata.values())):
        raise InputError("a description or its metadata hold a lone surrogate, so are not valid Unicode")
    return Details(description=description, salt=entropy(SALT_BYTES).hex(), metadata=metadata)


def _details_row(details: Details) -> DetailsRow:
    return DetailsRow(
        description=details.description,
        salt=details.salt,
        metadata_json=json.dumps(dict(details.metadata), sort_keys=True) if details.metadata else None,
    )
