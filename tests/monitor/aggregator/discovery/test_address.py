"""What may be an address: it comes from outside."""

from __future__ import annotations

import pytest

from monitor.aggregator.discovery.address import check_url, in_the_clear, url_of
from monitor.aggregator.discovery.admission import Admission
from monitor.aggregator.discovery.source import Group


@pytest.mark.parametrize(
    ("scheme", "address", "url"),
    [
        ("http", "10.0.0.1:9180", "http://10.0.0.1:9180"),
        ("https", "Node-1.Example.:9180", "https://node-1.example.:9180"),
        ("http", "[fd00::1]:9180", "http://[fd00::1]:9180"),
        ("http", "node_1", "http://node_1"),
    ],
)
def test_addresses_of_collectors(scheme: str, address: str, url: str) -> None:
    assert url_of(scheme, address) == url


@pytest.mark.parametrize(
    ("scheme", "address", "words"),
    [
        ("http", "169.254.169.254:80", "169.254.169.254 is no collector's"),
        ("http", "[::ffff:169.254.169.254]:80", "is no collector's"),
        ("http", "[fd00:ec2::254]:80", "fd00:ec2::254 is no collector's"),
        ("http", "[fe80::1]:80", "fe80::1 is no collector's"),
        ("http", "user:secret@host:80", "'host:80': no password in an address"),
        ("http", "http://host:80", "'http://host:80' is not HOST:PORT"),
        ("http", "host:80/path", "'host:80/path' is not HOST:PORT"),
        ("ftp", "host:80", "scheme 'ftp' is not http or https"),
        ("file", "", "scheme 'file' is not http or https"),
        ("http", "", "'http://' is no address of a collector"),
        ("http", ":80", "'http://:80' is no address of a collector"),
        ("http", "host:99999", "'http://host:99999' is no address"),
        ("http", "host:0", "'http://host:0' is no address"),
        ("http", "host:80?x=1", "is no address of a collector"),
        ("http", "host:80#x", "is no address of a collector"),
        ("http", 'a"} 1\nforged{x="', "is no address"),
        ("http", "a b:80", "is no address of a collector"),
        ("http", "höst:80", "is no address of a collector"),
        ("http", "[::1%25lo]:80", "is no address of a collector"),
        ("http", "-" * 300, "is no address of a collector"),
    ],
)
def test_what_is_no_address_is_refused_in_one_line(scheme: str, address: str, words: str) -> None:
    with pytest.raises(ValueError, match=r".+") as caught:
        url_of(scheme, address)
    said = str(caught.value)
    assert words in said
    assert "secret" not in said
    assert "\n" not in said
    assert len(said) < 200


def test_a_static_address_may_have_a_path() -> None:
    assert check_url("http://gateway/node-1") == "http://gateway/node-1"


def test_what_others_can_read() -> None:
    assert in_the_clear("http://10.0.0.1")
    assert not in_the_clear("https://10.0.0.1")
    assert not in_the_clear("http://[::1]:80")
    assert in_the_clear("http://localhost.evil.example")


def test_a_token_is_sent_to_nobody_in_the_clear() -> None:
    admission = Admission(needs_secrecy=True)
    admitted = admission.admit(
        [Group(["10.0.0.1:1", "127.0.0.1:1"]), Group(["10.0.0.1:1"], scheme="https")]
    )
    assert list(admitted.nodes) == ["http://127.0.0.1:1", "https://10.0.0.1:1"]
    assert admitted.refusals() == (
        "1 of its addresses are refused: http://10.0.0.1:1 would be sent the token in the clear; "
        "use nodes-scheme https, or say --insecure"
    )


def test_many_refusals_are_told_by_the_first_few() -> None:
    admitted = Admission().admit([Group([f"169.254.0.{number}:1" for number in range(1, 200)])])
    words = admitted.refusals()
    assert words.startswith("199 of its addresses are refused: 169.254.0.1 is")
    assert words.endswith("; and 196 more")


def test_an_address_that_is_named_twice_is_one_node() -> None:
    groups = [Group(["a:1"], labels='{"x":"1"}'), Group(["a:1", "A:1"])]
    assert Admission().admit(groups).nodes == {"http://a:1": '{"x":"1"}'}
