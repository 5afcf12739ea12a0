"""One Gigya site: a call is signed, sent at the site's rate, judged by its body and repeated if that helps.

Protocols above a single call (cursors, accounts) live in their own modules.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec
import requests

from gigya_cheetah_assets.config.gigya import GigyaConfig
from gigya_cheetah_assets.config.hosts import is_loopback
from gigya_cheetah_assets.config.secrets import text
from gigya_cheetah_assets.gigya.auth import signer_for
from gigya_cheetah_assets.gigya.clock import Clock
from gigya_cheetah_assets.gigya.codes import NOTES, error_for
from gigya_cheetah_assets.gigya.envelope import Envelope, envelope_only
from gigya_cheetah_assets.gigya.errors import ClockSkew, GigyaUnavailable, RateLimited, UnexpectedAnswer
from gigya_cheetah_assets.gigya.limits import Backoff, TokenBucket, shared_bucket
from gigya_cheetah_assets.gigya.repair import mended
from gigya_cheetah_assets.gigya.transport import Answer, open_session, post

log = logging.getLogger(__name__)
T = TypeVar("T")
Decode = Callable[[bytes], tuple[Envelope, T]]
_DEFAULT_NAMESPACE = "socialize"
_UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError)


class GigyaClient:
    """Calls one site; safe for several threads, which share its connections and its rate.

    Args:
        config: The sync's `gigya` part; secrets are read from the environment now.
        session: Instead of one of its own; it is closed with the client.
        bucket: Instead of the one that all clients of this site in this process share.
        clock: Instead of this machine's.
        sleep: Waits between repeats; by default `close` ends such a wait.
        environ: Instead of the process's environment.

    Raises:
        ConfigError: A variable is not set, or a secret has not its form.
    """

    def __init__(
        self,
        config: GigyaConfig,
        *,
        session: requests.Session | None = None,
        bucket: TokenBucket | None = None,
        clock: Clock | None = None,
        sleep: Callable[[float], object] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.config = config
        self.clock = clock or Clock()
        self._closed = threading.Event()
        self._sleep = sleep or self._closed.wait
        self._local = is_loopback(config.api_domain)
        self._signer = signer_for(config.auth, self.clock, environ)
        api_key = text(config.api_key, environ).strip()
        self._fixed = {"apiKey": api_key, "format": "json", "httpStatusCodes": "false"}
        self._bucket = bucket or shared_bucket(f"{config.api_domain} {api_key}", config.requests_per_second)
        self._session = session or open_session(self.url("accounts.search"), local=self._local)

    def call(
        self,
        method: str,
        params: Mapping[str, Any],
        decode: Decode[T],
        *,
        may_repeat: Callable[[GigyaUnavailable], bool] = lambda _: True,
    ) -> T:
        """One call, repeated within `retry_seconds` while its error says that this may help.

        Args:
            method: For example `accounts.search`.
            params: Objects and arrays are sent as JSON text, booleans as true/false, None is left out.
            decode: Reads the body once, into the envelope and the content.
            may_repeat: Which errors a repeat is fit for; not for a write that may have been carried out.

        Returns:
            The content that `decode` made of the first good answer.

        Raises:
            GigyaUnavailable: Still failing when the budget was spent.
            CursorExpired: The call's cursor is dead; the search must start again.
            AccountRejected: Gigya refuses this account; `AccountGone` if it does not exist.
            GigyaRefused: Gigya refuses the call as such.
            UnexpectedAnswer: An unknown code, or a good answer of a shape that `decode` cannot read.
        """
        fields = {key: as_text(value) for key, value in params.items() if value is not None}
        backoff = Backoff(self.config.retry_seconds, monotonic=self.clock.monotonic)
        corrected = False
        while True:
            try:
                return self._once(method, fields, decode, backoff.attempt)
            except ClockSkew as error:
                # A second refusal means that the Date header did not help.
                if corrected or not self.clock.follow(error.server_date):
                    raise
                corrected = True
            except GigyaUnavailable as error:
                if not may_repeat(error):
                    raise
                self._wait(method, error, backoff)

    def close(self) -> None:
        """Closes the connections; a wait before a repeat ends at once and that call fails."""
        self._closed.set()
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _once(self, method: str, fields: dict[str, str], decode: Decode[T], attempt: int) -> T:
        self._bucket.take()
        if self._closed.is_set():
            raise RuntimeError("the client is closed")
        url = self.url(method)
        signed, headers = self._signer.sign("POST", url, self._fixed | fields)
        answer = post(self._session, url, signed, headers, silence=self.config.timeout_seconds)
        try:
            envelope, content = _decoded(method, answer.body, decode)
        except _UNDECODABLE as error:
            envelope = _envelope(method, answer)
            self._judge(method, fields, envelope, answer, attempt)
            raise _unreadable(method, envelope, error) from error
        self._judge(method, fields, envelope, answer, attempt)
        return content

    def _judge(self, method: str, fields: Mapping[str, str], envelope: Envelope, answer: Answer, attempt: int) -> None:
        code, call_id = envelope.error_code, envelope.call_id
        log.debug("%s: %s, callId %s, attempt %d", method, code, call_id, attempt)
        error = error_for(envelope, method, uid=_subject(fields), cursor="cursorId" in fields)
        if isinstance(error, ClockSkew):
            error.server_date = answer.date
        if error is not None:
            raise error
        if code in NOTES:
            log.info("%s: %s (%s), callId %s", method, code, NOTES[code], call_id)

    def _wait(self, method: str, error: GigyaUnavailable, backoff: Backoff) -> None:
        """Waits before the next attempt, or raises the error when there shall be none."""
        if isinstance(error, RateLimited):
            self._bucket.slow_down()
        attempt = backoff.attempt
        seconds = backoff.wait(tries=error.tries, at_least=error.least_wait)
        if seconds is None:
            log.error("%s: given up after %d attempts: %s", method, attempt, error.problem)
            raise error
        log.warning("%s, attempt %d: %s; again in %.1f s", method, attempt, error.problem, seconds)
        self._sleep(seconds)

    def url(self, method: str) -> str:
        """`accounts.search` lives on the host `accounts.<data centre>`; a local site has one host for all."""
        namespace, dot, _ = method.partition(".")
        prefix = "" if self._local else f"{namespace if dot else _DEFAULT_NAMESPACE}."
        return f"{self.config.scheme}://{prefix}{self.config.api_domain}/{method}"


def as_text(value: Any) -> str:
    """A parameter as Gigya wants it in a form: text as it is, everything else as JSON text."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _decoded(method: str, body: bytes, decode: Decode[T]) -> tuple[Envelope, T]:
    try:
        return decode(body)
    except _UNDECODABLE:
        better = mended(body)
        if better is body:
            raise
    log.warning("%s: half characters in the answer were replaced by U+FFFD", method)
    return decode(better)


