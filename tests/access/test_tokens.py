"""Tokens: what we make we know again, and what somebody else makes, or bends, is refused."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

from contracts.access_house import ADDRESS, House, basic
from entrepot.access.identity import NOBODY, Identity
from entrepot.access.keys import Keys
from entrepot.access.tokens import LEEWAY_SECONDS, LONGEST_TOKEN, Tokens
from entrepot.model.errors import Unauthenticated
from entrepot.model.project import Action

# What is tested here is the same on every database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

EVIL = ECKey.generate_key("P-256")


def _encoded(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, payload, _ = token.split(".")
    return tuple(json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, payload))


def _signed(header: dict[str, Any], claims: dict[str, Any], key: Any) -> str:
    """As whoever forges signs: without asking a library whether the header makes sense."""
    text = f"{_encoded(header)}.{_encoded(claims)}"
    return f"{text}.{_encoded(JWSRegistry.algorithms[header['alg']].sign(text.encode(), key))}"


def _hs256(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    text = f"{_encoded(header)}.{_encoded(claims)}"
    return f"{text}.{_encoded(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


@pytest.fixture
async def good(house: House) -> str:
    identity = await house.gate.identify(basic("maker"), ADDRESS)
    return (await house.tokens.issue(identity, {"own/app": frozenset({Action.PULL})}, catalog=True)).token


Resign = Callable[[dict[str, Any], dict[str, Any]], Awaitable[str]]


@pytest.fixture
def resign(house: House, good: str) -> Resign:
    """A token signed with the real key, of the good one's header and claims with those given in their place."""

    async def signed(header: dict[str, Any], claims: dict[str, Any]) -> str:
        first_header, first_claims = _parts(good)
        merged = [
            {name: value for name, value in {**first, **changed}.items() if value is not ...}
            for first, changed in ((first_header, header), (first_claims, claims))
        ]
        return _signed(merged[0], merged[1], (await house.keys.signing()).private)

    return signed


async def _refused(house: House, token: str) -> None:
    for tokens in (house.tokens, Tokens(Keys(house.db))):  # With what was remembered, and without.
        with pytest.raises(Unauthenticated):
            await tokens.verify(token)


async def test_what_is_issued_is_known_again(house: House, good: str) -> None:
    for tokens in (house.tokens, house.tokens, Tokens(Keys(house.db))):
        identity = await tokens.verify(good)
        assert identity.principal.name == "maker"
        assert identity.scope == {"own/app": {Action.PULL}}
        assert identity.catalog
        assert identity.stamp
    header, claims = _parts(good)
    assert header == {"alg": "ES256", "typ": "JWT", "kid": (await house.keys.signing()).id}
    assert set(claims) == {"iss", "aud", "sub", "uid", "rid", "stamp", "access", "iat", "nbf", "exp", "jti"}
    assert claims["exp"] - claims["iat"] == 1800
    assert {"type": "repository", "name": "own/app", "actions": ["pull"]} in claims["access"]


async def test_the_real_key_with_nothing_changed_is_accepted(house: House, resign: Resign) -> None:
    """Shows that the attacks below are refused for what they change, not for how they were made."""
    assert (await house.tokens.verify(await resign({}, {}))).principal.name == "maker"


async def test_an_anonymous_token_is_nobodys(house: House) -> None:
    issued = await house.tokens.issue(NOBODY, {})
    assert (await house.tokens.verify(issued.token)).principal == NOBODY.principal


async def test_no_algorithm(house: House, good: str) -> None:
    header, claims = _parts(good)
    for name in ("none", "None", "NONE", "nOnE", ""):
        unsigned = f"{_encoded({**header, 'alg': name})}.{_encoded(claims)}."
        await _refused(house, unsigned)
        await _refused(house, unsigned + good.split(".")[2])


