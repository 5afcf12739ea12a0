"""The fields and the file of one call of the API: query string, form, or multipart form."""

from __future__ import annotations

from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qsl

from starlette.requests import Request


@dataclass(frozen=True)
class Form:
    """What a call sent.

    Attributes:
        fields: All values by name, in their order.
        file: Content of the part named `file`; None without one.
    """

    fields: dict[str, list[str]]
    file: bytes | None = None

    def get(self, name: str) -> str:
        """The last value of a field; empty where it is missing."""
        return self.fields.get(name, [""])[-1].strip()

    def numbers(self, name: str) -> list[str]:
        """All values of a field that may come repeatedly or with commas."""
        return [part.strip() for value in self.fields.get(name, []) for part in value.split(",") if part.strip()]

    def upper(self) -> dict[str, str]:
        """The subscriber's fields: those in upper case, as CheetahMail tells them from parameters."""
        return {name: values[-1] for name, values in self.fields.items() if name and name[0] in _FIRST}


_FIRST = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"


async def form_of(http: Request) -> Form:
    """Reads a call."""
    pairs = parse_qsl(http.url.query, keep_blank_values=True)
    body, kind = await http.body(), http.headers.get("content-type", "")
    if kind.startswith("multipart/form-data"):
        more, file = _parts(kind, body)
        return Form(_by_name([*pairs, *more]), file)
    return Form(_by_name([*pairs, *parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)]))


def _parts(kind: str, body: bytes) -> tuple[list[tuple[str, str]], bytes | None]:
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind.encode("latin-1") + b"\r\n\r\n" + body)
    pairs, file = [], None
    for part in message.iter_parts():
        name = str(part.get_param("name", "", "content-disposition"))
        content = part.get_payload(decode=True)
        data = content if isinstance(content, bytes) else b""
        if name == "file":
            file = data
        else:
            pairs.append((name, data.decode("utf-8", "replace")))
    return pairs, file


def _by_name(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found
