"""Asking for what takes time: work runs in a thread, its result comes back as a message."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from textual.app import App
from textual.message import Message
from textual.worker import Worker, WorkerState

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

    class Broken(Message):
        """A fault of ours ended a thread; `group` says which."""

        def __init__(self, group: str, reason: str) -> None:
            super().__init__()
            self.group = group
            self.reason = reason

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

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A fault in a thread does not end the dashboard, and is not kept secret."""
        worker = cast("Worker[object]", event.worker)  # pyright: ignore[reportUnknownMemberType]  # untyped workers
        if event.state is WorkerState.ERROR:
            self.post_message(self.Broken(worker.group, f"{type(worker.error).__name__}: {worker.error}"))
