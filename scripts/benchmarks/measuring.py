"""Rounds, medians and spread; a ratio is taken round by round, so that a slow machine slows both sides."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

Measure = Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: `ours` against `peer`, both in `unit`; `ratio` is ours ÷ peer, round by round.

    `goal` is what the ratio should reach, as text such as `≥ 0.75`; empty where there is none.
    """

    name: str
    entries: int
    ours: float
    peer: float
    peer_name: str
    unit: str
    ratio: float
    ratio_low: float
    ratio_high: float
    goal: str
    rounds: int
    note: str = ""


@dataclass(slots=True)
class Table:
    """The rows so far, printed as they come."""

    rows: list[Row] = field(default_factory=list[Row])

    def add(self, row: Row) -> None:
        """Keep and print a row."""
        if not self.rows:
            print(_line(*_HEADER))
        self.rows.append(row)
        spread = f"{row.ratio_low:.2f}–{row.ratio_high:.2f}"
        figures = (f"{row.ours:,.0f}", f"{row.peer:,.0f}", f"{row.ratio:.2f}", spread)
        print(_line(row.name, f"{row.entries:,}", *figures, row.goal, f"{row.unit} against {row.peer_name}"))

    def as_json(self) -> list[dict[str, object]]:
        """The rows for programs."""
        return [asdict(row) for row in self.rows]


def compare(
    name: str,
    ours: Measure,
    peer: Measure,
    *,
    entries: int,
    peer_name: str,
    unit: str,
    goal: str = "",
    rounds: int = 3,
) -> Row:
    """Measure both in turn, `rounds` times."""
    pairs = [(ours(), peer()) for _ in range(rounds)]
    return row_of(name, pairs, entries=entries, peer_name=peer_name, unit=unit, goal=goal)


def row_of(
    name: str,
    pairs: Sequence[tuple[float, float]],
    *,
    entries: int,
    peer_name: str,
    unit: str,
    goal: str = "",
) -> Row:
    """A row from pairs (ours, peer) that were measured one after the other."""
    ratios = [mine / theirs for mine, theirs in pairs]
    return Row(
        name=name,
        entries=entries,
        ours=statistics.median(mine for mine, _ in pairs),
        peer=statistics.median(theirs for _, theirs in pairs),
        peer_name=peer_name,
        unit=unit,
        ratio=statistics.median(ratios),
        ratio_low=min(ratios),
        ratio_high=max(ratios),
        goal=goal,
        rounds=len(pairs),
    )


_HEADER = ("row", "entries", "ours", "peer", "ratio", "spread", "goal", "")


def _line(*cells: str) -> str:
    name, entries, ours, peer, ratio, spread, goal, text = cells
    return f"{name:<28} {entries:>9} {ours:>10} {peer:>10} {ratio:>6} {spread:>11} {goal:>7}  {text}"
