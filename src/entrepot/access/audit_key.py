"""The key that signs what the audit leaves behind. It is made once and kept for ever, for so must its signatures be."""

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from entrepot.access.keys import make_key
from entrepot.db import instance
from entrepot.db.contract import Transaction

_NAME = "audit_key"
_ALGORITHM = "ES256"


def sign(tx: Transaction, payload: bytes) -> str:
    """The payload as a JWS in its compact form (RFC 7515)."""
    _, fresh = make_key()
    instance.put_first(tx, _NAME, fresh)
    key = ECKey.import_key(instance.get(tx, _NAME) or fresh)
    return jws.serialize_compact({"alg": _ALGORITHM}, payload, key, algorithms=[_ALGORITHM])


def verify(tx: Transaction, signature: str) -> bytes | None:
    """What was signed; None if it was not by this installation's key."""
    pem = instance.get(tx, _NAME)
    if pem is None:
        return None
    try:
        return jws.deserialize_compact(signature, ECKey.import_key(pem), algorithms=[_ALGORITHM]).payload
    except (JoseError, ValueError):
        return None
