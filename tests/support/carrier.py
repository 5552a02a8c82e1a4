"""A carrier's system: it signs what it pushes."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

SECRET = base64.b64encode(b"what the carrier gls signs with.").decode()
NEXT_SECRET = base64.b64encode(b"what gls will sign with tomorrow").decode()
GIVEN = {"WAYBILL_CARRIER_SECRETS__GLS": f"1:whsec_{SECRET} 2:whsec_{NEXT_SECRET}"}
"""How a process is told about it."""
UPDATES = "/api/v1/carriers/gls/updates"


def signed(message_id: str, body: bytes, *, secret: str = SECRET, at_s: int | None = None) -> dict[str, str]:
    """The headers of a message of its own."""
    timestamp = str(int(time.time()) if at_s is None else at_s)
    content = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(base64.b64decode(secret), content, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def said(update: Mapping[str, Any]) -> bytes:
    """An update as it is sent."""
    return json.dumps(update).encode()
