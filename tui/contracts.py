"""What the dashboard needs of others: snapshots, lists, proofs; somebody who keeps the store up to date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from nostr_usage.ledger.entry import AccountId
from nostr_usage.reporting.filtering import Chip
from nostr_usage.reporting.periods import Length
from nostr_usage.store import Order
from nostr_usage.views import MonthView
from tui.exporting import Format
from tui.history_list import HistoryList
from tui.look import Look
from tui.preferences import Preferences
from tui.snapshot import AccountChoice, Snapshot
from tui.theme_names import DEFAULT_THEME

if TYPE_CHECKING:
    # Loads what checks signatures, and the first frame shows no proof.
    from nostr_usage.proof import EntryProof, PastView
    from nostr_usage.reporting.usage import UsageView


class Source(Protocol):
    """Where everything on screen comes from; all but `has_changed` may be asked from any thread."""

    def accounts(self) -> Sequence[AccountChoice]:
        """The accounts to choose from."""
        ...

    def snapshot(self, account: AccountId) -> Snapshot:
        """Everything on the first screen, now."""
        ...

    def glance(self, account: AccountId) -> Snapshot:
        """As much of the first screen as is there at once."""
        ...

    def has_changed(self) -> bool:
        """Whether a snapshot taken now may differ from the last."""
        ...

    def find(self, account: AccountId, chips: tuple[Chip, ...], order: Order) -> HistoryList | None:
        """The entries that a filter finds."""
        ...

    def month(self, account: AccountId, month: str) -> MonthView | None:
        """One month (`2026-02`, UTC)."""
        ...

    def usage(self, account: AccountId, length: Length, day: date | None) -> UsageView | None:
        """The use of the period of that length with that day (None is today) in it."""
        ...

    def prove(self, account: AccountId, seq: int) -> EntryProof | None:
        """Every check of one entry."""
        ...

    def past(self, account: AccountId, seq: int) -> PastView | None:
        """The balance after one entry."""
        ...

    def diagnostics(self) -> tuple[tuple[str, str], ...]:
        """What a bug report should say."""
        ...

    def report(
        self, account: AccountId, month: str, format_name: str, directory: Path, *, has_descriptions: bool
    ) -> Path:
        """Write the report of a month (`2026-02`, UTC) to a new file."""
        ...

    def export(self, entries: HistoryList, format_: Format, directory: Path) -> Path:
        """Write a list to a new file."""
        ...


class Following(Protocol):
    """Something that keeps the store up to date."""

    def run(self) -> None:
        """Go on until stopped."""
        ...

    def stop(self) -> None:
        """Stop soon."""
        ...


def _forget(_preferences: Preferences) -> None:
    """For tests and pictures, which leave no trace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the dashboard is to run; `is_remote` draws less often, exports go to `directory`.

    `remember` keeps, as `preferences`, what is to be as it is at the next start.
    """

    theme: str = DEFAULT_THEME
    look: Look = field(default_factory=Look)
    has_colour: bool = True
    is_remote: bool = False
    directory: Path = field(default_factory=Path)
    preferences: Preferences = field(default_factory=Preferences)
    remember: Callable[[Preferences], None] = _forget
