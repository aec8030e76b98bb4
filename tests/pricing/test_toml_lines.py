"""Where a key stands in a TOML file, so that an error can say it."""

from __future__ import annotations

import pytest

from nostr_usage.pricing.toml_lines import Path, line_of

TEXT = '''# a comment
name = "x"
text = """
inside = 1
[[plans]]
"""
"odd key" = 1
a.b = 2
other = \'\'\'one line\'\'\'

[[activities]]
name = "first"
estimate = { low = 1 }

[[activities.add_ons]]
name = "one"

[[activities.add_ons]]
name = "two" # = three

[[activities]]
name = "second"

[[activities.add_ons]]
name = "three"

[aims]  # of the operator
model = "m"
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("name",), 2),
        (("inside",), None),
        (("plans", 0), None),
        (("odd key",), 7),
        (("a", "b"), 8),
        (("other",), 9),
        (("activities",), 11),
        (("activities", 0), 11),
        (("activities", 0, "name"), 12),
        (("activities", 0, "estimate", "low"), 13),
        (("activities", 0, "add_ons", 1, "name"), 19),
        (("activities", 0, "add_ons", 1, "missing"), 18),
        (("activities", 1, "name"), 22),
        (("activities", 1, "add_ons", 0, "name"), 25),
        (("activities", 2), 11),
        (("aims", "model"), 28),
        (("missing",), None),
        ((), None),
    ],
)
def test_the_line_of_a_key_or_of_the_nearest_table_around_it(path: Path, line: int | None) -> None:
    """Lists are counted, long strings are passed over, inline tables have one line."""
    assert line == line_of(TEXT, path)