async def test_the_public_key_as_a_shared_secret(house: House, good: str) -> None:
    header, claims = _parts(good)
    key = await house.keys.signing()
    public = json.dumps(key.public)
    for secret in (key.verifier.as_pem(private=False), public.encode(), key.id.encode(), b""):
        await _refused(house, _hs256({**header, "alg": "HS256"}, claims, secret))
        await _refused(house, _hs256(header, claims, secret))


@pytest.mark.parametrize("algorithm", ["RS256", "ES384", "ES512", "PS256", "EdDSA", "HS256", ["ES256"], None, 7, {}])
async def test_another_algorithm_in_the_header(house: House, good: str, algorithm: object) -> None:
    header, claims = _parts(good)
    text = f"{_encoded({**header, 'alg': algorithm})}.{_encoded(claims)}"
    key = await house.keys.signing()
    signature = _signed(header, claims, key.private).split(".")[2]
    await _refused(house, f"{text}.{signature}")


async def test_keys_of_other_kinds(house: House, good: str) -> None:
    header, claims = _parts(good)
    await _refused(house, _signed({**header, "alg": "RS256"}, claims, RSAKey.generate_key(2048)))
    await _refused(house, _signed({**header, "alg": "ES384"}, claims, ECKey.generate_key("P-384")))


async def test_a_key_brought_along(house: House, good: str) -> None:
    header, claims = _parts(good)
    public = {str(name): value for name, value in EVIL.as_dict(private=False).items()}
    for extra in (
        {"jwk": public},
        {"jwk": {**public, "kid": header["kid"]}, "kid": header["kid"]},
        {"jku": "https://attacker.example/keys.json"},
        {"x5u": "https://attacker.example/cert.pem"},
        {"x5c": ["MIIB"]},
        {"x5t": "AAAA"},
        {},
    ):
        await _refused(house, _signed({**header, **extra}, claims, EVIL))
        await _refused(house, _signed({**{n: v for n, v in header.items() if n != "kid"}, **extra}, claims, EVIL))


@pytest.mark.parametrize(
    "extra",
    [
        {"jwk": {"kty": "EC"}},
        {"jku": "https://attacker.example/keys.json"},
        {"x5u": "https://attacker.example/"},
        {"x5c": ["MIIB"]},
        {"crit": ["exp"], "exp": 1},
        {"crit": []},
        {"zip": "DEF"},
        {"cty": "JWT"},
        {"typ": "at+jwt"},
        {"typ": ...},
        {"kid": ...},
        {"nothing": "known"},
    ],
)
async def test_a_header_that_is_not_ours_even_with_our_key(house: House, resign: Resign, extra: dict[str, Any]) -> None:
    await _refused(house, await resign(extra, {}))


@pytest.mark.parametrize(
    "kid",
    [
        "",
        "unknown",
        "../../../../dev/null",
        "/etc/passwd",
        "x' OR '1'='1",
        "a\0b",
        "\ud800",
        None,
        0,
        True,
        ["first"],
        {"kid": "first"},
        "k" * 300,
    ],
)
async def test_a_key_by_another_name(house: House, good: str, kid: object) -> None:
    header, claims = _parts(good)
    text = f"{_encoded({**header, 'kid': kid})}.{_encoded(claims)}"
    await _refused(house, f"{text}.{good.split('.')[2]}")
    await _refused(house, _hs256({**header, "kid": kid, "alg": "HS256"}, claims, b""))


