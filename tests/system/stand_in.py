"""A server for tests of the supervisor: ready at once, quick to start, and gone when told so."""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health/ready" else 404)
        self.end_headers()
        self.wfile.write(json.dumps({"environment": dict(os.environ)}).encode())


HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
