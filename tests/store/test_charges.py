"""Which requests were charged more than once, found in what is kept; and requests to delete."""

from __future__ import annotations

import pytest

from nostr_usage.ledger.entry import Operation
from nostr_usage.store import Store, charges
from nostr_usage.store.charges import CHARGED_AGAIN_MAX
from tests.store.ledger_lines import Stream


def charged_again(store: Store, requests: list[int], *, after_seq: int) -> list[tuple[int, int]]:
    """(seq, first seq) of the debits after an entry that charge again; a request is a small number."""
    stream = Stream()
    lines = [stream.line(request=f"{number:032x}") for number in requests]
    stream_no, _ = store.write(lambda transaction: stream.append(transaction, lines))
    with store.read() as reader:
        found = reader.charged_again(stream_no, after_seq=after_seq)
    assert [(lines[line.seq - 1].entry_id, f"{requests[line.seq - 1]:032x}") for line in found] == [
        (line.entry_id, line.request) for line in found
    ]
    return [(line.seq, line.first_seq) for line in found]


@pytest.mark.parametrize("at_once", [1, 2, 5, 50_000])
def test_a_request_below_and_one_above_are_found(
    store: Store, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """Each debit is named with the first of its request, wherever that stands, however many are compared."""
    monkeypatch.setattr(charges, "COMPARED_AT_ONCE_MAX", at_once)
    assert [(5, 1), (6, 4), (8, 1), (9, 4)] == charged_again(store, [1, 2, 3, 4, 1, 4, 5, 1, 4], after_seq=3)


def test_what_was_compared_before_is_not_named_again(store: Store) -> None:
    """Repeats below the point that was asked about are left to whoever looked there."""
    assert [] == charged_again(store, [1, 1, 2, 2, 3, 4], after_seq=4)


def test_only_debits_count(store: Store) -> None:
    """A refund under the request of its debit is no second charge."""
    stream = Stream()
    lines = [
        stream.line(request=f"{1:032x}"),
        stream.line(operation=Operation.REFUND, request=f"{1:032x}"),
        stream.line(operation=Operation.MEMO, request=f"{1:032x}"),
    ]
    stream_no, _ = store.write(lambda transaction: stream.append(transaction, lines))
    with store.read() as reader:
        assert () == reader.charged_again(stream_no, after_seq=0)


def test_repeats_without_end_are_named_to_a_bound(store: Store) -> None:
    """Whoever signs may charge as often as they like; the answer ends."""
    found = charged_again(store, [7] * (CHARGED_AGAIN_MAX + 500), after_seq=1)
    assert [(seq, 1) for seq in range(2, CHARGED_AGAIN_MAX + 2)] == found


def test_requests_to_delete_are_kept_as_they_came(store: Store) -> None:
    """By id, each once; other settings are none of them."""
    store.write(lambda transaction: transaction.set_setting("deletions", "2"))
    for event_id, text in (("cd" * 32, "{2}"), ("ab" * 32, "{1}"), ("ab" * 32, "{3}")):
        store.write(
            lambda transaction, event_id=event_id, text=text: transaction.add_deletion_request(event_id, text)
        )
    with store.read() as reader:
        assert [("ab" * 32, "{1}"), ("cd" * 32, "{2}")] == [tuple(row) for row in reader.deletion_requests()]
