"""Texts of one column: cleaned, checked as a UID or an address, looked at no more than needed.

What all bytes of a column say together ("no blank, no control character, all ASCII") is read from Arrow's buffer in
one pass; most columns of most files so need no pattern at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.mapping import values
from gigya_cheetah_assets.mapping.text import CONTROL

MISSING_UID = "missing_uid"
MALFORMED_UID = "malformed_uid"
MALFORMED_EMAIL = "malformed_email"
# Gigya names no limit; customers' own ids (siteUID) are far shorter.
LONGEST_UID = 250
_ODD_IN_UID = (
    "[\\s\\x{00}-\\x{20}\\x{7f}-\\x{a0}\\x{ad}\\x{200b}-\\x{200f}\\x{2028}-\\x{202f}\\x{2060}-\\x{2064}\\x{feff}]"
)


@dataclass(frozen=True)
class Facts:
    """What the bytes of a column say.

    Attributes:
        blanks: Whether there is a space or a control character.
        controls: Whether there is a control character.
        beyond_ascii: Whether there is a byte from 0x7F on.
    """

    blanks: bool
    controls: bool
    beyond_ascii: bool


def facts(texts: pa.Array) -> Facts:
    """Looks at all bytes of a column of texts once."""
    _, offsets, data = texts.buffers()
    if not len(texts) or data is None:
        return Facts(False, False, False)
    places = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    seen = np.frombuffer(data, np.uint8)[places[0] : places[-1]]
    if not len(seen):
        return Facts(False, False, False)
    least = seen.min()
    return Facts(bool(least <= 32), bool(least < 32), bool(seen.max() >= 127))


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """The column in one piece."""
    found = column.combine_chunks()
    return found if isinstance(found, pa.Array) else pa.concat_arrays(found.chunks)


def cleaned(texts: pa.Array) -> pa.Array:
    """NFC, a run of control characters and line ends as one space, ends trimmed.

    Unlike Gigya's texts these hold no HTML entities: `AT&amp;T` in a file means just that.
    """
    found = facts(texts)
    if found.beyond_ascii:
        texts = pc.replace_substring_regex(pc.utf8_normalize(texts, form="NFC"), CONTROL, " ")
        return pc.utf8_trim_whitespace(texts)
    if found.controls:
        texts = pc.replace_substring_regex(texts, CONTROL, " ")
    return pc.ascii_trim_whitespace(texts) if found.blanks else texts


def without_words(texts: pa.Array, words: tuple[str, ...]) -> pa.Array:
    """Null in place of the words that say nothing; letter case aside."""
    if not words:
        return texts
    says_nothing = pc.is_in(pc.utf8_lower(texts), value_set=pa.array([word.lower() for word in words]))
    return pc.if_else(says_nothing, pa.scalar(None, pa.string()), texts)


def present(texts: pa.Array) -> pa.Array:
    """Which are neither null nor empty."""
    return pc.fill_null(pc.not_equal(texts, ""), False)


def blank_as_null(texts: pa.Array) -> pa.Array:
    """Null in place of the empty text."""
    return pc.if_else(present(texts), texts, pa.scalar(None, pa.string()))


def malformed_uid(uids: pa.Array) -> pa.Array:
    """Which UIDs hold blanks, control or invisible characters, or are too long; the case of letters counts."""
    odd = pc.greater(pc.utf8_length(uids), LONGEST_UID)
    found = facts(uids)
    if found.blanks or found.beyond_ascii:
        odd = pc.or_(odd, pc.match_substring_regex(uids, _ODD_IN_UID))
    return pc.fill_null(odd, False)


def malformed_email(emails: pa.Array) -> pa.Array:
    """Which present texts are no addresses."""
    return pc.fill_null(values.email(emails)[1], False)
