"""The names of the themes, for the command line: their colours need Textual, which is slow to load."""

DEFAULT_THEME = "credits-dark"
NO_COLOUR_THEME = "ansi-dark"
THEME_NAMES = (
    DEFAULT_THEME,
    "credits-light",
    "credits-contrast",
    "credits-cb",
    NO_COLOUR_THEME,
    "ansi-light",
)
