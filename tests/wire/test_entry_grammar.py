"""The expression that reads debits, against the full reader: it may say nothing, but never anything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostr_usage.errors import EntryFormatError
from nostr_usage.ledger.entry import (
    NO_ENTRY,
    AccountId,
    Balance,
    Cost,
    Entry,
    EntryId,
    LotTerms,
    Operation,
    Source,
    UsageLine,
)
from nostr_usage.nostr.event import Event, Tag, UnsignedEvent
from nostr_usage.wire.entry_event import entry_by_rebuilding, event_from_entry
from nostr_usage.wire.entry_grammar import debit_from_event
from nostr_usage.wire.seal import sealed_event

PUBKEY = "5e" * 32
FEBRUARY_14 = 1_771_080_302
PREFIX = "ai-usage-2026-02:"

DEBIT = Entry(
    account=AccountId("ab" * 32),
    meter="tokens",
    seq=17,
    prev=EntryId("cd" * 32),
    operation=Operation.DEBIT,
    type="magic-mentor",
    tokens=247,
    cost=Cost(micro_dollars=370_500),
    balance=Balance(total=-5_847, expiring=0, lasting=0),
    created_at=FEBRUARY_14,
    occurred_at=FEBRUARY_14,
    request="0f" * 16,
)
FULL_DEBIT = replace(
    DEBIT,
    occurred_at=FEBRUARY_14 - 60,
    description="A chat, and no more",
    description_hash="12" * 32,
    usage=(
        UsageLine(model="gpt-5", bucket="fresh_input", units=4_211),
        UsageLine(model="gpt-5", bucket="output", units=0),
    ),
    prices=("openai:gpt-5:2026-01-01", "transparency:1:magic-mentor:2ca99737"),
    actor="m-1",
    group="design",
    prompt="p-7",
    content="AbCd==",
)

hex_64 = st.binary(min_size=32, max_size=32).map(bytes.hex)
amounts = st.integers(0, 10**15 - 1)
labels = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=100)
any_texts = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=100)


@st.composite
def debits(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> Entry:
    """Any debit that says nothing of another entry."""
    seq = draw(st.integers(1, 3) | amounts.filter(bool))
    usage_line = st.builds(UsageLine, model=texts, bucket=texts, units=amounts)
    return Entry(
        account=AccountId(draw(hex_64)),
        meter=draw(st.from_regex(r"[a-z][a-z0-9_-]{0,31}", fullmatch=True)),
        seq=seq,
        prev=NO_ENTRY if seq == 1 else EntryId(draw(hex_64.filter(lambda text: text != NO_ENTRY))),
        operation=Operation.DEBIT,
        type=draw(st.from_regex(r"[a-z0-9][a-z0-9_-]{0,63}", fullmatch=True)),
        tokens=draw(amounts),
        cost=Cost(micro_dollars=draw(amounts)),
        balance=Balance(total=draw(amounts) - 10**6, expiring=draw(amounts), lasting=draw(amounts)),
        created_at=draw(st.integers(0, 253_402_300_799)),
        occurred_at=draw(st.integers(0, 253_402_300_799)),
        request=draw(hex_64)[:32],
        description=draw(st.none() | texts),
        description_hash=draw(st.none() | hex_64),
        usage=tuple(sorted(draw(st.lists(usage_line, max_size=3)))),
        prices=tuple(sorted(draw(st.sets(texts, max_size=3)))),
        actor=draw(st.none() | texts),
        group=draw(st.none() | texts),
        prompt=draw(st.none() | texts),
        content=draw(st.text(st.characters(blacklist_categories=("Cs",)), max_size=40)),
    )


def event_of(unsigned: UnsignedEvent) -> Event:
    """An event as a relay sends it; nothing here looks at its signature."""
    return Event(
        id=unsigned.id,
        pubkey=unsigned.pubkey,
        created_at=unsigned.created_at,
        kind=unsigned.kind,
        tags=unsigned.tags,
        content=unsigned.content,
        sig="00" * 64,
    )


def written(entry: Entry) -> Event:
    """The event of an entry."""
    return event_of(event_from_entry(entry, pubkey=PUBKEY))


def resealed(entry: Entry, tags: list[Tag], *, prefix: str = PREFIX) -> Event:
    """The event of `entry` with other tags after its `d`, sealed for them."""
    return event_of(
        sealed_event(
            kind=30_078,
            pubkey=PUBKEY,
            created_at=entry.created_at,
            prefix=prefix,
            tags=tags,
            content=entry.content,
        )
    )


def fully_read(event: Event) -> Entry | None:
    """What the full reader makes of `event`."""
    try:
        return entry_by_rebuilding(event)
    except EntryFormatError:
        return None


@given(debits(labels.filter(lambda text: '"' not in text and "\\" not in text)))
def test_every_debit_in_plain_ascii_is_read(debit: Entry) -> None:
    """The expression knows all that debits usually say."""
    event = written(debit)
    assert debit == debit_from_event(event) == entry_by_rebuilding(event)


@given(debits(any_texts))
def test_other_texts_are_read_alike_or_left_alone(debit: Entry) -> None:
    """Escapes and letters beyond ASCII are the full reader's."""
    assert debit_from_event(written(debit)) in {None, debit}


