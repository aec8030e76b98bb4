"""Asking for what takes time: work runs in a thread, its result comes back as a message."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from textual.app import App
from textual.message import Message

from nostr_usage.errors import NostrUsageError

T = TypeVar("T")


class AskingApp(App[int]):
    """An app that never waits for a store."""

    class Done(Message):
        """Something that was asked for is there; `then` uses it."""

        def __init__(self, then: Callable[[], None]) -> None:
            super().__init__()
            self.then = then

    class Failed(Message):
        """Something that was asked for cannot be had."""

        def __init__(self, error: NostrUsageError) -> None:
            super().__init__()
            self.error = error

    def ask(self, work: Callable[[], T], then: Callable[[T], None], *, group: str) -> None:
        """Run `work` in a thread, then `then` here with what it gave; what it raises is told.

        What was asked for before in the same `group` may still come; `then` must not mind.
        """

        def run() -> None:
            try:
                value = work()
            except NostrUsageError as error:
                self.post_message(self.Failed(error))
                return
            self.post_message(self.Done(lambda: then(value)))

        self.run_worker(run, thread=True, exclusive=True, group=group, exit_on_error=False)

    def on_asking_app_done(self, message: Done) -> None:
        """Use what was asked for."""
        message.then()
