"""One Gigya site over HTTP: a call is signed, sent at the site's rate, judged by its body and repeated if that helps.

Protocols above a single call (cursors, accounts) live in their own modules.
"""

from __future__ import annotations

import email.utils
import logging
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec
import requests

from gigya_cheetah_assets.config.gigya import GigyaConfig, is_loopback
from gigya_cheetah_assets.config.secrets import text
from gigya_cheetah_assets.errors import RetryLater
from gigya_cheetah_assets.gigya.auth import Clock, signer
from gigya_cheetah_assets.gigya.envelope import Envelope
from gigya_cheetah_assets.gigya.errors import ClockSkew, GigyaUnavailable, error_of
from gigya_cheetah_assets.gigya.limits import TokenBucket, backoff

log = logging.getLogger(__name__)
T = TypeVar("T")
Decode = Callable[[bytes], tuple[Envelope, T]]
_CONNECT_SECONDS = 10


class GigyaClient:
    """Calls one site; safe for several threads, which share its rate.

    Args:
        config: The sync's `gigya` part; secrets are read from the environment now.
        sleep: Waits before a repeat.
        environ: Instead of the process's environment.
    """

    def __init__(
        self,
        config: GigyaConfig,
        *,
        sleep: Callable[[float], None] = time.sleep,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.config = config
        self.clock = Clock()
        self._api_key = text(config.api_key, environ)
        self._signer = signer(config, environ)
        self._bucket = TokenBucket(config.requests_per_second, sleep=sleep)
        self._sleep = sleep
        self._session = requests.Session()

    def call(self, method: str, params: Mapping[str, Any], decode: Decode[T]) -> T:
        """One call, repeated within `retry_seconds` while its error says that may help.

        Args:
            method: For example `accounts.search`.
            params: Objects and arrays are sent as JSON text, booleans as true/false, None is left out.
            decode: Reads the body once, into the envelope and the content.

        Raises:
            GigyaUnavailable: Still failing when the budget was spent.
            GigyaRefused: The site does not accept the call.
        """
        waits = backoff(self.config.retry_seconds)
        corrected = False
        attempt = 1
        while True:
            try:
                return self._once(method, params, decode)
            except ClockSkew:
                if corrected:
                    raise
                corrected = True
            except RetryLater as error:
                wait = next(waits, None)
                if wait is None:
                    raise
                log.warning("%s, attempt %d: %s; again in %.1f s", method, attempt, error.problem, wait)
                self._sleep(wait)
            attempt += 1

    def close(self) -> None:
        """Closes the connections."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _once(self, method: str, params: Mapping[str, Any], decode: Decode[T]) -> T:
        self._bucket.take()
        response = self._post(method, params)
        try:
            envelope, content = decode(response.content)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise GigyaUnavailable(
                f"{method}: expected JSON, got {len(response.content)} bytes that are none (HTTP {response.status_code})"
            ) from error
        problem = error_of(envelope, method)
        if isinstance(problem, ClockSkew):
            self._correct_clock(response)
        if problem is not None:
            raise problem
        log.debug("%s: %d, callId %s", method, envelope.error_code, envelope.call_id)
        return content

    def _post(self, method: str, params: Mapping[str, Any]) -> requests.Response:
        url = self._url(method)
        plain = {"apiKey": self._api_key, "format": "json", "httpStatusCodes": "false"}
        plain |= {key: _as_text(value) for key, value in params.items() if value is not None}
        body, headers = self._signer.sign(url, plain, self.clock.now())
        try:
            return self._session.post(
                url,
                data=body,
                headers=headers,
                timeout=(_CONNECT_SECONDS, self.config.timeout_seconds),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            # The exception's text may hold the URL's host but never the body; its class says enough.
            raise GigyaUnavailable(
                f"{method} at {self.config.api_domain}: {type(error).__name__}",
                next_step="check gigya.api_domain, the network and the proxy",
            ) from error

    def _url(self, method: str) -> str:
        domain, scheme = self.config.api_domain, self.config.scheme
        host = domain if is_loopback(domain) else f"{method.split('.', 1)[0]}.{domain}"
        return f"{scheme}://{host}/{method}"

    def _correct_clock(self, response: requests.Response) -> None:
        stated = response.headers.get("Date")
        if stated is not None:
            self.clock.offset = email.utils.parsedate_to_datetime(stated).timestamp() - time.time()
            log.warning(
                "this machine's clock differs from Gigya's by %.0f s; corrected for this run", self.clock.offset
            )


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return msgspec.json.encode(value).decode()