def test_other_operations_are_left_alone() -> None:
    """A grant is not in the expression."""
    lot = LotTerms(source=Source.PURCHASED, expires_at=None)
    grant = replace(DEBIT, operation=Operation.GRANT, type="purchase", lot=lot)
    assert debit_from_event(written(grant)) is None
    assert grant == fully_read(written(grant))


@pytest.mark.parametrize("entry", [DEBIT, FULL_DEBIT], ids=["short", "full"])
@given(data=st.data())
@settings(max_examples=300)
def test_whatever_the_full_reader_refuses_is_not_read(entry: Entry, data: st.DataObject) -> None:
    """Tags dropped, repeated, moved, longer or with other text, under a seal that fits them."""
    tags = list(written(entry).tags[1:])
    index = data.draw(st.integers(0, len(tags) - 1))
    change = data.draw(st.sampled_from((_drop, _repeat, _move, _lengthen, _retype, _rewrite)))
    change(tags, index, data)
    event = resealed(entry, tags)
    assert debit_from_event(event) in {None, fully_read(event)}


def _drop(tags: list[Tag], index: int, _data: st.DataObject) -> None:
    del tags[index]


def _repeat(tags: list[Tag], index: int, _data: st.DataObject) -> None:
    tags.insert(index, tags[index])


def _move(tags: list[Tag], index: int, data: st.DataObject) -> None:
    tags.insert(data.draw(st.integers(0, len(tags))), tags.pop(index))


def _lengthen(tags: list[Tag], index: int, _data: st.DataObject) -> None:
    tags[index] = (*tags[index], "")


def _retype(tags: list[Tag], index: int, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(("ref", "level", "lot", "o", "ek", "orphan", "actor", "price", "at")))
    tags[index] = (name, *tags[index][1:])


def _rewrite(tags: list[Tag], index: int, data: st.DataObject) -> None:
    values = list(tags[index][1:])
    place = data.draw(st.integers(0, len(values) - 1))
    text = values[place]
    values[place] = data.draw(
        st.sampled_from((text + "0", "0" + text, "-" + text, text[:-1], text.upper(), text + "\n", "", "0"))
        | st.text(max_size=4)
    )
    tags[index] = (tags[index][0], *values)


REFUSED: dict[str, Callable[[], Event]] = {
    "no tags": lambda: event_of(UnsignedEvent(pubkey=PUBKEY, created_at=1, kind=30_078)),
    "a d tag of three items": lambda: _with_first_tag(("d", "x", "y")),
    "a seal of something else": lambda: _with_first_tag(("d", PREFIX + "00" * 32)),
    "another name for d": lambda: _with_first_tag(("D", written(DEBIT).tags[0][1])),
    "the prefix of a credit": lambda: _with_prefix("ai-credit-2026-02:"),
    "a first entry that follows another": lambda: written(replace(DEBIT, seq=1)),
    "a second entry that follows none": lambda: written(replace(DEBIT, prev=NO_ENTRY)),
    "usage out of order": lambda: written(replace(FULL_DEBIT, usage=FULL_DEBIT.usage[::-1])),
    "prices out of order": lambda: written(replace(FULL_DEBIT, prices=FULL_DEBIT.prices[::-1])),
    "a price twice": lambda: written(replace(FULL_DEBIT, prices=FULL_DEBIT.prices[:1] * 2)),
    "the time of the event said again": lambda: resealed(
        DEBIT, [*written(DEBIT).tags[1:], ("at", str(FEBRUARY_14))]
    ),
    "a time after the year 9999": lambda: resealed(DEBIT, [*written(DEBIT).tags[1:], ("at", "253402300800")]),
}


def _with_first_tag(tag: Tag) -> Event:
    unsigned = event_from_entry(DEBIT, pubkey=PUBKEY)
    return event_of(replace(unsigned, tags=(tag, *unsigned.tags[1:])))


def _with_prefix(prefix: str) -> Event:
    return resealed(DEBIT, list(written(DEBIT).tags[1:]), prefix=prefix)


@pytest.mark.parametrize("name", REFUSED)
def test_debits_that_contradict_themselves_are_not_read(name: str) -> None:
    """Each of the checks after the expression, and of those before it."""
    event = REFUSED[name]()
    assert fully_read(event) is None
    assert debit_from_event(event) is None


def test_the_month_must_be_that_of_the_action() -> None:
    """A month that fits its prefix, but not the time."""
    later = replace(DEBIT, occurred_at=FEBRUARY_14 + 60 * 86_400)
    tags = [("m", "2026-02") if tag[0] == "m" else tag for tag in written(later).tags[1:]]
    event = resealed(later, tags)
    assert fully_read(event) is None
    assert debit_from_event(event) is None
