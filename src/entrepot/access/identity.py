"""Who a request says it comes from, once that is proven."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from entrepot.model.grant import ANONYMOUS, Principal
from entrepot.model.project import Action

Scope = Mapping[str, frozenset[Action]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A principal, and what their proof is good for."""

    principal: Principal
    scope: Scope | None = None
    """What a token was made for, by whole repository name; None: everything the principal may do."""
    catalog: bool = False
    """Whether a token was made for the list of repositories too; means nothing where `scope` is None."""
    stamp: str = ""
    """The stamp of the password that was proven; empty for who is no user."""

    @property
    def may_list(self) -> bool:
        """Whether the list of repositories is within the scope."""
        return self.scope is None or self.catalog

    def within(self, repository: str, actions: frozenset[Action]) -> frozenset[Action]:
        """Those of `actions` on the repository that are within the scope."""
        if self.scope is None:
            return actions
        return actions & self.scope.get(repository, frozenset())


NOBODY = Identity(principal=ANONYMOUS)


@lru_cache(maxsize=4096)
def stamp_of(password_hash: str) -> str:
    """A short text that changes whenever the password does, and from which nothing about it can be learnt.

    Tokens carry it, so that none outlives the password it was got with. The hash it is made of holds 16 random bytes,
    so who reads a token cannot try passwords against its stamp.
    """
    return base64.urlsafe_b64encode(hashlib.sha256(password_hash.encode()).digest()[:15]).decode()
