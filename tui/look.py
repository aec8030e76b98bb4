"""How things are drawn: glyphs, zone, and text in columns. Every string from outside passes `Look.text`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from enum import StrEnum

from rich.cells import cell_len, set_cell_size

from nostr_usage.safe_text import safe_text

MINUS = "\N{MINUS SIGN}"
_EIGHTHS = " ▏▎▍▌▋▊▉"


Keymap = Mapping[str, tuple[str, ...]]
"""By the name of an action, its keys as Textual spells them."""


class Money(StrEnum):
    """What amounts are shown in; the header says which."""

    BOTH = "tokens + $"
    TOKENS = "tokens"
    DOLLARS = "$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyphs:
    """The signs that carry meaning; each is drawn in one cell everywhere."""

    good: str
    bad: str
    doubt: str
    warning: str
    local: str
    under_way: str
    live: str
    paused: str
    cursor: str
    ellipsis: str
    dot: str
    rule: str
    full: str
    empty: str
    minus: str
    up: str
    down: str
    star: str
    shades: str
    heat: str


UNICODE_GLYPHS = Glyphs(
    good="✓",
    bad="✗",
    doubt="?",
    warning="▲",
    local="○",
    under_way="◐",
    live="●",
    paused="‖",
    cursor="▸",
    ellipsis="…",
    dot="·",
    rule="─",
    full="█",
    empty="·",
    minus=MINUS,
    up="▲",
    down="▼",
    star="★",
    shades=" ▁▂▃▄▅▆▇█",
    heat="·░▒▓█",
)
ASCII_GLYPHS = Glyphs(
    good="+",
    bad="X",
    doubt="?",
    warning="!",
    local="o",
    under_way="~",
    live="*",
    paused="=",
    cursor=">",
    ellipsis="~",
    dot="|",
    rule="-",
    full="#",
    empty=".",
    minus="-",
    up="^",
    down="v",
    star="*",
    shades=" .:-=+*#@",
    heat=".:+*#",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the user chose about drawing.

    Attributes:
        is_ascii: only ASCII leaves this program.
        zone: of every time on screen; it is always printed.
        money: whether amounts are tokens, dollars or both.
        keymap: keys of the user's own, which are told of instead of ours.
    """

    is_ascii: bool = False
    zone: tzinfo = UTC
    money: Money = Money.BOTH
    keymap: Keymap = field(default_factory=dict[str, tuple[str, ...]])

    @property
    def shows_tokens(self) -> bool:
        """Whether amounts are shown in tokens."""
        return self.money is not Money.DOLLARS

    @property
    def shows_dollars(self) -> bool:
        """Whether amounts are shown in dollars."""
        return self.money is not Money.TOKENS

    @property
    def glyphs(self) -> Glyphs:
        """The signs to draw with."""
        return ASCII_GLYPHS if self.is_ascii else UNICODE_GLYPHS

    def text(self, text: str, *, length_max: int = 300) -> str:
        """Text from outside, safe to draw on one line."""
        safe = safe_text(text, length_max=length_max)
        return safe.encode("ascii", "replace").decode("ascii") if self.is_ascii else safe

    def own(self, text: str) -> str:
        """Text of our own, in the characters that the user wants."""
        if not self.is_ascii:
            return text
        plain = text.replace(" · ", " | ").replace("…", "~").replace(MINUS, "-").replace("→", "->")
        return plain.replace("–", "-").encode("ascii", "replace").decode("ascii")

    def fit(self, text: str, width: int, *, right: bool = False) -> str:
        """`text` in exactly `width` cells; what is too long ends in an ellipsis."""
        if width <= 0:
            return ""
        length = cell_len(text)
        if length > width:
            return set_cell_size(text, width - 1) + self.glyphs.ellipsis
        gap = " " * (width - length)
        return gap + text if right else text + gap

    def bar(self, part: int, whole: int, width: int) -> tuple[str, str]:
        """The full and the empty part of a bar of `width` cells; in eighths of a cell if possible."""
        if whole <= 0 or part <= 0:
            return "", self.glyphs.empty * width
        eighths = min(part, whole) * width * 8 // whole
        cells, rest = divmod(eighths, 8)
        full = self.glyphs.full * cells
        if not self.is_ascii and rest:
            full += _EIGHTHS[rest]
        return full, self.glyphs.empty * (width - len(full))

    def spark(self, values: tuple[int, ...]) -> str:
        """One column for each value, from nothing to the greatest of them."""
        shades = self.glyphs.shades
        top = max(values, default=0)
        if top <= 0:
            return shades[0] * len(values)
        steps = len(shades) - 1
        return "".join(shades[-(-max(value, 0) * steps // top)] for value in values)

    def moment(self, unix_time: int) -> datetime:
        """A unix time in the zone of the screen."""
        return datetime.fromtimestamp(unix_time, self.zone)

    def zone_name(self, unix_time: int) -> str:
        """What the zone is called at that time: `UTC`, `CET`."""
        return self.moment(unix_time).tzname() or "local"
