"""Our own colours: dark, light, high contrast, and one for colour-blind eyes.

Every colour that text is drawn in has a contrast of 4.5 to 1 or more on every background here, and no
meaning hangs on a colour alone. The two ANSI themes, which take the terminal's own colours, are Textual's.
"""

from __future__ import annotations

from textual.theme import Theme

TEXT_COLOURS = ("foreground", "primary", "secondary", "success", "warning", "error", "accent")
BACKGROUNDS = ("background", "surface", "panel")


def _theme(
    name: str,
    *,
    dark: bool,
    foreground: str,
    muted: str,
    background: str,
    surface: str,
    panel: str,
    border: str,
    primary: str,
    secondary: str,
    success: str,
    warning: str,
    error: str,
    cursor: tuple[str, str],
) -> Theme:
    text, fill = cursor
    return Theme(
        name=name,
        dark=dark,
        foreground=foreground,
        background=background,
        surface=surface,
        panel=panel,
        primary=primary,
        secondary=secondary,
        accent=secondary,
        success=success,
        warning=warning,
        error=error,
        text_alpha=1.0,
        variables={
            "text": foreground,
            "text-muted": muted,
            "border": border,
            "border-blurred": border,
            "block-cursor-foreground": text,
            "block-cursor-background": fill,
            "block-cursor-text-style": "none",
            "block-cursor-blurred-foreground": text,
            "block-cursor-blurred-background": fill,
            "footer-foreground": muted,
            "footer-background": surface,
            "footer-key-foreground": primary,
            "footer-description-foreground": foreground,
            "input-selection-background": fill,
            "scrollbar": border,
            "scrollbar-background": background,
        },
    )


THEMES = (
    _theme(
        "credits-dark",
        dark=True,
        foreground="#e6e9ef",
        muted="#98a2b3",
        background="#11151c",
        surface="#161b24",
        panel="#1c2330",
        border="#344054",
        primary="#7cb7ff",
        secondary="#c4a7ff",
        success="#5fd39a",
        warning="#f2c14e",
        error="#ff8f8f",
        cursor=("#ffffff", "#2b4a75"),
    ),
    _theme(
        "credits-light",
        dark=False,
        foreground="#1b2330",
        muted="#556070",
        background="#fbfbf9",
        surface="#f3f4f2",
        panel="#eceeed",
        border="#b9c0c8",
        primary="#1456a8",
        secondary="#6a3db0",
        success="#14693f",
        warning="#7d5200",
        error="#a9211f",
        cursor=("#0e1a2b", "#cfe2fa"),
    ),
    _theme(
        "credits-contrast",
        dark=True,
        foreground="#ffffff",
        muted="#d0d0d0",
        background="#000000",
        surface="#000000",
        panel="#000000",
        border="#ffffff",
        primary="#7fd4ff",
        secondary="#e0b3ff",
        success="#5cff9d",
        warning="#ffe14d",
        error="#ff9c9c",
        cursor=("#000000", "#ffffff"),
    ),
    # Sky blue, orange, yellow and vermillion of Okabe and Ito, lightened where text needs it.
    _theme(
        "credits-cb",
        dark=True,
        foreground="#ececec",
        muted="#a3a9b3",
        background="#12141a",
        surface="#181b22",
        panel="#1f232c",
        border="#3d4452",
        primary="#56b4e9",
        secondary="#cc9ec0",
        success="#56b4e9",
        warning="#f0e442",
        error="#f08a3c",
        cursor=("#ffffff", "#234f6e"),
    ),
)