NOW = int(time.time())


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "somebody"},
        {"iss": ...},
        {"iss": ["entrepot"]},
        {"iss": None},
        {"aud": "somebody"},
        {"aud": ...},
        {"aud": []},
        {"aud": ["somebody"]},
        {"exp": NOW - LEEWAY_SECONDS - 1},
        {"exp": ...},
        {"exp": "tomorrow"},
        {"exp": str(NOW + 100)},
        {"exp": True},
        {"exp": None},
        {"exp": NOW + 0.5 + 3600},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"nbf": NOW + 3600},
        {"nbf": ...},
        {"nbf": "now"},
        {"iat": NOW + 3600},
        {"iat": ...},
        {"sub": ...},
        {"sub": 7},
        {"sub": ""},
        {"jti": ...},
        {"uid": ...},
        {"uid": "1"},
        {"uid": None, "rid": "1"},
        {"uid": None, "rid": True},
        {"uid": 1, "rid": 1},
        {"rid": ...},
        {"uid": 1.5},
        {"uid": [1]},
        {"uid": True},
        {"stamp": ...},
        {"stamp": ""},
        {"stamp": 1},
        {"access": ...},
        {"access": None},
        {"access": "all"},
        {"access": {"own/app": ["pull"]}},
        {"access": [{"type": "repository", "name": "own/app", "actions": ["administer"]}]},
        {"access": [{"type": "repository", "name": "own/app"}]},
        {"access": [["repository"]]},
    ],
)
async def test_claims_that_are_not_ours_even_with_our_key(house: House, resign: Resign, claims: dict[str, Any]) -> None:
    await _refused(house, await resign({}, claims))


async def test_an_identity_token_of_another_installation(house: House, good: str) -> None:
    """Another installation has the same issuer and audience, but not the same keys."""
    header, claims = _parts(good)
    await _refused(house, _signed({**header, "kid": EVIL.thumbprint()}, claims, EVIL))


async def test_bent_tokens(house: House, good: str) -> None:
    header, payload, signature = good.split(".")
    claims = _parts(good)[1]
    admin = _encoded({**claims, "uid": 1, "sub": "admin"})
    bent = [
        "",
        ".",
        "..",
        header,
        f"{header}.{payload}",
        f"{header}.{payload}.",
        f"{header}..{signature}",
        f".{payload}.{signature}",
        f"{header}.{payload}.{signature}.",
        f"{header}.{payload}.{signature}.{signature}",
        f"{header}.{admin}.{signature}",
        f"{header}.{payload}.{_encoded(bytes(64))}",
        f"{header}.{payload}.{_encoded(bytes(32))}",
        f"{header}.{payload}.{signature}=",
        f" {header}.{payload}.{signature}",
        f"{header}.{payload}.{signature[:-1]}",
        f"{header}.{payload}.{signature}AAAA",
        f"{_encoded(b'[]')}.{payload}.{signature}",
        f"{_encoded(b'null')}.{payload}.{signature}",
        f"{_encoded(b'{')}.{payload}.{signature}",
        f"{_encoded(b'[' * 300)}.{payload}.{signature}",
        f"{_encoded(bytes(range(256)))}.{payload}.{signature}",
        json.dumps({"protected": header, "payload": payload, "signature": signature}),
        "a" * (LONGEST_TOKEN + 1),
        good + "\n",
    ]
    for token in bent:
        await _refused(house, token)


async def test_a_token_ends(house: House, resign: Resign) -> None:
    """It is asked at every use, also of a token that is remembered."""
    end = int(time.time()) + 2
    token = await resign({}, {"exp": end - LEEWAY_SECONDS})
    uses = 0
    while time.time() < end - 0.5:
        assert (await house.tokens.verify(token)).principal.name == "maker"
        uses += 1
        await asyncio.sleep(0.1)
    assert uses > 1
    await asyncio.sleep(end - time.time() + 0.01)
    await _refused(house, token)


async def test_a_lifetime_is_bounded(house: House) -> None:
    for lifetime in (0, 59, 86_400):
        with pytest.raises(ValueError, match="seconds"):
            Tokens(house.keys, lifetime)
    issued = await Tokens(house.keys, 60).issue(NOBODY, {})
    assert issued.lifetime == 60
    assert _parts(issued.token)[1]["exp"] == issued.issued_at + 60


async def test_a_hundred_scopes_fit(house: House) -> None:
    identity: Identity = await house.gate.identify(basic("maker"), ADDRESS)
    scope = {f"own/{'x' * 60}{number}": frozenset(Action) for number in range(100)}
    issued = await house.tokens.issue(identity, scope)
    assert (await house.tokens.verify(issued.token)).scope == scope
