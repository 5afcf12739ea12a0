r"""Mends an answer that holds half a character, so that one account's broken text does not hide a whole page.

JSON text may carry half of a surrogate pair (`\ud83d` alone: a name that was cut in the middle of an emoji) and a
byte that is no UTF-8; strict decoders refuse the whole text then. Nothing else is mended.
"""

from __future__ import annotations

import re

_REPLACEMENT = rb"\ufffd"
# An escape: a whole pair, half of one, or any other (so that an escaped backslash hides what follows it).
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def mended(body: bytes) -> bytes:
    """The same JSON text with U+FFFD for each half character; the very same object if there is none."""
    text = _ESCAPE.sub(lambda escape: _REPLACEMENT if escape["half"] else escape[0], body)
    try:
        text.decode()
    except UnicodeDecodeError:
        text = text.decode(errors="replace").encode()
    return body if text == body else text
