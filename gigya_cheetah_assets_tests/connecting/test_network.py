from __future__ import annotations

import socket

import pytest

from gigya_cheetah_assets.connecting.network import Server
from gigya_cheetah_assets.connecting.steps import Step, in_a_row, try_all


def steps(server: Server) -> list[Step]:
    return try_all("x", in_a_row(server.attempts(2)))


def test_a_server_that_listens_is_resolved_and_connected() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        found = steps(Server("localhost", port, "staging.host"))
    assert [(step.name, step.outcome) for step in found] == [("resolve", "works"), ("connect", "works")]
    assert "127.0.0.1" in found[0].found


@pytest.mark.parametrize("name", ["no-such-host.invalid", "a" * 70 + ".invalid"])
def test_an_unknown_name_is_told_with_its_setting(name: str) -> None:
    resolve, connect = steps(Server(name, 22, "staging.host"))
    assert (resolve.outcome, connect.outcome) == ("fails", "not tried")
    assert "staging.host" in resolve.next_step


def test_a_port_where_nobody_listens_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    resolve, connect = steps(Server("127.0.0.1", port, "staging.host and staging.port"))
    assert (resolve.outcome, connect.outcome) == ("works", "fails")
    assert (connect.found, connect.next_step[:34]) == (
        f"127.0.0.1:{port}: Connection refused",
        "check staging.host and staging.por",
    )


def test_where_a_proxy_stands_between_it_is_the_proxy_that_is_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy.example.com:3128")
    assert Server.of_url("https://s3.example.com/x", "staging.endpoint_url") == Server(
        "proxy.example.com", 3128, "the proxy variables"
    )
    assert Server.of_url("http://127.0.0.1:9000", "staging.endpoint_url").port == 9000


def test_without_a_port_the_scheme_says_it() -> None:
    assert Server.of_url("https://s3.example.com/x", "s") == Server("s3.example.com", 443, "s")
