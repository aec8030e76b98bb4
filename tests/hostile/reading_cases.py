"""Every hostile behaviour towards readers, and how reading must end: alone, and beside an honest relay."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from nostr_usage.relays.policy import ConnectionPolicy
from tests.hostile import false_answers, false_events, false_frames
from tests.hostile.ledger_under_attack import LedgerUnderAttack
from tests.hostile.outcomes import IMPATIENT, PATIENT, Outcome
from tests.hostile.scripting import Script
from tests.scripted_relay import ScriptedRelay

_LATE_S = 5.0
"""By how much a pass may end after its deadlines, on a machine that is busy with other things."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingCase:
    """One behaviour.

    Attributes:
        script: what the relay does.
        alone, beside: how reading ends with this relay only, and with an honest one beside it.
        misleads: whether a client that believes what comes ends with a wrong total.
        size: which ledger it takes to tell.
    """

    script: Script
    alone: Outcome
    beside: Outcome = Outcome.RIGHT
    misleads: bool = False
    size: Literal["short", "long"] = "short"

    @property
    def policy(self) -> ConnectionPolicy:
        """Short deadlines where they must expire, since the relay never ends; long ones where it does."""
        return IMPATIENT if self.alone is Outcome.OFFLINE else PATIENT

    @property
    def deadline_s(self) -> float:
        """When a pass must have ended, however busy the machine is."""
        return self.policy.relay_timeout_s + _LATE_S

    @property
    def name(self) -> str:
        """The behaviour's name, as words with underscores."""
        return self.script.__name__


def honest(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """The control: it says what it knows."""
    relay.hold(*ledger.all_events)


def _case(script: Script, alone: Outcome = Outcome.RIGHT, *, misleads: bool = False) -> ReadingCase:
    return ReadingCase(script=script, alone=alone, misleads=misleads)


CONTROL = _case(honest)

READING_CASES = (
    _case(false_events.altered_first_copy, misleads=True),
    _case(false_events.forged_entry, misleads=True),
    _case(false_events.foreign_author, misleads=True),
    _case(false_events.foreign_kind, misleads=True),
    _case(false_events.unasked_but_valid, misleads=True),
    _case(false_events.reused_d, Outcome.INCOMPLETE),
    replace(
        _case(false_events.two_entries_in_one_slot, Outcome.CONFLICT, misleads=True), beside=Outcome.CONFLICT
    ),
    replace(
        _case(false_events.seq_of_a_billion, Outcome.INCOMPLETE, misleads=True), beside=Outcome.INCOMPLETE
    ),
    _case(false_events.corrupt_signature_first, misleads=True),
    _case(false_events.corrupt_signatures_only, Outcome.NOTHING_PROVED),
    _case(false_events.many_corrupt_signatures, misleads=True),
    _case(false_events.invented_meters, misleads=True),
    _case(false_events.created_at_at_both_ends, misleads=True),
    _case(false_events.deletion_requests, Outcome.INCOMPLETE, misleads=True),
    _case(false_events.forged_deletion_requests),
    _case(false_answers.withheld_middle, Outcome.INCOMPLETE, misleads=True),
    _case(false_answers.withheld_opening, Outcome.INCOMPLETE),
    _case(false_answers.withheld_account, Outcome.INCOMPLETE, misleads=True),
    _case(false_answers.withheld_tail, Outcome.UNNOTICED, misleads=True),
    replace(_case(false_answers.truncated_silently, misleads=True), size="long"),
    replace(_case(false_answers.oldest_first, misleads=True), size="long"),
    _case(false_answers.no_order),
    _case(false_answers.every_second_event, misleads=True),
    _case(false_answers.every_event_thrice, misleads=True),
    _case(false_answers.eose_first, Outcome.NOTHING_PROVED, misleads=True),
    _case(false_answers.chatter_after_eose),
    _case(false_answers.crossed_answers, Outcome.INCOMPLETE, misleads=True),
    _case(false_answers.subscription_never_opened, Outcome.OFFLINE),
    _case(false_answers.auth_only, Outcome.REFUSED, misleads=True),
    _case(false_answers.restricted, Outcome.REFUSED, misleads=True),
    _case(false_answers.closed_without_a_reason, Outcome.REFUSED, misleads=True),
    _case(false_answers.hanging_up_at_once, Outcome.OFFLINE, misleads=True),
    _case(false_frames.never_eose, Outcome.OFFLINE),
    _case(false_frames.silence, Outcome.OFFLINE, misleads=True),
    _case(false_frames.notices_before_the_answer),
    _case(false_frames.notices_without_end, Outcome.OFFLINE, misleads=True),
    _case(false_frames.slow_drip, Outcome.OFFLINE, misleads=True),
    _case(false_frames.slow_answers, Outcome.OFFLINE, misleads=True),
    _case(false_frames.flood_of_events, misleads=True),
    _case(false_frames.flood_before_the_events, misleads=True),
    _case(false_frames.flood_of_large_events, misleads=True),
    _case(false_frames.cut_after_three_frames, Outcome.OFFLINE, misleads=True),
    _case(false_frames.cut_after_a_page, Outcome.CUT_SHORT, misleads=True),
    _case(false_frames.cut_mid_frame, Outcome.OFFLINE, misleads=True),
    _case(false_frames.huge_frame, Outcome.OFFLINE, misleads=True),
    _case(false_frames.compression_bomb, Outcome.OFFLINE, misleads=True),
    _case(false_frames.deep_json),
    _case(false_frames.nan_and_infinity),
    _case(false_frames.duplicate_keys, misleads=True),
    _case(false_frames.lone_surrogates),
    _case(false_frames.wrong_types, misleads=True),
    _case(false_frames.bytes_that_are_no_text),
)
