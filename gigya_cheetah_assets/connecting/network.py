"""The first two steps to any server: its name, and a TCP connection, by way of a proxy where one is set."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from requests.utils import get_environ_proxies, select_proxy

from gigya_cheetah_assets.config.hosts import is_loopback
from gigya_cheetah_assets.connecting.steps import Attempt
from gigya_cheetah_assets.errors import RetryLater

RESOLVE, CONNECT = "resolve", "connect"
_SHOWN = 3


@dataclass(frozen=True)
class Server:
    """Where to connect.

    Attributes:
        host: Name or address.
        port: TCP port.
        setting: The key of the sync file, or the variable, that says so.
    """

    host: str
    port: int
    setting: str

    @classmethod
    def of_url(cls, url: str, setting: str) -> Server:
        """The server that a request to an address goes to: its own or a proxy."""
        parts = urlsplit(url)
        proxy = None if is_loopback(parts.netloc) else select_proxy(url, get_environ_proxies(url))
        if proxy:
            parts, setting = urlsplit(proxy if "://" in proxy else f"http://{proxy}"), "the proxy variables"
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return cls(parts.hostname or "", port, setting)

    def attempts(self, timeout: float) -> list[Attempt]:
        """Resolving and connecting.

        Args:
            timeout: Seconds for the connection.
        """
        return [Attempt(RESOLVE, self._resolve), Attempt(CONNECT, lambda: self._connect(timeout))]

    def _resolve(self) -> str:
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise RetryLater(
                f"{self.host}: the name is not known here", next_step=f"check {self.setting} and this machine's DNS"
            ) from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        more = f" and {len(addresses) - _SHOWN} more" if len(addresses) > _SHOWN else ""
        return f"{self.host} is {', '.join(addresses[:_SHOWN])}{more}"

    def _connect(self, timeout: float) -> str:
        try:
            socket.create_connection((self.host, self.port), timeout=timeout).close()
        except OSError as error:
            why = "no answer" if isinstance(error, TimeoutError) else error.strerror or type(error).__name__
            raise RetryLater(
                f"{self.host}:{self.port}: {why}",
                next_step=f"check {self.setting}, and that firewalls let this machine through to that port",
            ) from error
        return f"port {self.port} answers"
