"""A token issuer for the registries that leave tokens to others: RS256, on a loopback port, for whoever asks.

The wire format is distribution's token specification. RS256 and a `kid` rather than a certificate chain in each token,
since that is what these registries check at the least cost.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from joserfc import jwk, jwt

KeyName = Literal["thumbprint", "libtrust"]
NAME = "bench-issuer"
LIFETIME = 3600


class Issuer:
    """Signs tokens, serves them at `realm(...)`, and writes the certificate that registries trust them by."""

    def __init__(self, home: Path) -> None:
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self._key = jwk.RSAKey.import_key(pem)
        self._names: dict[str, str] = {
            "thumbprint": self._key.thumbprint(),
            "libtrust": libtrust_name(private.public_key()),
        }
        self.certificate = home / "issuer.pem"
        self.certificate.write_bytes(_certificate(private))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Nothing; the port is closed."""
        self._server.shutdown()
        self._server.server_close()

    def realm(self, key_name: KeyName) -> str:
        """The address that gives tokens whose key is named in the way `key_name`.

        By name, since crane refuses a realm at a loopback address other than the registry's own host and port.
        """
        return f"http://localhost:{self._server.server_address[1]}/{key_name}"

    def token(self, service: str, scopes: list[str], key_name: str) -> str:
        """A token for all that the scopes ask for (`repository:<name>:<action>,<action>`), good for an hour."""
        now = int(time.time())
        access = []
        for scope in scopes:
            kind, _, rest = scope.partition(":")
            name, _, actions = rest.rpartition(":")
            access.append({"type": kind, "name": name, "actions": actions.split(",")})
        claims = {
            "iss": NAME,
            "sub": "bench",
            "aud": service,
            "iat": now,
            "nbf": now - 10,
            "exp": now + LIFETIME,
            "jti": secrets.token_hex(8),
            "access": access,
        }
        header = {"typ": "JWT", "alg": "RS256", "kid": self._names[key_name]}
        return jwt.encode(header, claims, self._key, algorithms=["RS256"])


def libtrust_name(public: rsa.RSAPublicKey) -> str:
    """The name docker-registry 2 gives a key: 240 bits of the SHA-256 of its DER form, base32, in twelve groups."""
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    text = base64.b32encode(hashlib.sha256(der).digest()[:30]).decode()
    return ":".join(text[at : at + 4] for at in range(0, len(text), 4))


def _certificate(private: rsa.RSAPrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )


def _handler(issuer: Issuer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = parse_qs(parts.query)
            scopes = [scope for value in query.get("scope", []) for scope in value.split()]
            token = issuer.token(query.get("service", [""])[0], scopes, parts.path.strip("/"))
            body = json.dumps({"token": token, "expires_in": LIFETIME}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Nothing is written: the table is the output."""

    return Handler
