"""One form posted over HTTP, its body given back: connections, timeouts, proxies and TLS. Judges no content.

Gigya takes form fields only, by POST; answers are JSON (Gigya: REST requests).
"""

from __future__ import annotations

from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import NamedTuple

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from gigya_cheetah_assets.gigya.errors import GigyaUnavailable

CONNECT_SECONDS = 10.0
_CONNECTIONS = 32
_NETWORK = "check gigya.api_domain, the network and the proxy; else run it again later"


class Answer(NamedTuple):
    """What came back.

    Attributes:
        body: Unpacked bytes.
        status: HTTP status; says nothing about success (Gigya: response envelope).
        date: The Date header.
    """

    body: bytes
    status: int
    date: str | None


def open_session(url: str, *, local: bool) -> requests.Session:
    """A session for one site: kept connections, gzip, no cookies, no redirects, no ~/.netrc.

    Args:
        url: An address of the site; proxy and certificate variables are read once, for it.
        local: The site is on this machine, where no proxy may stand between.
    """
    session = requests.Session()
    if not local:
        found = session.merge_environment_settings(url, {}, None, None, None)
        session.proxies, session.verify = dict(found["proxies"]), found["verify"]
    # Nothing else from the environment: a ~/.netrc would replace our own Authorization header.
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["Accept-Encoding"] = "gzip"
    adapter = HTTPAdapter(pool_connections=_CONNECTIONS, pool_maxsize=_CONNECTIONS)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def post(
    session: requests.Session, url: str, fields: Mapping[str, str], headers: Mapping[str, str], *, silence: float
) -> Answer:
    """Posts a form.

    Args:
        session: Made by `open_session`, or the caller's own.
        url: The whole address.
        fields: The form.
        headers: Added to the session's.
        silence: Seconds without a byte after which the answer is given up.

    Raises:
        GigyaUnavailable: No whole answer came: name, connection, TLS, proxy, timeout, broken off half-way.
    """
    try:
        with session.post(
            url, data=fields, headers=headers, timeout=(CONNECT_SECONDS, silence), allow_redirects=False, stream=True
        ) as response:
            # In one piece: requests itself would read a page of megabytes in pieces of 10 KiB.
            body = response.raw.read(decode_content=True)
    except (requests.RequestException, HTTPError) as error:
        where = url.split("/", 3)[2]
        raise GigyaUnavailable(f"no whole answer from {where}: {_kind(error)}", next_step=_NETWORK) from error
    return Answer(body, response.status_code, response.headers.get("Date"))


def _kind(error: requests.RequestException | HTTPError) -> str:
    """The error's class and that of its cause; texts of errors may repeat a proxy's password."""
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", None) or cause
    name = type(error).__name__
    return f"{name} ({type(reason).__name__})" if isinstance(reason, Exception) else name
