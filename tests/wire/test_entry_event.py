"""The bridge between entries and events, both ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.errors import EntryFormatError
from nostr_usage.ledger.entry import (
    NO_ENTRY,
    AccountId,
    Balance,
    Cost,
    CycleTotals,
    Entry,
    EntryId,
    LotTerms,
    Operation,
    Source,
    UsageLine,
)
from nostr_usage.nostr.event import Event, Tag, UnsignedEvent, sign_event
from nostr_usage.nostr.keys import SecretKey
from nostr_usage.nostr.signer import Signer
from nostr_usage.wire.entry_event import entry_from_event, event_from_entry, month_of
from nostr_usage.wire.seal import sealed_event

LEDGER = Signer(SecretKey(bytes(31) + b"\x03"), entropy=bytes)
ACCOUNT = AccountId("ab" * 32)
FEBRUARY_14 = 1_771_080_302

DEBIT = Entry(
    account=ACCOUNT,
    meter="tokens",
    seq=17,
    prev=EntryId("cd" * 32),
    operation=Operation.DEBIT,
    type="magic-mentor",
    tokens=247,
    cost=Cost(micro_dollars=370_500),
    balance=Balance(total=5_847, expiring=847, lasting=5_000),
    created_at=FEBRUARY_14,
    occurred_at=FEBRUARY_14,
    request="0f" * 16,
)

hex_64 = st.binary(min_size=32, max_size=32).map(bytes.hex)
amounts = st.integers(0, 10**15 - 1)
balances = st.integers(-(10**15) + 1, 10**15 - 1)
times = st.integers(0, 253_402_300_799)
texts = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=60)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """Any entry that the protocol can spell."""
    operation = draw(st.sampled_from(Operation))
    seq = draw(st.integers(1, 10**15 - 1))
    has_tokens = operation.sign != 0 or operation is Operation.MEMO
    return Entry(
        account=AccountId(draw(hex_64)),
        meter=draw(st.from_regex(r"[a-z][a-z0-9_-]{0,31}", fullmatch=True)),
        seq=seq,
        prev=NO_ENTRY if seq == 1 else EntryId(draw(hex_64.filter(lambda text: text != NO_ENTRY))),
        operation=operation,
        type=draw(st.from_regex(r"[a-z0-9][a-z0-9_-]{0,63}", fullmatch=True)),
        tokens=draw(amounts) if has_tokens else 0,
        cost=Cost(micro_dollars=draw(amounts)),
        balance=Balance(total=draw(balances), expiring=draw(amounts), lasting=draw(amounts)),
        created_at=draw(times),
        occurred_at=draw(times),
        request=draw(hex_64)[:32],
        open_number=draw(st.integers(1, 10**9)) if operation is Operation.OPEN else None,
        operator_key=draw(hex_64) if operation is Operation.OPEN else None,
        lot=draw(lots()) if operation is Operation.GRANT else None,
        ref=EntryId(draw(hex_64)) if operation in {Operation.REFUND, Operation.REVERSE} else None,
        totals=draw(totals()) if operation is Operation.CLOSE else None,
        level=draw(amounts) if operation is Operation.GAUGE else None,
        description=draw(st.none() | texts),
        description_hash=draw(st.none() | hex_64),
        usage=tuple(sorted(draw(st.lists(usage_lines(), max_size=3)))),
        prices=tuple(sorted(draw(st.sets(texts, max_size=3)))),
        actor=draw(st.none() | texts),
        group=draw(st.none() | texts),
        prompt=draw(st.none() | texts),
        payment=draw(st.none() | texts),
        orphans=tuple(EntryId(orphan) for orphan in draw(st.lists(hex_64, max_size=2))),
        content=draw(st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=40)),
    )


@st.composite
def lots(draw: st.DrawFn) -> LotTerms:
    """Any terms of a lot."""
    return LotTerms(
        source=draw(st.sampled_from(Source)),
        expires_at=draw(st.none() | times),
        priority=draw(st.integers(0, 9)),
    )


@st.composite
def totals(draw: st.DrawFn) -> CycleTotals:
    """Figures of a cycle small enough that their closing can be written."""
    small = st.integers(0, 10**13)
    return CycleTotals(
        start=draw(times),
        end=draw(st.none() | times),
        opening=draw(st.integers(-(10**13), 10**13)),
        granted=draw(small),
        purchased=draw(small),
        used=draw(small),
        refunded=draw(small),
        expired=draw(small),
        first_seq=draw(small),
        count=draw(small),
    )


@st.composite
def usage_lines(draw: st.DrawFn) -> UsageLine:
    """Any measured bucket."""
    return UsageLine(model=draw(texts), bucket=draw(texts), units=draw(amounts))


def signed(unsigned: UnsignedEvent) -> Event:
    """`unsigned`, signed by the ledger key of these tests."""
    return sign_event(unsigned, LEDGER)


def resealed(changes: Mapping[str, tuple[str, ...]], *, extra: Sequence[Tag] = ()) -> Event:
    """The debit's event with other tags, sealed again so that only the change is wrong."""
    event = event_from_entry(DEBIT, pubkey=LEDGER.pubkey)
    tags: list[Tag] = [(tag[0], *changes.get(tag[0], tag[1:])) for tag in event.tags[1:]]
    return signed(
        sealed_event(
            kind=event.kind,
            pubkey=event.pubkey,
            created_at=event.created_at,
            prefix="ai-usage-2026-02:",
            tags=[*tags, *extra],
            content="",
        )
    )


@given(entries())
def test_entry_event_entry_is_the_identity(entry: Entry) -> None:
    """Whatever can be written is read back as the very same entry."""
    event = event_from_entry(entry, pubkey=LEDGER.pubkey)
    assert entry == entry_from_event(_as_event(event))


