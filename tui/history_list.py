"""The entries of a stream by their place in a list: all of them, or those that a filter finds.

Nothing is loaded ahead: without a filter a place in the list is a place in the stream, with one it is looked
up in an array of places. Rows are read by the page, and only some pages are kept.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable

from nostr_usage.errors import HomeError
from nostr_usage.report import rows_at
from nostr_usage.reporting.filtering import Chip, conditions_of
from nostr_usage.store import Order, Store, StreamRow
from nostr_usage.views import HistoryRow

PAGE_ROWS = 50
PAGES_MAX = 40


class HistoryList:
    """Entries by index; made by `find`, and not changed by entries that come later."""

    def __init__(
        self,
        store: Store,
        stream: StreamRow,
        *,
        chips: tuple[Chip, ...],
        order: Order,
        seqs: array[int] | None,
        sums: tuple[int, int] | None,
    ) -> None:
        self.stream = stream
        self.chips = chips
        self.order = order
        self.sums = sums
        """Tokens and micro-dollars of what was found; None for the whole stream, whose balance says it."""
        self._store = store
        self._seqs = seqs
        self._by_seq: array[int] | None = None
        self._pages: OrderedDict[int, tuple[HistoryRow | None, ...]] = OrderedDict()

    @property
    def count(self) -> int:
        """How many entries there are in the list."""
        return self.stream.seq if self._seqs is None else len(self._seqs)

    def seq(self, index: int) -> int:
        """The place in the stream of the entry at `index`."""
        if self._seqs is not None:
            return self._seqs[index]
        return self.stream.seq - index if self.order is Order.NEWEST else index + 1

    def index(self, seq: int) -> int | None:
        """The place in the list of an entry; None if it is not there."""
        if self._seqs is None:
            found = self.stream.seq - seq if self.order is Order.NEWEST else seq - 1
            return found if 0 <= found < self.count else None
        try:
            return self._seqs.index(seq)
        except ValueError:
            return None

    def hit(self, seq: int, *, is_newer: bool) -> tuple[int, int] | None:
        """The nearest entry of a filtered list that is newer, or older, than `seq`; None if there is none.

        Its place in the stream, and its number among all that were found; the newest is 1.
        """
        if self._by_seq is None:
            self._by_seq = array("q", sorted(self._seqs or ()))
        found = bisect_right(self._by_seq, seq) if is_newer else bisect_left(self._by_seq, seq) - 1
        if not 0 <= found < len(self._by_seq):
            return None
        return self._by_seq[found], len(self._by_seq) - found

    def row(self, index: int) -> HistoryRow | None:
        """The entry at `index`; None if the store cannot be read now."""
        number, place = divmod(index, PAGE_ROWS)
        page = self._pages.get(number)
        if page is None:
            page = self._read(number)
            self._pages[number] = page
            while len(self._pages) > PAGES_MAX:
                self._pages.popitem(last=False)
        self._pages.move_to_end(number)
        return page[place] if place < len(page) else None

    def first_before(self, end: int) -> int:
        """The index of the newest entry that happened before `end`, in a list by time; the last if none did.

        Places are by commit, and a late action may stand some places after its time: the answer is the
        boundary that a search by halves finds.
        """
        low, high = 0, max(0, self.count - 1)
        while low < high:
            middle = (low + high) // 2
            row = self.row(middle)
            is_before = row is not None and row.occurred_at < end
            if is_before is (self.order is not Order.OLDEST):
                high = middle
            else:
                low = middle + 1
        return low

    def _read(self, number: int) -> tuple[HistoryRow | None, ...]:
        start = number * PAGE_ROWS
        seqs = [self.seq(index) for index in range(start, min(start + PAGE_ROWS, self.count))]
        try:
            with self._store.read() as reader:
                rows = rows_at(reader, self.stream, seqs)
        except HomeError:
            return (None,) * len(seqs)
        return tuple(rows.get(seq) for seq in seqs)


def find(
    store: Store, stream_of: Callable[[], StreamRow | None], *, chips: tuple[Chip, ...], order: Order
) -> HistoryList | None:
    """The entries that `chips` find, in `order`; None while the stream has none. May take a second.

    Raises:
        HomeError: if the store cannot be read.
    """
    stream = stream_of()
    if stream is None:
        return None
    seqs, sums = None, None
    if chips or order not in {Order.NEWEST, Order.OLDEST}:
        with store.read() as reader:
            matches = reader.matching(stream.stream_no, conditions_of(chips), order=order)
        seqs, sums = matches.seqs, (matches.tokens, matches.cost)
    return HistoryList(store, stream, chips=chips, order=order, seqs=seqs, sums=sums)
