"""The gate for who needs no waiting for: nobody in particular, and the bearers of tokens that were seen before."""

from typing import NamedTuple

from entrepot.access.gate import granted, standing, standing_key
from entrepot.access.identity import NOBODY
from entrepot.access.tokens import Tokens
from entrepot.db.contract import AtHand
from entrepot.model.errors import EntrepotError
from entrepot.model.grant import RepositoryGrant
from entrepot.model.project import Action
from entrepot.model.reference import RepositoryName

_EVER = float("inf")


class Pass(NamedTuple):
    """A grant, and until when it is good while nothing is committed to the database: seconds since 1970."""

    grant: RepositoryGrant
    until: float


class Turnstile:
    """Grants what the gate would grant, or nothing."""

    def __init__(self, db: AtHand, tokens: Tokens) -> None:
        self._db = db
        self._tokens = tokens

    def admit(self, authorization: bytes | None, name: RepositoryName, action: Action) -> Pass | None:
        """What a request with that Authorization header is granted, as of now.

        None if that is a refusal, or would have to be waited for: the gate is then to be asked. Never raises.
        """
        identity, until = NOBODY, _EVER
        if authorization is not None:
            scheme, _, credentials = authorization.decode("latin-1").strip().partition(" ")
            known = self._tokens.recall(credentials.strip()) if scheme.lower() == "bearer" else None
            if known is None:
                return None
            identity, until = known
        who = identity.principal
        try:
            found = self._db.recall(lambda tx: standing(tx, who, name), key=standing_key(who, name))
            grant = granted(identity, name, found, frozenset((action,)))
        except EntrepotError:
            return None
        if found.expires_at is not None:
            until = min(until, found.expires_at / 1_000_000)
        return Pass(grant, until)
