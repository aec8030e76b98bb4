"""What was acknowledged is there, whoever dies and however many write."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from nostr_usage.store import Store

ROOT = Path(__file__).parents[2]

# Each writes "done N" only when the store has said that N is kept.
ACKNOWLEDGE = """
import sys
from pathlib import Path
from nostr_usage.store import Store
store = Store.open(Path(sys.argv[1]))
for number in range(1_000_000):
    store.write(lambda transaction: transaction.set_setting(f"write {number}", "kept"))
    print(f"done {number}", flush=True)
"""

ACKNOWLEDGE_TOO_EARLY = """
import sys
from pathlib import Path
from nostr_usage.store import Store
store = Store.open(Path(sys.argv[1]))
def work(transaction):
    for number in range(20):
        transaction.set_setting(f"write {number}", "kept")
        print(f"done {number}", flush=True)
    sys.stdin.read()
store.write(work)
"""

COUNT = """
import sys
from pathlib import Path
from nostr_usage.store import Store
with Store.open(Path(sys.argv[1])) as store:
    for _ in range(40):
        store.write(lambda transaction: transaction.set_setting(
            "counter", str(int(transaction.setting("counter") or 0) + 1)
        ))
"""


def acknowledged_before_the_kill(script: str, path: Path) -> list[str]:
    """Run the script, kill it without warning after its twentieth acknowledgement; what it acknowledged."""
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(20)]
        child.kill()
        lines += child.stdout.readlines()
    return [line.split()[1] for line in lines if line.endswith("\n")]


def kept(path: Path, numbers: list[str]) -> list[str]:
    """Which of the acknowledged writes are there."""
    with Store.open(path) as store, store.read() as reader:
        return [number for number in numbers if reader.setting(f"write {number}") == "kept"]


def test_acknowledged_writes_survive_a_kill(store_path: Path) -> None:
    """SIGKILL in the midst of writing loses nothing that a caller was told is kept."""
    Store.open(store_path, create=True).close()
    acknowledged = acknowledged_before_the_kill(ACKNOWLEDGE, store_path)
    assert len(acknowledged) >= 20
    assert acknowledged == kept(store_path, acknowledged)


def test_writes_before_the_commit_do_not(store_path: Path) -> None:
    """The control: a program that acknowledges inside its transaction loses all of it."""
    Store.open(store_path, create=True).close()
    acknowledged = acknowledged_before_the_kill(ACKNOWLEDGE_TOO_EARLY, store_path)
    assert 20 == len(acknowledged)
    assert [] == kept(store_path, acknowledged)


def test_processes_lose_no_update(store_path: Path) -> None:
    """Three processes that read a number and write one more never overwrite each other."""
    Store.open(store_path, create=True).close()
    children = [subprocess.Popen([sys.executable, "-c", COUNT, str(store_path)], cwd=ROOT) for _ in range(3)]
    assert [0, 0, 0] == [child.wait(timeout=60) for child in children]
    with Store.open(store_path) as store, store.read() as reader:
        assert "120" == reader.setting("counter")