def _envelope(method: str, answer: Answer) -> Envelope:
    """The envelope of an answer whose content could not be read.

    Raises:
        GigyaUnavailable: The body is not Gigya's: HTML, cut off, empty.
    """
    try:
        return envelope_only(mended(answer.body))[0]
    except _UNDECODABLE as error:
        size = len(answer.body)
        raise GigyaUnavailable(
            f"{method} was answered by {size} bytes that are no answer of Gigya's (HTTP {answer.status})",
            next_step="run it again later; if it stays so, look for a proxy in between",
        ) from error


def _subject(fields: Mapping[str, str]) -> str:
    """The account that a call is about, as far as it may be named; empty for a call about none.

    Imports write the UID in lower case, or leave it to Gigya, and know lite accounts by their address (Gigya:
    importFullAccount, importLiteAccount).
    """
    named = fields.get("UID") or fields.get("uid")
    return named or ("of an address" if {"findBy", "email", "createUID"} & fields.keys() else "")


def _unreadable(method: str, envelope: Envelope, error: Exception) -> UnexpectedAnswer:
    # msgspec names the place and the types, never a value.
    return UnexpectedAnswer(
        f"{method} gave an answer of another shape: {error}, callId {envelope.call_id}",
        next_step="update gigya-cheetah-assets, or report the shape",
        call_id=envelope.call_id or "",
    )
