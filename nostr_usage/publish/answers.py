"""What the answers of one relay mean for the events that were sent to it (NIP-01, OK)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from nostr_usage.nostr.reason import Verdict
from nostr_usage.nostr.session import PublishAnswered
from nostr_usage.relays.exchange import is_stopping
from nostr_usage.store import DueEvent

ATTEMPTS_MAX = 20
"""Attempts with one event before it is refused for good: half a day, at the delays of `PUBLISHING`."""
UNWELL_MIN = 20
"""So many failures and not one success are the relay's condition, not the events'."""


@dataclass(slots=True)
class SortedAnswers:
    """Event numbers by what to do with them.

    Attributes:
        accepted: to be read back.
        refused: for good, by reason.
        later: to be sent again, by reason and number of attempts, this one included.
        held_back: by reason; the relay takes nothing for now, which is no answer to these: they stay first in
            line, and it costs them no attempt.
    """

    accepted: list[int] = field(default_factory=list[int])
    refused: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    later: dict[tuple[str, int], list[int]] = field(default_factory=dict[tuple[str, int], list[int]])
    held_back: dict[str, list[int]] = field(default_factory=dict[str, list[int]])


def sort_answers(due: Sequence[DueEvent], answers: Mapping[str, PublishAnswered]) -> SortedAnswers:
    """What each answer means.

    A relay that wants a pause, or to know who we are, or that fails with everything, says nothing about the
    events: they are held back, those that were not sent as well.
    """
    found = SortedAnswers()
    stopped = next((answer for answer in answers.values() if is_stopping(answer)), None)
    for event in due:
        answer = answers.get(event.event_id, stopped)
        if answer is not None:
            _sort_one(event, answer, found)
    failed = sum(map(len, found.later.values()))
    if failed >= UNWELL_MIN and not (found.accepted or found.refused):
        for (reason, _), numbers in found.later.items():
            found.held_back.setdefault(reason, []).extend(numbers)
        found.later.clear()
    return found


def given_up(reason: str) -> str:
    """What is written down of an event that was tried too often."""
    return f"given up after {ATTEMPTS_MAX} attempts: {reason}"


def _sort_one(event: DueEvent, answer: PublishAnswered, found: SortedAnswers) -> None:
    reason = str(answer.reason) or "refused without a reason"
    attempts = event.attempts + 1
    if is_stopping(answer):
        found.held_back.setdefault(reason, []).append(event.event_no)
        return
    match answer.verdict:
        case Verdict.STORED | Verdict.DUPLICATE:
            found.accepted.append(event.event_no)
        case Verdict.FINAL | Verdict.ALARM:
            found.refused.setdefault(reason, []).append(event.event_no)
        case Verdict.LATER | Verdict.AUTHENTICATE if attempts >= ATTEMPTS_MAX:
            found.refused.setdefault(given_up(reason), []).append(event.event_no)
        case Verdict.LATER | Verdict.AUTHENTICATE:
            found.later.setdefault((reason, attempts), []).append(event.event_no)
        case _:
            assert_never(answer.verdict)
