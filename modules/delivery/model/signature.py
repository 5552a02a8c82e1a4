"""Whose word a pushed update is. Source: Standard Webhooks 1.0.0, Signature scheme."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

from modules.delivery.port import BadSignature

TOLERANCE = timedelta(minutes=5)
"""By how much the time of a signature may differ from ours, in either direction."""
SIGNATURES_LOOKED_AT = 10
LONGEST_ID, LONGEST_TIMESTAMP = 255, 12

Secrets = Mapping[int, bytes]
"""What a carrier signs with, by version: two while one takes over from the other."""


def signature(secret: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """What belongs into `webhook-signature`."""
    content = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, content, hashlib.sha256)).decode()


def signed_with(secrets: Secrets, headers: Mapping[str, str], body: bytes, now: datetime) -> int:
    """The version of the secret that a message was signed with, in time.

    Raises:
        BadSignature: a header is missing or malformed, the time is not ours, or no secret of the carrier made this.
    """
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (0 < len(message_id) <= LONGEST_ID and message_id.isascii() and message_id.isprintable()):
        raise BadSignature("webhook-id is 1 to 255 printable ASCII characters.")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= LONGEST_TIMESTAMP):
        raise BadSignature("webhook-timestamp is a number of seconds since 1970.")
    if abs(int(timestamp) - now.timestamp()) > TOLERANCE.total_seconds():
        raise BadSignature("webhook-timestamp is more than five minutes from now.")
    given = [one.encode() for one in headers.get("webhook-signature", "").split(" ")[:SIGNATURES_LOOKED_AT]]
    matching = [
        version
        for version, secret in secrets.items()
        for one in given
        if hmac.compare_digest(one, signature(secret, message_id, timestamp, body).encode())
    ]
    if not matching:
        raise BadSignature("webhook-signature is none that a secret of this carrier makes.")
    return max(matching)
