"""The URL that names an object store, read once into a client of it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, S3Store

Client = S3Store | GCSStore | AzureStore

PART = 8 << 20
"""How many bytes one part of a large object has, unless the URL says `part_size`; so objects may have 78 GiB."""
SMALLEST_PART = 5 << 20
"""S3 refuses smaller ones (but for the last)."""
LARGEST_PART = 1 << 30

_CLIENTS: dict[str, type[S3Store] | type[GCSStore] | type[AzureStore]] = {
    "s3": S3Store,
    "gs": GCSStore,
    "az": AzureStore,
}
# What the query may say. Other names that the library takes would undo what is decided here (timeouts, plain HTTP)
# or name the bucket twice.
_OPTIONS: dict[str, frozenset[str]] = {
    "s3": frozenset(
        [
            "access_key_id",
            "secret_access_key",
            "session_token",
            "region",
            "endpoint",
            "virtual_hosted_style_request",
            "skip_signature",
            "unsigned_payload",
            "checksum_algorithm",
            "conditional_put",
            "disable_tagging",
            "request_payer",
            "s3_express",
            "imdsv1_fallback",
            "metadata_endpoint",
            "role_arn",
            "role_session_name",
            "sts_endpoint",
            "web_identity_token_file",
            "server_side_encryption",
            "sse_kms_key_id",
            "sse_bucket_key_enabled",
            "sse_customer_key_base64",
            "container_credentials_relative_uri",
            "container_credentials_full_uri",
            "container_authorization_token_file",
        ]
    ),
    "gs": frozenset(
        [
            "service_account",
            "service_account_key",
            "application_credentials",
            "bearer_token",
            "base_url",
            "skip_signature",
        ]
    ),
    "az": frozenset(
        [
            "account_name",
            "account_key",
            "client_id",
            "client_secret",
            "tenant_id",
            "credential_type",
            "authority_host",
            "sas_key",
            "token",
            "endpoint",
            "use_emulator",
            "use_fabric_endpoint",
            "encryption_key",
            "msi_endpoint",
            "object_id",
            "msi_resource_id",
            "federated_token_file",
            "use_azure_cli",
            "skip_signature",
            "disable_tagging",
        ]
    ),
}
_ENDPOINT_OPTIONS = ("endpoint", "base_url")
_ENDPOINT_VARIABLES = {
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
    "gs": ("GOOGLE_BASE_URL",),
    "az": ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectUrl:
    """A bucket (or container) and a prefix in it, with how to get there."""

    scheme: str
    """`s3`, `gs` or `az`."""
    location: str
    """The URL without its options, so without a secret."""
    options: dict[str, str] = field(repr=False)
    """The library's options; may hold secrets."""
    plain: bool
    """Whether the endpoint says http://, so that nothing is encrypted."""
    part_size: int
    """In bytes."""

    @classmethod
    def parse(cls, url: str, environment: Mapping[str, str] = os.environ) -> "ObjectUrl":
        """The parts of `s3://bucket/prefix?option=value`, or of the same with gs: or az:.

        `environment` is looked at for an endpoint. Raises ValueError with a sentence that repeats no option's value.
        """
        parts = urlsplit(url)
        if parts.scheme not in _CLIENTS or not parts.netloc or "@" in parts.netloc or parts.fragment:
            raise ValueError(
                "an object store is named as s3://bucket/prefix, gs://bucket/prefix or az://container/prefix, "
                "with options after a question mark"
            )
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        part_size = _part_size(options.pop("part_size", str(PART)))
        known = _OPTIONS[parts.scheme]
        for name in options:
            if name not in known:
                raise ValueError(
                    f"{parts.scheme}:// has no option {name[:40]!r}; it has part_size, {', '.join(sorted(known))}"
                )
        endpoints = [options[name] for name in _ENDPOINT_OPTIONS if name in options]
        endpoints += [environment[name] for name in _ENDPOINT_VARIABLES[parts.scheme] if environment.get(name)]
        return cls(
            scheme=parts.scheme,
            location=f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}",
            options=options,
            plain=bool(endpoints) and endpoints[0].lower().startswith("http://"),
            part_size=part_size,
        )

    def client(self) -> Client:
        """A client; nothing is connected to yet. What no option says is taken from the environment.

        Every request ends: after 5 minutes, or 30 seconds without a byte, or 5 repetitions within a minute.
        Raises ValueError with a sentence that repeats no option's value.
        """
        config: Any = self.options
        try:
            return _CLIENTS[self.scheme].from_url(
                self.location,
                config=config,
                client_options={
                    "allow_http": self.plain,
                    "connect_timeout": timedelta(seconds=5),
                    "read_timeout": timedelta(seconds=30),
                    "timeout": timedelta(minutes=5),
                },
                retry_config={
                    "max_retries": 5,
                    "retry_timeout": timedelta(minutes=1),
                    "backoff": {"max_backoff": timedelta(seconds=5)},
                },
            )
        except (BaseError, ValueError) as error:
            raise ValueError(f"{self.location} cannot be used: {_reason(error)}") from None


def _part_size(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not SMALLEST_PART <= int(text) <= LARGEST_PART:
        raise ValueError(f"part_size is a number of bytes from {SMALLEST_PART} to {LARGEST_PART}")
    return int(text)


def _reason(error: Exception) -> str:
    """What is wrong, in words that cannot hold the value of an option, as the library's own may."""
    text = str(error)
    if "MissingSecretAccessKey" in text or "MissingAccessKeyId" in text:
        return "access_key_id and secret_access_key go together"
    if "MissingAccount" in text:
        return "say which Azure account, as account_name or AZURE_STORAGE_ACCOUNT_NAME"
    if "InvalidAccessKey" in text:
        return "account_key is not base64"
    if "Credential" in text:
        return "the credentials cannot be read"
    return "check the name of the bucket, the prefix and the options' values"
