"""GET and HEAD of manifests and small blobs, answered at once: see `wire.ready`.

An answer that was given once is given again, to the same token for the same path, for as long as nothing at all was
committed to the database and no time limit was passed that it depends on. Both are looked at for every request, so
no answer is older than the last change that was acknowledged, whoever made it. Otherwise it is made anew, from what
the database says in that moment. Whatever is unusual, and everything that is no 200, goes the usual way.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from entrepot.access.turnstile import Turnstile
from entrepot.api.oci.blobs import OF_BYTES, description
from entrepot.api.oci.manifests import content_type, described, looks_only
from entrepot.api.oci.path import Kind, target_of
from entrepot.db.contract import AtHand, Heard
from entrepot.db.remembered import MISSING, Remembered
from entrepot.model.digest import Digest
from entrepot.model.errors import EntrepotError
from entrepot.model.project import Action
from entrepot.model.reference import parse_reference
from entrepot.registry.blobs import clock
from entrepot.registry.manifests import pull_of
from entrepot.registry.pulls import Pull, Pulls
from entrepot.registry.readings import Readings
from entrepot.registry.small_blobs import LARGEST
from entrepot.wire.asgi import Header
from entrepot.wire.ready import Ready

_CONDITIONS: Final = frozenset({b"if-none-match", b"range", b"if-range"})
_LONGEST_TARGET = 512
_MOST_BYTES = 16 * 1024 * 1024
_MOST_LARGE = 4096
_EVER = float("inf")
_LIKELY = re.compile(rb"/v2/[^?]+/(?:manifests|blobs)/[^/?]+", re.ASCII).fullmatch
_UNFIT = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]").search


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """An answer, while nothing is committed."""

    head: bytes
    body: bytes
    principal: str
    until: float
    """When the right to it ends: seconds since 1970."""
    leased_until: float
    """When it may not be given to a pusher any more: by `registry.blobs.clock`."""
    pull: tuple[Pull, ...]
    """The pull that giving it is, if it is one."""


class AtOnce:
    """A `wire.ready.Quick`."""

    def __init__(self, db: AtHand, turnstile: Turnstile, readings: Readings, pulls: Pulls) -> None:
        self._db = db
        self._heard = db if isinstance(db, Heard) else None
        self._turnstile = turnstile
        self._readings = readings
        self._pulls = pulls
        self._answers = Remembered(_MOST_BYTES)
        self._large: set[bytes] = set()
        """Paths of large blobs, which are never given at once: who asks for one need not wait twice."""

    def hear(self, method: str, target: bytes, fields: Mapping[bytes, bytes], then: Callable[[], None], /) -> bool:
        """Whether the database is heard first, for a request that may well be answered then."""
        if self._heard is None or not _CONDITIONS.isdisjoint(fields) or _LIKELY(target) is None:
            return False
        if method == "GET" and target in self._large:
            return False
        self._heard.hear(then)
        return True

    def __call__(
        self,
        method: str,
        target: bytes,
        fields: Mapping[bytes, bytes],
        client: str,  # noqa: ARG002
        came: float,  # noqa: ARG002
        /,
    ) -> Ready | None:
        """The answer as of now, counted as a pull if it is one; None if it is to be asked in the usual way."""
        if not _CONDITIONS.isdisjoint(fields):
            return None
        authorization = fields.get(b"authorization")
        key = (method, target, authorization)
        try:
            answer = self._answers.get(self._db.version(), key)
            if answer is MISSING:
                answer = self._make(method, target, authorization)
                if answer is None:
                    return None
                self._answers.keep(key, answer, len(target) + len(authorization or b""))
        except EntrepotError:
            return None
        if answer.until <= time.time() or (answer.leased_until is not _EVER and answer.leased_until <= clock()):
            return None
        if answer.pull and not looks_only(fields):
            self._pulls.note(answer.pull[0])
        return Ready(answer.head, answer.body, answer.principal)

    def _make(self, method: str, target: bytes, authorization: bytes | None) -> _Answer | None:
        """The answer by what the database says now. Raises EntrepotError."""
        if len(target) > _LONGEST_TARGET or not target.startswith(b"/v2/"):
            return None
        asked = target_of(target)
        if asked.name is None or asked.kind not in (Kind.MANIFEST, Kind.BLOB):
            return None
        admitted = self._turnstile.admit(authorization, asked.name, Action.PULL)
        if admitted is None:
            return None
        grant, until = admitted
        head_only = method == "HEAD"
        leased_until = _EVER
        pull: tuple[Pull, ...] = ()
        if asked.kind is Kind.MANIFEST:
            reference = parse_reference(asked.last)
            row = self._readings.manifest(grant, reference)
            if row is None:
                return None
            headers = [*described(grant, reference, row.digest)[1], content_type(row.media_type)]
            body, size = row.body, len(row.body)
            if not head_only:
                pull = (pull_of(grant, row, reference),)
        else:
            digest = Digest.parse(asked.last)
            reading = self._readings.blob(grant, digest, for_push=head_only)
            content = None if reading is None or head_only else self._readings.content(reading.blob)
            if reading is not None and content is None and not head_only and reading.blob.size > LARGEST:
                self._note_large(target)
            if reading is None or (content is None and not head_only):
                return None
            headers = [*description(grant, asked.last.encode())[1], *OF_BYTES]
            leased_until = reading.until
            body, size = content or b"", reading.blob.size
        head = _lines([*headers, (b"content-length", b"%d" % size)])
        if head is None:
            return None
        return _Answer(
            head=head,
            body=b"" if head_only else body,
            principal=grant.principal.name,
            until=until,
            leased_until=leased_until,
            pull=pull,
        )

    def _note_large(self, target: bytes) -> None:
        if self._heard is not None:
            if len(self._large) >= _MOST_LARGE:
                self._large.clear()
            self._large.add(target)


def _lines(headers: list[Header]) -> bytes | None:
    """The fields as they are sent; None if one of them cannot be, which the usual way then tells."""
    if any(_UNFIT(value) for _, value in headers):
        return None
    return b"".join(b"%b: %b\r\n" % header for header in headers)
