"""paramiko's SFTP client with what a careful caller misses in it; what is done with it is in `sftp_transfer`.

It uses inner methods of paramiko 5, to which `pyproject.toml` holds it:

- names and messages that are no UTF-8 do not break a listing or hide an error;
- the server's refusals are an exception of their own, with an errno wherever the status code has one;
- a file that the server refuses to close is an error;
- reading ahead needs no thread, which would die loudly with a broken connection;
- of writing behind each answer is looked at, and large requests and answers are copied once only;
- closing the client ends the connection below it.
"""

from __future__ import annotations

import errno
import struct
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

import paramiko
from paramiko.sftp import CMD_CLOSE, CMD_OPENDIR, CMD_READ, CMD_READDIR, CMD_STATUS, CMD_WRITE, SFTP_EOF, SFTP_OK, int64

# Codes up to 8 are those of version 3 (draft-ietf-secsh-filexfer-02, 7). Later ones come from servers that speak
# version 3 but answer with codes of version 5 or 6 (draft-ietf-secsh-filexfer-13, 9.1).
_ERRNO = {
    2: errno.ENOENT,
    3: errno.EACCES,
    8: errno.EOPNOTSUPP,
    10: errno.ENOENT,
    11: errno.EEXIST,
    12: errno.EROFS,
    14: errno.ENOSPC,
    15: errno.EDQUOT,
    24: errno.EISDIR,
}
# Bytes asked for ahead: the usual window. With more, paramiko is slower, for it copies what lies in its buffer.
_AHEAD = 2 * 1024 * 1024
# More is no answer but a text that some program of the server's writes where the protocol should be.
_LONGEST_ANSWER = 16 * 1024 * 1024
# Requests to write that may wait for their answers.
_BEHIND = 64


class ServerRefusal(OSError):
    """The server answered a request with a no; `errno` is None where its code says nothing more."""