def test_event_is_laid_out_as_the_protocol_says() -> None:
    """A debit has its tags in the order of the specification, under the usage prefix."""
    event = event_from_entry(DEBIT, pubkey=LEDGER.pubkey)
    assert event.tags[0][1].startswith("ai-usage-2026-02:")
    assert (
        ("p", ACCOUNT),
        ("s", f"{ACCOUNT[:32]}:tokens:17"),
        ("m", "2026-02"),
        ("v", "ul1"),
        ("seq", "17"),
        ("prev", "cd" * 32),
        ("op", "debit"),
        ("type", "magic-mentor"),
        ("tokens", "247"),
        ("cost", "0.370500", "USD"),
        ("balance", "5847", "847", "5000"),
        ("x", "0f" * 16),
    ) == event.tags[1:]


def test_two_entries_never_share_an_address() -> None:
    """Any change of an entry changes its d tag, so no relay replaces one by the other."""
    changed = replace(DEBIT, tokens=248)
    addresses = {event_from_entry(entry, pubkey=LEDGER.pubkey).tags[0][1] for entry in (DEBIT, changed)}
    assert 2 == len(addresses)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tokens": ("0247",)}, "plain whole number"),
        ({"tokens": ("-1",)}, "plain whole number"),
        ({"tokens": ("٣",)}, "plain whole number"),
        ({"tokens": ("1000000000000000",)}, "plain whole number"),
        ({"tokens": ("NaN",)}, "plain whole number"),
        ({"tokens": ("247", "x")}, "another length"),
        ({"cost": ("0.3705", "USD")}, "six decimals"),
        ({"cost": ("0.370500", "EUR")}, "USD"),
        ({"balance": ("-0", "0", "0")}, "plain whole number"),
        ({"op": ("steal",)}, "op has no value"),
        ({"op": ("refund",)}, "does not name the entry"),
        ({"op": ("grant",)}, "names its lot"),
        ({"op": ("plan",)}, "moves no tokens"),
        ({"type": ("Magic Mentor",)}, "another form"),
        ({"seq": ("1",)}, "contradict"),
        ({"seq": ("18",)}, "should be"),
        ({"m": ("2026-03",)}, "should be"),
        ({"v": ("ul2",)}, "should be"),
        ({"s": ("no slot",)}, "account:meter:seq"),
        ({"p": ("AB" * 32,)}, "another form"),
        ({"x": ("zz",)}, "another form"),
        ({"prev": ("cd",)}, "another form"),
    ],
)
def test_other_tags_are_refused(changes: dict[str, tuple[str, ...]], reason: str) -> None:
    """Sealed and signed as it should be, but with a tag that is not what the protocol spells: no entry."""
    with pytest.raises(EntryFormatError, match=reason):
        entry_from_event(resealed(changes))


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        ([("expiration", "1771080303")], "14 tags, not 13"),
        ([("-",)], "tags"),
        ([("tokens", "1")], "twice"),
        ([("at", str(FEBRUARY_14))], "tags"),
        ([("at", "253402300800")], "year 9999"),
        ([("o", "1")], "belongs to"),
        ([("level", "1")], "belongs to"),
        ([("usage", "b", "output", "1"), ("usage", "a", "output", "1")], "not sorted"),
        ([("usage", "a", "output")], "another length"),
        ([("price", "")], "empty"),
        ([("orphan", "zz")], "64 hex"),
        ([("lot", "stolen", "", "0")], "no source"),
        ([("close", "yesterday/..", *"000000000")], "UTC time"),
        ([("close", "2026-02-01T00:00:00Z/..", *"000000100")], "do not add up"),
    ],
)
def test_more_tags_are_refused(extra: list[Tag], reason: str) -> None:
    """Sealed and signed as it should be, but with a tag that does not belong there: no entry."""
    with pytest.raises(EntryFormatError, match=reason):
        entry_from_event(resealed({}, extra=extra))


def test_control_the_unchanged_event_is_accepted() -> None:
    """The events refused above differ from this one in what they name only."""
    assert DEBIT == entry_from_event(resealed({}))


def test_wrong_seal_is_refused() -> None:
    """A d tag that does not commit to the rest is no entry, however well signed."""
    event = event_from_entry(DEBIT, pubkey=LEDGER.pubkey)
    forged = replace(event, tags=(("d", "ai-usage-2026-02:" + "0" * 64), *event.tags[1:]))
    with pytest.raises(EntryFormatError, match="the d tag should be"):
        entry_from_event(signed(forged))


@pytest.mark.parametrize("text", ["line\nbreak", "bell\x07", "\x7f", "\x9b", "\ud800", "x" * 1_001])
def test_texts_that_libraries_disagree_on_are_not_written(text: str) -> None:
    """Control characters, surrogates and very long texts are refused before they are signed."""
    with pytest.raises(EntryFormatError, match="description"):
        event_from_entry(replace(DEBIT, description=text), pubkey=LEDGER.pubkey)


@pytest.mark.parametrize("moment", [-1, 253_402_300_800])
def test_months_exist_from_1970_to_9999(moment: int) -> None:
    """A time that no calendar shows has no month, and so no entry."""
    with pytest.raises(EntryFormatError):
        month_of(moment)


def _as_event(unsigned: UnsignedEvent) -> Event:
    return Event(
        id=unsigned.id,
        pubkey=unsigned.pubkey,
        created_at=unsigned.created_at,
        kind=unsigned.kind,
        tags=unsigned.tags,
        content=unsigned.content,
        sig="0" * 128,
    )
