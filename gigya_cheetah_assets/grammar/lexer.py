"""Cuts a query's text into tokens. What they mean together is in `parser`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from gigya_cheetah_assets.grammar.nodes import QueryError

Kind = Literal["word", "number", "string", "sign", "end"]
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<word>@?[^\W\d][\w\-]*(?:\.[\w\-]+)*)
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<sign>!=|<>|<=|>=|[=<>(),*])
      | (?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
# Other escapes keep their backslash: they belong to the regular expression inside the string.
_ESCAPE = re.compile(r"""\\(["'\\])""")


@dataclass(frozen=True)
class Token:
    """A piece of the text.

    Attributes:
        text: As written; of a string its content without quotes and escapes.
        at: Offset in the query, from 0.
    """

    kind: Kind
    text: str
    at: int


def tokens(query: str) -> Iterator[Token]:
    """The tokens, ending with one of kind `end`.

    Raises:
        QueryError: A character belongs to no token, for example a quote that is not closed.
    """
    at = 0
    while True:
        found = _TOKEN.match(query, at)
        if found is None:
            raise QueryError(f"Parse error at {at}: unexpected {query[at : at + 10].strip()[:1]!r}")
        kind = found.lastgroup
        text = found.group(kind or 0)
        yield _token(kind, text, found.start(kind or 0))
        if kind == "end":
            return
        at = found.end()


def _token(kind: str | None, text: str, at: int) -> Token:
    if kind == "string":
        return Token("string", _ESCAPE.sub(r"\1", text[1:-1]), at)
    if kind == "word":
        return Token("word", text, at)
    if kind == "number":
        return Token("number", text, at)
    return Token("end" if kind == "end" else "sign", "!=" if text == "<>" else text, at)
