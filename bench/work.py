"""What a load process is told to do, and what it tells back; each is one line of JSON."""

from typing import Literal

import msgspec

Way = Literal["put", "patch", "stream"]
NOT_TOLD = -1
"""The length of an answer that has no Content-Length; as that of a request, whatever is answered."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A small request and the answer it must get.

    status: the answer's status
    length: the answer's Content-Length, or NOT_TOLD
    sha256: of the answer's body in hexadecimal, checked on the first answer; empty for HEAD
    """

    method: Literal["GET", "HEAD"]
    target: str
    accept: str
    status: int
    length: int
    sha256: str


class Small(msgspec.Struct, frozen=True, kw_only=True, tag="small"):
    """`count` small requests, taken in turn from `requests`, one at a time on each kept-alive connection."""

    port: int
    authorization: str
    connections: int
    count: int
    requests: tuple[Request, ...]


class Fetch(msgspec.Struct, frozen=True, kw_only=True):
    """A large body to download: `span` is a Range header's value, or empty for the whole."""

    target: str
    span: str
    length: int


class Down(msgspec.Struct, frozen=True, kw_only=True, tag="down"):
    """Large bodies to download and throw away, each once, by whichever connection is free."""

    port: int
    authorization: str
    connections: int
    fetches: tuple[Fetch, ...]


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A blob to send: the first `head` bytes of the base file, then `tail`."""

    digest: str
    head: int
    tail: bytes


class Up(msgspec.Struct, frozen=True, kw_only=True, tag="up"):
    """Blobs to upload, each once, by whichever connection is free.

    way:   put: POST, then one PUT with the body; patch: POST, PATCHes of `piece` bytes with Content-Range, an empty
           PUT; stream: POST, one PATCH in chunked transfer coding (chunks of 32 KiB, as docker sends), an empty PUT
    base:  path of the file the blobs begin with
    """

    port: int
    authorization: str
    connections: int
    repository: str
    way: Way
    piece: int
    base: str
    uploads: tuple[Upload, ...]


class Done(msgspec.Struct, frozen=True, kw_only=True, tag="done"):
    """All went as asked: seconds from the first connection to the last answer, and how many answers."""

    wall: float
    answers: int


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """Something did not go as asked; `why` says what."""

    why: str


Job = Small | Down | Up
Outcome = Done | Failed
