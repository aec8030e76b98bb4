"""One action while it runs: its hold, what its steps used so far, and in the end its receipt."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from nostr_usage.amount import checked_amount
from nostr_usage.errors import HoldError, PricingError, RefusedError
from nostr_usage.ledger.refusal import Refusal
from nostr_usage.pricing.usage import MeasuredUsage
from nostr_usage.writing.intent import CountSource, Hold, Intent, Used
from nostr_usage.writing.request import Receipt

TTL_S_DEFAULT = 300
Item = TypeVar("Item")
Sent = TypeVar("Sent")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """What a decorated function reserves before it runs: for which action, under which key, for how long."""

    intent: Intent
    key: str
    ttl_s: int = TTL_S_DEFAULT


class Call:
    """Counts what one action uses, over all its steps, from one thread or task at a time.

    Attributes:
        hold: what is kept back for it.
        ttl_s: how long a heartbeat keeps the hold from then on.
        receipt: its debit, once it is settled.
    """

    def __init__(self, hold: Hold, *, ttl_s: int = TTL_S_DEFAULT) -> None:
        self.hold = hold
        self.ttl_s = ttl_s
        self.receipt: Receipt | None = None
        self._steps: list[MeasuredUsage] = []
        self._tokens: int | None = None
        self._is_estimated = False
        self._description = ""
        self._metadata: dict[str, str] = {}
        self._prompt: str | None = None

    @classmethod
    def of(cls, answer: Hold | Refusal, *, ttl_s: int = TTL_S_DEFAULT) -> Self:
        """The call that a hold was made for.

        Raises:
            RefusedError: if it was refused.
            HoldError: if it was charged before.
        """
        if isinstance(answer, Refusal):
            raise refused(answer)
        if answer.is_settled:
            raise HoldError(
                f"the action of hold {answer.hold_id} was charged before",
                advice="Its receipt is in the history; choose a new key for another action.",
            )
        return cls(answer, ttl_s=ttl_s)

    def is_beat_due(self, now: int) -> bool:
        """Whether half of the time that a heartbeat keeps the hold is over at `now` (unix seconds)."""
        return 2 * (self.hold.expires_at - now) <= self.ttl_s

    def beat(self, answer: Hold | Refusal) -> None:
        """Take note of a hold that was extended; a refusal leaves it as it was."""
        if isinstance(answer, Hold):
            self.hold = answer

    def add_usage(self, *steps: MeasuredUsage) -> None:
        """Count what the models reported for one or more steps; every step counts, not only the last."""
        self._steps.extend(steps)

    def add_estimate(self, *steps: MeasuredUsage) -> None:
        """Count steps that were reckoned here, because the models reported nothing; the debit will say so."""
        self._is_estimated = self._is_estimated or bool(steps)
        self._steps.extend(steps)

    def add_tokens(self, tokens: int, *, source: CountSource) -> None:
        """Count tokens that the product states for a step; they go before usage, if there is both.

        Raises:
            AmountError: if they are no amount.
        """
        self._tokens = (self._tokens or 0) + checked_amount(tokens, name="tokens")
        self._is_estimated = self._is_estimated or source is CountSource.ESTIMATED

    def describe(
        self, description: str, *, metadata: Mapping[str, str] | None = None, prompt: str | None = None
    ) -> None:
        """Say what was done, for those who may read it; `prompt` is a public name."""
        self._description = description
        self._metadata = dict(metadata or {})
        self._prompt = prompt

    @property
    def used_so_far(self) -> Used | None:
        """What was counted until now; None if nothing was."""
        if self._tokens is None and not self._steps:
            return None
        return Used(
            tokens=self._tokens,
            usage=tuple(self._steps),
            count_source=CountSource.ESTIMATED if self._is_estimated else CountSource.PROVIDER,
            description=self._description,
            metadata=self._metadata,
            prompt=self._prompt,
        )

    @property
    def used(self) -> Used:
        """What was counted in the end; an action at a fixed price needs no count."""
        return self.used_so_far or Used(
            description=self._description, metadata=self._metadata, prompt=self._prompt
        )


class Kept(Generator[Item, Sent, Result]):
    """A generator that calls `beat` before it goes on to each of its items."""

    def __init__(self, items: Generator[Item, Sent, Result], beat: Callable[[], None]) -> None:
        self._items = items
        self._beat = beat

    def send(self, value: Sent, /) -> Item:
        """The next item, as the generator gives it."""
        self._beat()
        return self._items.send(value)

    def throw(self, *error: Any) -> Item:  # any of the forms that generators take
        """What the generator does about an error."""
        return self._items.throw(*error)

    def close(self) -> None:
        """End the generator early."""
        self._items.close()


def refused(refusal: Refusal) -> RefusedError:
    """A refusal as an error, for callers that asked to run the action; its helps are the advice."""
    return RefusedError(refusal, refusal.message, advice=" ".join(help_.text for help_ in refusal.help))


def uncharged_note(error: PricingError) -> str:
    """What is said beside the error of an action that used something without a price: that is no charge."""
    return (
        f"What the action had used was not charged: {error.message}. Its hold was given back; charge it with"
        " `record` once there is a price."
    )