class Client(paramiko.SFTPClient):
    """One open SFTP connection."""

    def __init__(self, sock: paramiko.Channel) -> None:
        self._refused_close: ServerRefusal | None = None
        super().__init__(sock)

    def close(self) -> None:
        """Ends the connection with its thread and socket, also one that is broken already."""
        channel = self.get_channel()
        with suppress(EOFError, OSError):
            super().close()
        if channel is not None:
            channel.get_transport().close()

    def check_closed(self) -> None:
        """To be called after a file was written and closed: paramiko keeps quiet about a refused close.

        Raises:
            ServerRefusal: The server refused to close a file since the last call.
        """
        refusal, self._refused_close = self._refused_close, None
        if refusal is not None:
            raise refusal

    def read_ahead(self, file: paramiko.SFTPFile, size: int, request: int) -> Iterator[bytes]:
        """The contents of an open file from its start, in order, with several requests under way.

        Args:
            file: As `open` gave it.
            size: Where to end, in bytes; the contents end earlier when the file does.
            request: How much to ask for at a time, in bytes.
        """
        answers = _Answers()
        sizes = ((start, min(request, size - start)) for start in range(0, size, request))
        waiting = deque(
            (self._ask(answers, file, *first), *first) for first in islice(sizes, max(2, _AHEAD // request))
        )
        while waiting:
            number, start, length = waiting.popleft()
            data = self._data(answers, number)
            if not data:
                return
            yield data
            if len(data) < length:
                # A server may give less than was asked for.
                rest = (start + len(data), length - len(data))
                waiting.appendleft((self._ask(answers, file, *rest), *rest))
            else:
                waiting.extend((self._ask(answers, file, *following), *following) for following in islice(sizes, 1))

    def write_behind(self, file: paramiko.SFTPFile, blocks: Iterable[bytes]) -> None:
        """Writes blocks one after another from a file's start, with several requests under way.

        Args:
            file: As `open` gave it.
            blocks: Each as large as one request may be.

        Raises:
            ServerRefusal: The server refused one of them; others may have been written.
        """
        answers, waiting, start = _Answers(), deque[int](), 0
        for block in blocks:
            if len(waiting) == _BEHIND:
                self._confirm(answers, waiting.popleft())
            waiting.append(self._ask_to_write(answers, file, start, block))
            start += len(block)
        while waiting:
            self._confirm(answers, waiting.popleft())

    def listdir_attr(self, path: str = ".") -> list[paramiko.SFTPAttributes]:
        """As paramiko's; in a name that is no UTF-8 such bytes are written as a backslash and their number."""
        handle = self._request(CMD_OPENDIR, path)[1].get_binary()
        found: list[paramiko.SFTPAttributes] = []
        while True:
            try:
                answer = self._request(CMD_READDIR, handle)[1]
            except EOFError:
                break
            for _ in range(answer.get_int()):
                name, long_name = (answer.get_string().decode("utf-8", "backslashreplace") for _ in range(2))
                found.append(_attributes(answer, name, long_name))
        self._request(CMD_CLOSE, handle)
        return [entry for entry in found if entry.filename not in {".", ".."}]

    def _ask(self, answers: _Answers, file: paramiko.SFTPFile, start: int, length: int) -> int:
        inner: Callable[..., int] = self._async_request  # type: ignore[attr-defined]  # the stubs leave it out
        return inner(answers, CMD_READ, file.handle, int64(start), length)

    def _ask_to_write(self, answers: _Answers, file: paramiko.SFTPFile, start: int, block: bytes) -> int:
        inner: Any = self
        with inner._lock:  # noqa: SLF001 - paramiko's own, as its requests do
            number: int = inner.request_number
            inner.request_number += 1
            inner._expecting[number] = answers  # noqa: SLF001 - as above
        handle: Any = file.handle
        head = struct.pack(f">BII{len(handle)}sQI", CMD_WRITE, number, len(handle), handle, start, len(block))
        self._write_all(b"".join((struct.pack(">I", len(head) + len(block)), head, block)))
        return number

    def _write_all(self, out: bytes) -> None:
        """As paramiko's, which copies what is left of a request with each packet of it."""
        left: Any = memoryview(out)
        while left:
            sent = self.sock.send(left)
            if sent <= 0:
                raise EOFError
            left = left[sent:]

    def _read_packet(self) -> tuple[int, bytes]:
        """As paramiko's, which copies an answer twice more."""
        length, kind = struct.unpack(">IB", self._read_all(5))
        if length > _LONGEST_ANSWER:
            raise paramiko.SFTPError("something else than an SFTP server answers")
        return kind, self._read_all(length - 1)

    def _read_all(self, size: int) -> bytes:
        """As paramiko's, which copies what it has with each piece that comes."""
        pieces = []
        while size > 0:
            piece = self.sock.recv(size)
            if not piece:
                raise EOFError
            pieces.append(piece)
            size -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _confirm(self, answers: _Answers, number: int) -> None:
        kind, answer = self._answer(answers, number)
        if kind == CMD_STATUS:
            self._convert_status(answer)

    def _answer(self, answers: _Answers, number: int) -> tuple[int, paramiko.Message]:
        while number not in answers.found:
            self._read_response()  # type: ignore[attr-defined]  # the stubs leave it out
        return answers.found.pop(number)

    def _data(self, answers: _Answers, number: int) -> bytes:
        """The data that answers a request; empty at the end of the file."""
        kind, answer = self._answer(answers, number)
        if kind == CMD_STATUS:
            with suppress(EOFError):
                self._convert_status(answer)
            return b""
        data: bytes = answer.get_string()
        return data

    def _request(self, kind: int, *arguments: Any) -> tuple[int, paramiko.Message]:
        inner: Callable[..., tuple[int, paramiko.Message]] = super()._request  # type: ignore[misc]  # not in the stubs
        try:
            return inner(kind, *arguments)
        except ServerRefusal as refusal:
            if kind == CMD_CLOSE:
                self._refused_close = refusal
            raise

    def _convert_status(self, answer: paramiko.Message) -> None:
        code = answer.get_int()
        text = answer.get_string().decode("utf-8", "replace")
        if code == SFTP_EOF:
            raise EOFError(text)
        if code in _ERRNO:
            raise ServerRefusal(_ERRNO[code], text)
        if code != SFTP_OK:
            raise ServerRefusal(text)


class _Answers:
    """Where paramiko puts the answers to requests that are not waited for one by one."""

    def __init__(self) -> None:
        self.found: dict[int, tuple[int, paramiko.Message]] = {}

    def _async_response(self, kind: int, answer: paramiko.Message, number: int) -> None:
        self.found[number] = (kind, answer)


def _attributes(answer: paramiko.Message, name: str, long_name: str) -> paramiko.SFTPAttributes:
    kind: Any = paramiko.SFTPAttributes
    entry: paramiko.SFTPAttributes = kind._from_msg(answer, name, long_name)  # noqa: SLF001 - the only parser there is
    return entry
