"""TLS: certificates given, or one made here."""

import datetime
import ipaddress
import os
import socket
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidKey, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID_DAYS = 825
"""The longest that Apple's systems accept for a certificate they were told to trust."""
RENEW_DAYS = 30


class TlsFailed(Exception):
    """The certificate or its key cannot be used; the message says why."""


def context(certificate: Path, key: Path) -> ssl.SSLContext:
    """A server's context with that certificate, for TLS 1.2 and later. Raises TlsFailed."""
    for file, what in ((certificate, "certificate"), (key, "private key")):
        try:
            file.read_bytes()
        except OSError as error:
            raise TlsFailed(f"the {what} {file} cannot be read: {error.strerror}") from None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_alpn_protocols(["http/1.1"])
    try:
        # A key with a passphrase would stop the start with a question that nobody may be there to answer.
        made.load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        reason = (
            "the key is not the certificate's" if error.reason == "KEY_VALUES_MISMATCH" else "they are not both PEM"
        )
        raise TlsFailed(f"{certificate} and {key} cannot be used together: {reason}") from None
    return made


def self_signed(folder: Path, host: str) -> tuple[Path, Path]:
    """A certificate, and its key, for localhost, 127.0.0.1, ::1, this machine's name and `host`.

    Kept in `folder`, and used again while it names `host` and is good for another 30 days. It signs itself, so clients
    trust it by being given it.
    """
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    names = _names(host)
    if not _usable(certificate, key, names):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(certificate, key, names)
    return certificate, key


def _names(host: str) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = []
    for text in dict.fromkeys(["localhost", "127.0.0.1", "::1", socket.gethostname(), host]):
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            if text and text.isascii():
                names.append(x509.DNSName(text))
        else:
            if not address.is_unspecified:
                names.append(x509.IPAddress(address))
    return names


def _usable(certificate: Path, key: Path, names: list[x509.GeneralName]) -> bool:
    try:
        known = x509.load_pem_x509_certificate(certificate.read_bytes())
        secret = serialization.load_pem_private_key(key.read_bytes(), password=None)
        named = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, TypeError, InvalidKey, UnsupportedAlgorithm, x509.ExtensionNotFound):
        return False
    left = known.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    whole = secret.public_key() == known.public_key()
    return whole and left > datetime.timedelta(days=RENEW_DAYS) and set(names) <= set(named)


def _make(certificate: Path, key: Path, names: list[x509.GeneralName]) -> None:
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Entrepot, self-signed")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(secret.public_key()), critical=False)
        .sign(secret, hashes.SHA256())
    )
    pem = secret.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(key, pem, 0o600)
    _write(certificate, made.public_bytes(serialization.Encoding.PEM), 0o644)


def _write(file: Path, content: bytes, mode: int) -> None:
    """Replaces the file whole, so that a crash leaves the old one or the new one."""
    fresh = file.with_name(file.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as writing:
        writing.write(content)
    fresh.replace(file)
