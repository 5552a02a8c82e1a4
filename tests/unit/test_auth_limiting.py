"""Under which address a request is counted."""

import pytest

from modules.auth.service.limiting import counted_as


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:0db8:0001:0002:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        (None, "unknown"),
        ("", "unknown"),
        ("x" * 1_000_000, "x" * 64),
        (":" * 1_000_000, ":" * 64),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_address_is_counted_as_one_party_whatever_it_is_spelt_like(host: str | None, address: str) -> None:
    assert counted_as(host) == address
