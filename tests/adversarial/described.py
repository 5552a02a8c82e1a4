"""What auth says about itself, to everyone."""

from tests.adversarial.row import Row

CHAPTER = "Described"
TITLE = "Metadata and keys"
METADATA = "/.well-known/oauth-authorization-server"
KEYS = "/.well-known/jwks.json"
PUBLIC = {"cache-control": "public", "content-type": "application/json"}
ALLOW = {"allow": "GET"}


def _asked(name: str, source: str, request: str, *headers: str) -> Row:
    return Row(name, source, request, 200, headers=headers, answers=PUBLIC)


def _refused(name: str, request: str) -> Row:
    return Row(name, "RFC 9110, 15.5.6", request, 405, "method_not_allowed", "x", headers=(), answers=ALLOW)


ROWS: list[Row] = [
    _asked("the metadata", "RFC 8414, 3", f"GET {METADATA}"),
    _asked("the metadata, with a token that is none", "RFC 8414, 3", f"GET {METADATA}", "Authorization: Bearer x"),
    _asked("the metadata, with another host", "RFC 8414, 3.3: the issuer is configured", f"GET {METADATA}", "X-Forwarded-Host: evil.example"),
    _asked("the keys", "RFC 7517, 5", f"GET {KEYS}"),
    _asked("the keys, with a query", "RFC 7517, 5", f"GET {KEYS}?kid=../../etc/passwd"),
    _asked("the keys, as text", "RFC 7517, 8.5", f"GET {KEYS}", "Accept: text/plain"),
    _refused("POST of metadata", f"POST {METADATA}"),
    _refused("PUT of metadata", f"PUT {METADATA}"),
    _refused("POST of keys", f"POST {KEYS}"),
    _refused("DELETE of keys", f"DELETE {KEYS}"),
    Row("the keys, by a way round", "RFC 3986, 5.2.4", "GET /.well-known/../.well-known/jwks.json", 404, "no_such_path", headers=()),
    Row("OpenID's metadata, which we have not", "RFC 8414, 5", "GET /.well-known/openid-configuration", 404, "no_such_path", headers=()),
]  # fmt: skip
