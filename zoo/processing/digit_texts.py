"""Texts of digits to the digits themselves."""

from __future__ import annotations

import re
from typing import Any

from zoo.errors import InputError

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
LONGEST = 200  # digits of a text
_BETWEEN = re.compile(r"[\s,;-]+")
_DIGITS = re.compile(r"[0-9]+")


def to_digits(raw: Any) -> list[int]:
    """The digits of a text: "3 1 4", "314", "three one four", or a mixture of these.

    Digits and words may have white space, commas, semicolons and hyphens between them.

    Raises:
        InputError: It is no text, has no digit, too many, or anything else in it.
    """
    if not isinstance(raw, str):
        raise InputError(f"Received a {type(raw).__name__}; needed is a text of digits.")
    pieces = [piece for piece in _BETWEEN.split(raw.lower()) if piece]
    digits: list[int] = []
    for piece in pieces:
        if not _DIGITS.fullmatch(piece) and piece not in WORDS:
            raise InputError(
                f"Received {piece[:40]!r} in the text; it says digits: write 3 1 4, 314 or three "
                "one four."
            )
        digits += [WORDS.index(piece)] if piece in WORDS else [int(one) for one in piece]
    if not digits or len(digits) > LONGEST:
        raise InputError(f"Received a text of {len(digits)} digits; give 1 to {LONGEST}.")
    return digits
