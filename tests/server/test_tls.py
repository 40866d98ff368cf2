"""Certificates: made here, or given."""

import datetime
import re
import ssl
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from running_server import Start

from entrepot.server import tls


def _not_after(certificate: Path) -> datetime.datetime:
    return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc


def test_a_client_that_is_given_the_certificate_trusts_the_server(start: Start, tmp_path: Path) -> None:
    certificate, key = tls.self_signed(tmp_path / "tls", "127.0.0.1")
    server = start(f"certificate={certificate}", f"key={key}")
    trusting = ssl.create_default_context(cafile=str(certificate))
    for host in ("127.0.0.1", "localhost"):
        assert httpx.get(f"https://{host}:{server.port}/x", verify=trusting).status_code == 200
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"https://127.0.0.1:{server.port}/x")


def test_a_running_answer_is_finished_over_tls_too(start: Start, tmp_path: Path) -> None:
    certificate, key = tls.self_signed(tmp_path / "tls", "127.0.0.1")
    server = start(f"certificate={certificate}", f"key={key}", workers=1)
    trusting = ssl.create_default_context(cafile=str(certificate))
    with httpx.stream("GET", f"{server.url}/slow", verify=trusting) as response:
        pieces = response.iter_bytes()
        size = len(next(pieces))
        server.process.terminate()
        size += sum(len(piece) for piece in pieces)
    assert size == 10_000
    assert server.wait() == 0


def test_the_key_is_for_the_owner_alone(tmp_path: Path) -> None:
    certificate, key = tls.self_signed(tmp_path / "tls", "")
    assert key.stat().st_mode & 0o777 == 0o600
    assert certificate.parent.stat().st_mode & 0o777 == 0o700


def test_the_certificate_is_used_again_while_it_serves(tmp_path: Path) -> None:
    certificate, key = tls.self_signed(tmp_path, "127.0.0.1")
    before = certificate.read_bytes(), key.read_bytes()
    tls.self_signed(tmp_path, "::1")
    assert (certificate.read_bytes(), key.read_bytes()) == before
    tls.self_signed(tmp_path, "registry.example.com")
    named = x509.load_pem_x509_certificate(certificate.read_bytes()).extensions
    names = named.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "registry.example.com" in names.get_values_for_type(x509.DNSName)
    assert (certificate.read_bytes(), key.read_bytes()) != before


def test_a_certificate_that_ends_soon_or_is_damaged_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as short_lived:
        short_lived.setattr(tls, "VALID_DAYS", 20)
        certificate, key = tls.self_signed(tmp_path, "")
    ends_soon = _not_after(certificate)
    tls.self_signed(tmp_path, "")
    assert _not_after(certificate) > ends_soon
    key.write_text("damaged")
    tls.self_signed(tmp_path, "")
    tls.context(certificate, key)


def test_what_cannot_be_used_is_told(tmp_path: Path) -> None:
    certificate, key = tls.self_signed(tmp_path / "one", "")
    _, other_key = tls.self_signed(tmp_path / "two", "")
    with pytest.raises(tls.TlsFailed, match="cannot be read: No such file"):
        tls.context(tmp_path / "nowhere.pem", key)
    with pytest.raises(tls.TlsFailed, match="the key is not the certificate's"):
        tls.context(certificate, other_key)
    with pytest.raises(tls.TlsFailed, match=re.escape("they are not both PEM")):
        tls.context(key, certificate)


def test_a_key_with_a_passphrase_does_not_ask_for_it(tmp_path: Path) -> None:
    certificate, key = tls.self_signed(tmp_path, "")
    locked = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"open")
    )
    key.write_bytes(locked)
    with pytest.raises(tls.TlsFailed):
        tls.context(certificate, key)
