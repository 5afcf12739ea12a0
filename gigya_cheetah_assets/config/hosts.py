"""Which hosts can only be this machine: the only ones that plain http is allowed for."""

from __future__ import annotations

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether a host[:port] can only mean this machine."""
    name = host.rsplit(":", 1)[0].strip("[]") if not host.endswith("]") else host.strip("[]")
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
