"""The errors of stores that could not do something, as sentences for people."""

import errno
import os
from enum import Enum, auto

from entrepot.model.errors import StorageFailed, StorageFull

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class Doing(Enum):
    """What a store was asked for."""

    READ = auto()
    WRITE = auto()
    REMOVE = auto()
    LIST = auto()
    SIGN = auto()


def of_system(doing: Doing, error: OSError) -> StorageFailed:
    """The error to raise when the operating system failed us: StorageFull or StorageFailed."""
    reason = os.strerror(error.errno) if error.errno else "the operating system gave no reason"
    if error.errno in _NO_ROOM:
        return StorageFull(f"there is no room in the store ({reason}); free some, then try again")
    return failed(doing, reason)


def of_object_store(doing: Doing, status: str, code: str, *, refused: bool) -> StorageFailed:
    """The error to raise when an object store answered `status` and `code`, empty if it did not, or `refused` us."""
    if status:
        return failed(doing, f"the object store answered {f'{status} {code}'.rstrip()}")
    if refused:
        return failed(doing, "the object store does not accept the credentials")
    return failed(doing, "the object store was not reached, or broke off")


def failed(doing: Doing, reason: str) -> StorageFailed:
    """The error with its reason. Each is a sentence of its own, as other languages do not put them together so."""
    match doing:
        case Doing.READ:
            sentence = f"could not read an object: {reason}"
        case Doing.WRITE:
            sentence = f"could not write an object: {reason}"
        case Doing.REMOVE:
            sentence = f"could not remove an object: {reason}"
        case Doing.LIST:
            sentence = f"could not list objects: {reason}"
        case Doing.SIGN:
            sentence = f"could not sign a URL for an object: {reason}"
    return StorageFailed(sentence)
