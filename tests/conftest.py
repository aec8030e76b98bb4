"""Hypothesis runs the same examples every time: a failure that one run finds, every run finds."""

from __future__ import annotations

from hypothesis import settings

# No deadline: on a busy machine the first example of a strategy can take a second.
settings.register_profile("repeatable", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("repeatable")
