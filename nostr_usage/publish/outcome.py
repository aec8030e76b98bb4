"""What a run over the outbox reports of each relay."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from nostr_usage.publish.answers import SortedAnswers
from nostr_usage.relays.condition import RelayCondition

OBJECTIONS_SHOWN_MAX = 5
OBJECTIONS_COUNTED_MAX = 100
"""Different reasons that are counted apart: a relay may give every event one of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayOutcome:
    """How publishing to one relay went; counts are events.

    Attributes:
        url: of the relay.
        condition: how far it got; `refused` means that it asked for a pause which is not over, or that what
            it accepted cannot be read back by the public.
        reason: why, in the relay's words or ours; empty if all went well.
        accepted: got an OK.
        confirmed: were read back by an anonymous reader, byte for byte.
        later: are to be sent again.
        refused: will never be taken, or were refused too often.
        objections: what was wrong with what is to be sent again or never taken, the most frequent first.
    """

    url: str
    condition: RelayCondition
    reason: str = ""
    accepted: int = 0
    confirmed: int = 0
    later: int = 0
    refused: int = 0
    objections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishReport:
    """How publishing went: `published` events reached the quorum in this run, `waiting` have not reached it.

    Those that wait for a later attempt, or that too many relays refused for good, count as waiting.
    """

    relays: tuple[RelayOutcome, ...]
    quorum: int
    published: int
    waiting: int


@dataclass(slots=True)
class Tally:
    """What happened with one relay so far."""

    accepted: int = 0
    confirmed: int = 0
    later: int = 0
    refused: int = 0
    objections: Counter[str] = field(default_factory=Counter[str])

    def count_sent(self, answers: SortedAnswers) -> None:
        """Count what a relay said to events that were sent."""
        self.accepted += len(answers.accepted)
        self.refused += sum(map(len, answers.refused.values()))
        self.later += sum(map(len, answers.later.values())) + sum(map(len, answers.held_back.values()))
        for reason, numbers in (*answers.refused.items(), *answers.held_back.items()):
            self.object(reason, len(numbers))
        for (reason, _), numbers in answers.later.items():
            self.object(reason, len(numbers))

    def object(self, reason: str, count: int) -> None:
        """Count what was wrong with some events."""
        if count and (reason in self.objections or len(self.objections) < OBJECTIONS_COUNTED_MAX):
            self.objections[reason] += count

    def outcome(self, url: str, condition: RelayCondition, reason: str) -> RelayOutcome:
        """What there is to report."""
        return RelayOutcome(
            url=url,
            condition=condition,
            reason=reason,
            accepted=self.accepted,
            confirmed=self.confirmed,
            later=self.later,
            refused=self.refused,
            objections=tuple(text for text, _ in self.objections.most_common(OBJECTIONS_SHOWN_MAX)),
        )
