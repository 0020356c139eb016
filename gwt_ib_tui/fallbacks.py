"""What stands for each character that we draw where a terminal has ASCII alone: the one table, a cell for a cell.

A terminal has more where its locale is UTF-8 and its `TERM` names none of those whose fonts are small. `GWT_IB_GLYPHS`
(`ascii` or `unicode`) decides where that is wrong.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

_PLAIN_TERMINALS = ("linux", "vt", "ansi", "cons25", "sun", "wy")
"""How `TERM` begins where the font lacks most of what we draw."""

FALLBACKS: Mapping[str, str] = {
    # States, marks, events.
    **dict.fromkeys("■▪", "#"),
    **dict.fromkeys("●•", "*"),
    **dict.fromkeys("○◌∘", "o"),
    "⊚": "@",
    "✓": "+",
    **dict.fromkeys("✗×⨯✕", "x"),
    "⊗": "X",
    **dict.fromkeys("▲⚠", "!"),
    "△": "o",
    "▼": "v",
    "↯": "!",
    "⋔": "Y",
    "↺": "<",
    "↻": "R",
    "◆": "*",
    "◈": "V",
    "◇": "W",
    "∴": ":",
    "▸": ">",
    "▶": ">",
    "›": ">",
    "‹": "<",
    "▴": "^",
    "▾": "v",
    "‖": "|",
    # Lines and arrows.
    **dict.fromkeys("─━╌╍┄┅┈┉╴╶╸╺═⎯", "-"),
    **dict.fromkeys("│┃╎╏┆┇┊┋╵╷╹╻║", "|"),
    **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╯╰┏┓┗┛┣┫┳┻╋╔╗╚╝╠╣╦╩╬", "+"),
    "→": ">",
    "←": "<",
    "↑": "^",
    "↓": "v",
    # Keys: where there is room they are words instead.
    "⏎": "<",
    "↵": "<",
    "⇧": "^",
    "⌫": "<",
    # Words and numbers.
    **dict.fromkeys("–—−‐‑", "-"),
    **dict.fromkeys("…·", "."),
    **dict.fromkeys("‘’", "'"),
    **dict.fromkeys("“”", '"'),
    "±": "~",
    "≈": "~",
    "≤": "<",
    "≥": ">",
    "Δ": "d",
    "δ": "d",
    "λ": "l",
    "µ": "u",
    "μ": "u",
    "ρ": "r",
    "σ": "s",
    "√": "v",
    "∞": "8",
    "²": "2",
    # Blocks: how much of the cell is filled.
    **dict.fromkeys("▏▎▍▌", "|"),
    **dict.fromkeys("▊▋▉█▐▓", "#"),
    **dict.fromkeys("▔▀▝▘▛▜", "'"),
    **dict.fromkeys("▁▂▖▗", "_"),
    **dict.fromkeys("▃▄▙▟", "="),
    **dict.fromkeys("▅▆▇▚▞", "#"),
    "▕": "|",
    "░": ":",
    "▒": "%",
    "⠀": " ",
    "🔎": "/ ",  # of the command palette, two cells
}
KEY_WORDS: Mapping[str, str] = {
    "⏎": "enter",
    "⌫": "backspace",
    "⇧": "shift+",
    "←": "left",
    "→": "right",
    "↑": "up",
    "↓": "down",
}
"""Names of keys in words, as the key bar and the help have them in ASCII."""


def as_ascii(letter: str) -> str:
    """A character as ASCII in as many cells; `?` for one that is neither in the table nor a letter with marks."""
    if letter in FALLBACKS:
        return FALLBACKS[letter]
    if 0x2800 < ord(letter) < 0x2900:  # braille: by how many of the dots
        return ".:+#"[(ord(letter) - 0x2800).bit_count() // 2 - (ord(letter) == 0x28FF)]
    width = 2 if unicodedata.east_asian_width(letter) in ("W", "F") else 0 if unicodedata.combining(letter) else 1
    plainer = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return plainer if len(plainer) == width else "?" * width


def in_ascii(text: str) -> str:
    """A text cell for cell in ASCII."""
    return text if text.isascii() else "".join(letter if letter.isascii() else as_ascii(letter) for letter in text)


def keys_in_words(shown: str) -> str:
    """Keys such as `⇧← ⏎` in ASCII: `shift+left enter`."""
    for glyph, words in KEY_WORDS.items():
        shown = shown.replace(glyph, words)
    return in_ascii(shown)


def shows_unicode(environment: Mapping[str, str]) -> bool:
    """Whether the terminal that these variables describe shows more than ASCII.

    Python makes a locale `C` one with UTF-8 for itself and says so in `LC_CTYPE`; the terminal does not change by that.
    """
    wanted = environment.get("GWT_IB_GLYPHS", "").lower()
    if wanted in ("ascii", "unicode"):
        return wanted == "unicode"
    if environment.get("TERM", "").startswith(_PLAIN_TERMINALS):
        return False
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    if environment.get("LC_CTYPE") in ("C.UTF-8", "C.utf8", "UTF-8"):
        names = ("LC_ALL", "LANG", "LC_CTYPE")
    locale = next((value for name in names if (value := environment.get(name))), "")
    return not locale or "utf" in locale.lower().replace("-", "")
