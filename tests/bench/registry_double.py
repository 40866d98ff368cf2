"""A registry in one process's memory, enough for the bench to run against: `registry_double.py PORT [FAULT]`.

FAULT makes it wrong in one way: `status` answers HEAD of a blob 202, `length` cuts large bodies short, `content`
changes a manifest's last byte.
"""

import hashlib
import itertools
import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

BLOBS: dict[str, bytes] = {}
MANIFESTS: dict[str, bytes] = {}
UPLOADS: dict[str, bytes] = {}
NUMBERS = itertools.count()
NAMES = [f"name-{number}" for number in range(1000)]
FAULT = sys.argv[2] if len(sys.argv) > 2 else ""


class Registry(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        pass

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", headers.pop("length", str(len(body))))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def reply_in_chunks(self, body: bytes) -> None:
        """As programs in Go do where they do not know the length beforehand."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in (body[:4096], body[4096:], b""):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        data = b""
        while size := int(self.rfile.readline(), 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def do_POST(self) -> None:
        name = str(next(NUMBERS))
        UPLOADS[name] = b""
        self.reply(202, Location=f"http://127.0.0.1:1/uploads/{name}?state=x")

    def do_PATCH(self) -> None:
        path = urlsplit(self.path).path
        name = path.rpartition("/")[2]
        start = self.headers.get("Content-Range", f"{len(UPLOADS[name])}-").partition("-")[0]
        body = self.body()
        if int(start) != len(UPLOADS[name]):
            self.reply(416)
            return
        UPLOADS[name] += body
        self.reply(202, Location=f"{path}?state=y")

    def do_PUT(self) -> None:
        parts = urlsplit(self.path)
        name = parts.path.rpartition("/")[2]
        data = self.body()
        if "/manifests/" in parts.path:
            MANIFESTS[name] = MANIFESTS[f"sha256:{hashlib.sha256(data).hexdigest()}"] = data
            self.reply(201)
            return
        data = UPLOADS.pop(name) + data
        digest = parse_qs(parts.query)["digest"][0]
        if f"sha256:{hashlib.sha256(data).hexdigest()}" != digest:
            self.reply(400)
            return
        BLOBS[digest] = data
        self.reply(201)

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/v2/":
            realm = f'Bearer realm="http://{self.headers["Host"]}/token",service="double"'
            self.reply(401, **{"WWW-Authenticate": realm})
            return
        if path == "/token":
            self.reply(200 if self.headers.get("Authorization") else 401, b'{"token": "any"}')
            return
        if path.endswith("/_catalog"):
            self.reply(200, json.dumps({"repositories": NAMES}).encode())
            return
        if path.endswith("/tags/list"):
            self.reply_in_chunks(json.dumps({"tags": NAMES}).encode())
            return
        name = self.path.rpartition("/")[2]
        data = (MANIFESTS if "/manifests/" in self.path else BLOBS).get(name)
        if data is None:
            self.reply(404)
        elif span := re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", "")):
            self.reply(206, data[int(span[1]) : int(span[2]) + 1])
        elif FAULT == "status" and self.command == "HEAD" and "/blobs/" in self.path:
            self.reply(202, data)
        elif FAULT == "length" and len(data) > 100_000:
            self.reply(200, data[:-1], length=str(len(data)))
            self.close_connection = True
        elif FAULT == "content" and "/manifests/" in self.path:
            self.reply(200, data[:-1] + b" ")
        else:
            self.reply(200, data)

    def do_HEAD(self) -> None:
        self.do_GET()


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Registry).serve_forever()
