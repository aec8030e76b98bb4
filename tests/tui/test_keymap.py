"""Keys of the user's own: read, refused with a reason, obeyed, and told of wherever keys are told of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nostr_usage.errors import HomeError
from tests.tui.made_snapshots import dashboard, screen_text, settled
from tui.contracts import Options
from tui.dashboard import DashboardApp
from tui.keymap import FILE_NAME, keymap_of, load_keymap
from tui.keys import KEYS, spelled, spelled_of
from tui.look import Look

OWN = """
[keys]
pane.usage = "u"
"app.help" = ["h", "f2"]
app.money = "/"
history.filter = "ctrl+f"
usage.by = "v"
usage.picture = "b"
panel.close = "x"
"""


def app_with(text: str) -> DashboardApp:
    """A dashboard with these keys."""
    return dashboard(options=Options(look=Look(keymap=keymap_of(text))))


def test_a_file_names_actions_and_their_keys(tmp_path: Path) -> None:
    """As people write them; without a file nothing is changed."""
    assert {} == load_keymap(tmp_path / FILE_NAME)
    (tmp_path / FILE_NAME).write_text(OWN, encoding="utf-8")
    keymap = load_keymap(tmp_path / FILE_NAME)
    assert ("h", "f2") == keymap["app.help"]
    assert ("slash",) == keymap["app.money"]
    assert ("ctrl+f",) == keymap["history.filter"]


@pytest.mark.parametrize(
    ("text", "said", "advice"),
    [
        ("[keys", "not TOML", ""),
        ("[theme]\nname = 'x'", "unknown table or key 'theme'", "[keys]"),
        ("keys = 3", "keys is not a table", "[keys]"),
        (
            "[keys]\nhistory.filtre = 'f'",
            "there is no action 'history.filtre'",
            "Did you mean history.filter?",
        ),
        ("[keys]\nwhatever = 'f'", "there is no action 'whatever'", "docs/dashboard.md"),
        ("[keys]\napp.quit = 3", "app.quit is neither a key nor a list", "app.quit ="),
        ("[keys]\napp.quit = []", "app.quit is neither a key nor a list", "app.quit ="),
        ("[keys]\napp.quit = ['a', 3]", "app.quit is neither a key nor a list", "app.quit ="),
        ("[keys]\napp.quit = 'pgupp'", "app.quit: there is no key 'pgupp'", "pageup"),
        ("[keys]\napp.quit = ''", "app.quit: there is no key ''", "pageup"),
        ("[keys]\napp.quit = 'hold+x'", "app.quit: there is no key 'hold+x'", "pageup"),
        ("[keys]\napp.quit = '\\u001b'", "there is no key", "pageup"),
        ("[keys]\nhistory.sort = 't'", "key 't' is both history.sort and history.jump", "another key"),
        ("[keys]\nusage.by = '?'", "key '?' is both app.help and usage.by", "another key"),
        ("[keys]\nusage.by = 'k'", "key 'k' is both usage.by and table.up", "another key"),
        ("[keys]\npanel.close = 'y'", "key 'y' is both", "another key"),
    ],
    ids=str,
)
def test_what_cannot_be_used_is_named_with_a_way_out(text: str, said: str, advice: str) -> None:
    """Nothing is guessed, and nothing silently ignored."""
    with pytest.raises(HomeError) as caught:
        keymap_of(text)
    assert said in caught.value.message
    assert advice in caught.value.advice


def test_the_file_is_named_in_what_is_wrong_with_it(tmp_path: Path) -> None:
    """Also where it cannot be read at all."""
    path = tmp_path / FILE_NAME
    for data in (b"[keys", b"\xff\xfe", b"#" * 200_000):
        path.write_bytes(data)
        with pytest.raises(HomeError, match=r"dashboard\.toml"):
            load_keymap(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(HomeError, match="cannot be read"):
        load_keymap(path)


async def test_own_keys_work_and_the_old_ones_do_not() -> None:
    """On a pane, in the app, in a box; two keys may change places."""
    app = app_with(OWN)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("u")
        await settled(app, pilot)
        usage = screen_text(app)
        await pilot.press("b")
        assert "-balance" in app.usage.classes
        await pilot.press("slash")
        await settled(app, pilot)
        money = screen_text(app)
        await pilot.press("1", "2")
        await settled(app, pilot)
        still = screen_text(app)
        await pilot.press("h")
        await settled(app, pilot)
        helped = screen_text(app)
        await pilot.press("x")
        await settled(app, pilot)
        closed = screen_text(app)
    assert "[u Usage]" in usage
    assert "tokens · UTC" in money
    assert "tokens + $" not in money
    assert "[1 Balance]" in still
    assert "h f2" in helped
    assert "x Back" in helped
    assert "Everywhere" not in closed


async def test_footer_and_palette_tell_of_own_keys() -> None:
    """Nobody is told of a key that does something else."""
    app = app_with(OWN)
    async with app.run_test(size=(100, 30)) as pilot:
        assert "h f2 Help" in screen_text(app)
        await pilot.press("u")
        await settled(app, pilot)
        assert "v By" in screen_text(app)
        await pilot.press("colon", *"where the tokens")
        await pilot.pause(0)
        await app.workers.wait_for_complete()  # pyright: ignore[reportUnknownMemberType]  # untyped workers
        await pilot.pause()
        assert "key u" in screen_text(app)


def test_sentences_tell_of_own_keys() -> None:
    """Press this, press that."""
    look = Look()
    assert "m" == spelled_of("balance.renewal", look)
    assert "F" == spelled_of("balance.renewal", replace(look, keymap={"balance.renewal": ("F", "f9")}))
    quitting = next(key for key in KEYS if key.id == "app.quit")
    assert "q" == spelled(quitting, look)
    assert "/ space" == spelled(quitting, replace(look, keymap={"app.quit": ("slash", "space")}))
