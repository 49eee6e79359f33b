"""Where webhooks may go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmhand.manager.rules.webaddresses import METADATA, refusal

PUBLIC = ("93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946")
REFUSED = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "169.254.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "198.18.0.1",
    "192.0.0.192",
    "203.0.113.1",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
    "fec0::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::1",
    "2002:a00:1::",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_reached(address):
    assert refusal(address, ()) is None


@pytest.mark.parametrize("address", REFUSED)
def test_others_may_not(address):
    assert refusal(address, ()) is not None


@pytest.mark.parametrize(
    ("address", "network"), [("10.1.2.3", "10.0.0.0/8"), ("::ffff:10.1.2.3", "10.0.0.0/8"), ("fd12::1", "fd12::/16")]
)
def test_what_is_allowed_may_be_reached(address, network):
    assert refusal(address, (network,)) is None
    assert refusal("192.168.1.1", (network,)) is not None


@given(st.sampled_from(sorted(METADATA, key=str)))
def test_where_clouds_keep_their_secrets_is_never_allowed(address):
    assert refusal(str(address), ("0.0.0.0/0", "::/0")) is not None
    if address.version == 4:
        assert refusal(f"::ffff:{address}", ("0.0.0.0/0", "::/0")) is not None


@given(st.ip_addresses(v=4))
def test_an_address_in_an_address_is_judged_as_itself(address):
    for written in (f"::ffff:{address}", f"64:ff9b::{address}"):
        assert (refusal(written, ()) is None) == (refusal(str(address), ()) is None)
