"""Words three lines tall, for the one word that has to be seen from across the room."""

from __future__ import annotations

_LETTERS = {
    "A": ("▄▀▄", "█▀█", "▀ ▀"),
    "F": ("█▀▀", "█▀ ", "▀  "),
    "I": ("█", "█", "▀"),
    "L": ("█  ", "█  ", "▀▀▀"),
    "P": ("█▀▄", "█▀ ", "▀  "),
    "S": ("▄▀▀", "▀▀▄", "▀▀ "),
    "T": ("▀█▀", " █ ", " ▀ "),
    "W": ("█   █", "█▄█▄█", " ▀ ▀ "),
}
HEIGHT = 3


def big_word(word: str) -> list[str]:
    """The word in capitals as three lines; as itself in the middle one where a letter has no drawing."""
    letters = [_LETTERS.get(letter) for letter in word.upper()]
    if not letters or None in letters:
        return [" " * len(word), word.upper(), " " * len(word)]
    return [" ".join(letter[row] for letter in letters if letter) for row in range(HEIGHT)]
