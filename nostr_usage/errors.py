"""Every error that this library raises on purpose, as one tree.

    NostrUsageError
    ├── InputError                 a value that somebody typed, or a caller passed
    │   ├── AmountError            not a plain non-negative integer
    │   ├── KeyFormatError         not the kind of key or identifier asked for
    │   ├── UnknownNameError       no such activity, plan, model, account, entry
    │   ├── RelayUrlError          not a ws:// or wss:// URL
    │   └── CatalogueError         a catalogue or relay set that cannot be used
    ├── NostrError                 bytes that are not what a NIP says
    │   ├── EventError             malformed event, wrong id, wrong signature
    │   ├── FilterError            malformed filter
    │   ├── MessageError           malformed relay or client message
    │   └── DecryptionError        NIP-44 or NIP-49 payload that cannot be opened
    ├── LedgerError                something the ledger refuses
    │   ├── EntryFormatError       a signed event that is no well-formed entry
    │   ├── IdempotencyError       one key, two different requests
    │   ├── RefundError            more than was charged, or nothing to refund
    │   ├── HoldError              a hold that is unknown, or ended in another way
    │   ├── RefusedError           an action that may not run, where a caller asked to run it
    │   ├── NotIncludedError       a view or tool that the account's plan does not include
    │   └── TimeError              a time that the ledger cannot accept
    ├── PricingError               a charge that cannot be computed, so is not made
    │   ├── UnknownModelError      no price for the model at that time
    │   ├── UnratedUsageError      a price, but not for a unit that was used
    │   └── UsageFormatError       counts that are missing, malformed or contradict each other
    ├── HomeError                  a home that is missing, foreign, or unsafe
    │   └── NewerDatabaseError
    ├── WorkerError                a process that worked for this one, and ended early
    └── RelayError                 a relay that cannot be used now
        ├── RelayTimeoutError
        └── RelayRefusedError

Bad *data* in a pass over many items is returned as values (`ledger.problems.Problem`), never raised.
"""

from __future__ import annotations


class NostrUsageError(Exception):
    """The root: catch this to catch all that the library raises on purpose.

    `advice` says what to do about it; the command line prints it on a line of its own.
    """

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


class InputError(NostrUsageError):
    """A value that somebody typed, or that a caller passed, cannot be used."""


class AmountError(InputError):
    """Not a plain non-negative integer of at most 15 digits."""


class KeyFormatError(InputError):
    """Not the kind of key or identifier that is asked for here."""


class UnknownNameError(InputError):
    """No such activity, plan, pack, account, entry or relay set."""

    def __init__(self, sort: str, name: str, *, known: tuple[str, ...] = (), advice: str = "") -> None:
        listed = f" (known: {', '.join(known)})" if known else ""
        super().__init__(f"unknown {sort} {name!r}{listed}", advice=advice)
        self.sort = sort
        self.name = name
        self.known = known


class RelayUrlError(InputError):
    """Not a ws:// or wss:// URL."""


class CatalogueError(InputError):
    """A catalogue or relay set that cannot be used; the message names file and key."""


class NostrError(NostrUsageError):
    """Bytes that are not what a NIP says they must be."""


class EventError(NostrError):
    """A malformed event, or one whose id or signature is wrong (NIP-01)."""


class FilterError(NostrError):
    """A malformed filter (NIP-01)."""


class MessageError(NostrError):
    """A malformed relay or client message (NIP-01, 42, 45, 67, 77)."""


class DecryptionError(NostrError):
    """A NIP-44 payload or NIP-49 ncryptsec that cannot be opened with this key or password."""


class LedgerError(NostrUsageError):
    """Something that the ledger refuses."""


class EntryFormatError(LedgerError):
    """A signed event that is no well-formed entry (PROTOCOL.md, "Entry")."""


class IdempotencyError(LedgerError):
    """An idempotency key that was used before, for a different request."""

    def __init__(self, key: str, entry_id: str, *, sort: str = "entry") -> None:
        super().__init__(
            f"idempotency key {key!r} was used for another request ({sort} {entry_id})",
            advice="Repeat the first request unchanged to get its receipt, or choose a new key.",
        )
        self.key = key
        self.entry_id = entry_id


class RefundError(LedgerError):
    """A refund of more than was charged, or of an entry that is not a debit."""


class HoldError(LedgerError):
    """A hold that is unknown, or that ended in another way than is asked for."""


class RefusedError(LedgerError):
    """An action that guardrails or the balance do not allow; `refusal` says why, and what would help."""

    def __init__(self, refusal: object, message: str, *, advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.refusal = refusal


class NotIncludedError(LedgerError):
    """A view or tool that the account's plan does not include; the ledger itself is never withheld."""


class TimeError(LedgerError):
    """A time that the ledger cannot accept: in the future, or before the account was opened."""


class PricingError(NostrUsageError):
    """A charge that cannot be computed, and so is not made: unknown is never free."""


class UnknownModelError(PricingError):
    """No price is known for this model at this time."""


class UnratedUsageError(PricingError):
    """The model has a price, but none for a unit that was used."""


class UsageFormatError(PricingError):
    """A model's usage whose counts are missing, malformed, or contradict each other."""


class HomeError(NostrUsageError):
    """A home (the directory with keys and store) that is missing, foreign, or unsafe to use."""


class NewerDatabaseError(HomeError):
    """A database written by a newer version than this one."""


class WorkerError(NostrUsageError):
    """A process that worked for this one could not be started, or ended before it was done."""


class RelayError(NostrUsageError):
    """A relay that cannot be used now."""

    def __init__(self, relay: str, message: str, *, advice: str = "") -> None:
        super().__init__(f"{relay}: {message}", advice=advice)
        self.relay = relay


class RelayTimeoutError(RelayError):
    """A relay that did not answer within its deadline."""


class RelayRefusedError(RelayError):
    """A relay that answered with a refusal."""
