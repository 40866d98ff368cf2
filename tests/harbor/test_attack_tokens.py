"""Forged tokens, sent to everything that takes one; how each is bent is tested closely in `tests/access/test_tokens`.

Holes of other registries that these are: CVE-2025-24976, and what is always tried beside it.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from bare import ask
from house import API, Harbor
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry
from pushing import push_image

from contracts.access_house import basic

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

EVIL = ECKey.generate_key("P-256")
WHERE = (
    ("GET", "/v2/"),
    ("GET", "/v2/_catalog"),
    ("GET", "/v2/own/app/tags/list"),
    ("GET", "/v2/own/app/manifests/1"),
    ("DELETE", "/v2/own/app/manifests/1"),
    ("POST", "/v2/own/app/blobs/uploads/"),
)


def encoded(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(token: str) -> list[dict[str, Any]]:
    return [json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2]]


def signed(header: dict[str, Any], claims: dict[str, Any], key: Any, algorithm: str = "ES256") -> str:
    text = f"{encoded(header)}.{encoded(claims)}"
    return f"{text}.{encoded(JWSRegistry.algorithms[algorithm].sign(text.encode(), key))}"


def hs256(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    text = f"{encoded(header)}.{encoded(claims)}"
    return f"{text}.{encoded(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def without_our_key(good: str, public: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What can be forged by who has a token and the published keys."""
    header, claims = decoded(good)
    claims = {**claims, "sub": "admin", "uid": 1}
    evil = {name: EVIL.as_dict(private=False)[name] for name in ("kty", "crv", "x", "y")}
    pem = ECKey.import_key({name: public[name] for name in ("kty", "crv", "x", "y")})
    for algorithm in ("none", "None", "NONE", "nOnE", ""):
        for tail in ("", encoded(b"x"), good.rpartition(".")[2]):
            yield f"alg {algorithm!r}", f"{encoded({**header, 'alg': algorithm})}.{encoded(claims)}.{tail}"
    for secret in (pem.as_pem(private=False), json.dumps(public).encode(), public["x"].encode(), b"", b"secret"):
        yield "HS256", hs256({**header, "alg": "HS256"}, claims, secret)
        yield "HS256 said to be ES256", hs256(header, claims, secret)
    yield "another key by our name", signed(header, claims, EVIL)
    chain = [base64.b64encode(b"certificate").decode()]
    for name, more in {
        "jwk": {"jwk": evil},
        "jwk by our name": {"jwk": {**evil, "kid": header["kid"]}},
        "jku": {"jku": "http://127.0.0.1:1/jwks.json"},
        "x5u": {"x5u": "http://127.0.0.1:1/certificate"},
        "x5c": {"x5c": chain},
        "crit": {"crit": ["exp"]},
        "b64": {"b64": False, "crit": ["b64"]},
    }.items():
        yield name, signed({**header, **more}, claims, EVIL)
        yield f"{name} without kid", signed({"alg": "ES256", "typ": "JWT", **more}, claims, EVIL)
    for kid in ("../../../dev/null", "' UNION SELECT 'x' --", "", None, ["x"], {"kid": "x"}, 0, "\0", "x" * 5000):
        yield f"kid {str(kid)[:20]}", signed({**header, "kid": kid}, claims, EVIL)
    rsa = RSAKey.generate_key(2048)
    yield "RS256", signed({**header, "alg": "RS256"}, claims, rsa, "RS256")
    yield "a zero signature", f"{good.rpartition('.')[0]}.{encoded(bytes(64))}"
    yield "no signature", f"{good.rpartition('.')[0]}."
    yield "changed claims", f"{good.split('.')[0]}.{encoded(claims)}.{good.split('.')[2]}"


def with_our_key(good: str, key: Any) -> Iterator[tuple[str, str]]:
    """Signed rightly, and not for here, not now, or not for anybody."""
    header, claims = decoded(good)
    now = int(time.time())
    for name, change in {
        "issuer": {"iss": "registry.example"},
        "no issuer": {"iss": ...},
        "audience": {"aud": "harbor-registry"},
        "no audience": {"aud": ...},
        "over": {"exp": now - 60},
        "never over": {"exp": ...},
        "over at a text": {"exp": str(now + 600)},
        "not yet": {"nbf": now + 600},
        "no beginning": {"nbf": ...},
        "nobody with a name": {"uid": 999_999},
        "no stamp": {"stamp": ""},
        "another stamp": {"stamp": "A" * 20},
        "a stamp in another script": {"stamp": "\u0101" * 20},
        "user and robot": {"rid": 1},
    }.items():
        told = {key: value for key, value in {**claims, **change}.items() if value is not ...}
        yield name, signed(header, told, key)
    yield "with a key of its own", signed({**header, "jwk": EVIL.as_dict(private=False)}, claims, key)
    yield "another type", signed({**header, "typ": "at+jwt"}, claims, key)


async def test_no_forged_token_opens_anything(harbor: Harbor) -> None:
    """CVE-2025-24976: a key that came in the token's own header was believed."""
    await push_image(harbor("owner"), "own/app", "1")
    told = await ask(
        harbor,
        "GET",
        "/service/token?scope=repository:own/app:pull,push,delete&scope=registry:catalog:*",
        {"authorization": basic("owner")},
    )
    good = json.loads(told.body)["token"]
    for method, path in WHERE[:4]:
        assert (await ask(harbor, method, path, {"authorization": f"Bearer {good}"})).status == 200, path
    (public,) = json.loads((await ask(harbor, "GET", "/service/jwks.json")).body)["keys"]
    assert "d" not in public
    private = (await harbor.whole.keys.signing()).private
    forged = [*without_our_key(good, public), *with_our_key(good, private)]
    assert len(forged) > 60
    opened = []
    for name, token in forged:
        for scheme in ("Bearer", "bearer"):
            for method, path in WHERE:
                answer = await ask(harbor, method, path, {"authorization": f"{scheme} {token}"})
                if answer.status != 401:
                    opened.append((name, method, path, answer.status))
    assert opened == []
    header, claims = decoded(good)
    again = signed(header, claims, private)  # It is refused for what is changed, not for how it is signed.
    assert (await ask(harbor, "GET", WHERE[3][1], {"authorization": f"Bearer {again}"})).status == 200


async def test_a_token_is_good_for_its_scope_and_for_the_registry_alone(harbor: Harbor) -> None:
    """CVE-2025-24976: nor does a right token say more than it was made for."""
    await push_image(harbor("owner"), "own/app", "1")
    told = await ask(harbor, "GET", "/service/token?scope=repository:own/app:pull", {"authorization": basic("owner")})
    bearer = {"authorization": f"Bearer {json.loads(told.body)['token']}"}
    assert (await ask(harbor, "GET", "/v2/own/app/manifests/1", bearer)).status == 200
    for method, path in (
        ("DELETE", "/v2/own/app/manifests/1"),
        ("POST", "/v2/own/app/blobs/uploads/"),
        ("GET", "/v2/own/other/tags/list"),
        ("GET", "/v2/_catalog"),
        ("GET", "/service/token?scope=repository:own/app:push"),
        ("GET", f"{API}/users/current"),
        ("GET", f"{API}/projects/own"),
    ):
        assert (await ask(harbor, method, path, bearer)).status in (401, 403), path
    for scope in ("repository:own/app:*", "repository:own/app:pull,push,delete", "registry:catalog:*"):
        answer = await ask(harbor, "GET", f"/service/token?scope={scope}", {"authorization": basic("stranger")})
        claims = decoded(json.loads(answer.body)["token"])[1]
        assert not [entry for entry in claims["access"] if entry["type"] == "repository"], scope
