"""Byte ranges: of what is asked for (`Range`, RFC 9110 section 14) and of what is sent (`Content-Range`)."""

import re

from entrepot.model.errors import BlobUploadInvalid, SizeInvalid

_WANTED = re.compile(rb"[Bb][Yy][Tt][Ee][Ss]=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*").fullmatch
# Registry clients write `0-1023`, without the unit and the total size of RFC 9110; those are taken as well.
_SENT = re.compile(rb"(?:bytes[ =])?([0-9]{1,18})-([0-9]{1,18})(?:/(?:[0-9]{1,18}|\*))?").fullmatch


def wanted(header: bytes, size: int) -> tuple[int, int] | None:
    """The start and end (not included) that a Range header asks for of `size` bytes.

    None if the header is to be ignored, which RFC 9110 allows for several ranges, and asks for other units and for
    what cannot be read. An empty range if nothing of it is there: the answer is then 416.
    """
    match = _WANTED(header)
    if match is None:
        return None
    first, last = match.groups()
    if first:
        start = int(first)
        end = min(int(last) + 1, size) if last else size
        return (start, end) if start < end else (0, 0)
    return (max(size - int(last), 0), size) if last else None


def sent(header: bytes, length: int | None) -> tuple[int, int]:
    """The start and the length of a chunk by its Content-Range; `length` is its Content-Length, None if not given.

    Raises BlobUploadInvalid if it cannot be read, SizeInvalid if the two lengths differ.
    """
    match = _SENT(header.strip())
    if match is None:
        raise BlobUploadInvalid("Content-Range gives the chunk's first and last byte, as in 0-1023")
    start, end = int(match[1]), int(match[2]) + 1
    # `5-4` is how some clients say "nothing, at 5".
    if end < start:
        raise BlobUploadInvalid("in Content-Range the last byte stands before the first")
    if length is not None and length != end - start:
        raise SizeInvalid(f"Content-Range announces {end - start} bytes, Content-Length {length}")
    return start, end - start
