"""The registry's answers to plain HTTP, which say what is visible without a client's own ideas in between."""

import base64
import re
from collections.abc import Generator
from typing import Any

import httpx

ACCEPT = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)


class ChallengeAuth(httpx.Auth):
    """Answers a 401 as registry clients do: with the password, or with a token fetched where the challenge says."""

    requires_response_body = True

    def __init__(self, user: str, password: str) -> None:
        self._basic = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        response = yield request
        if response.status_code != 401:
            return
        kind, _, rest = response.headers["WWW-Authenticate"].partition(" ")
        if kind.lower() == "basic":
            request.headers["Authorization"] = self._basic
        else:
            challenge = dict(re.findall(r'(\w+)="([^"]*)"', rest))
            asked = {name: challenge[name] for name in ("service", "scope") if name in challenge}
            answer = yield httpx.Request(
                "GET", httpx.URL(challenge["realm"], params=asked), headers={"Authorization": self._basic}
            )
            request.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        yield request


class Wire:
    """One person's view of a registry by HTTP; without a name, anybody's."""

    def __init__(self, url: str, user: str | None = None, password: str = "") -> None:
        auth = ChallengeAuth(user, password) if user else None
        self._http = httpx.Client(base_url=f"{url}/v2", auth=auth, timeout=30, trust_env=False)

    def close(self) -> None:
        """Ends the connections."""
        self._http.close()

    def manifest(self, repository: str, reference: str, method: str = "HEAD") -> httpx.Response:
        """The answer to HEAD (or another method) on a manifest."""
        return self._http.request(method, f"/{repository}/manifests/{reference}", headers={"Accept": ACCEPT})

    def digest(self, repository: str, reference: str) -> str:
        """The digest that a tag points to. Raises AssertionError if it points to nothing."""
        answer = self.manifest(repository, reference)
        assert answer.status_code == 200, f"{repository}:{reference}: {answer.status_code}"
        digest: str = answer.headers["Docker-Content-Digest"]
        return digest

    def layers(self, repository: str, reference: str) -> list[str]:
        """The digests of an image's layers."""
        return [layer["digest"] for layer in self.manifest(repository, reference, "GET").json()["layers"]]

    def blob(self, repository: str, digest: str, method: str = "HEAD") -> httpx.Response:
        """The answer to HEAD (or another method) on a blob."""
        return self._http.request(method, f"/{repository}/blobs/{digest}")

    def mount(self, repository: str, digest: str, source: str) -> httpx.Response:
        """The answer to the wish to have a blob of another repository here."""
        return self._http.post(f"/{repository}/blobs/uploads/", params={"mount": digest, "from": source})

    def tags(self, repository: str) -> list[str]:
        """The repository's tags; none if the registry says that there is no such repository."""
        answer = self._http.get(f"/{repository}/tags/list")
        if answer.status_code == 404:
            return []
        tags: list[str] | None = answer.raise_for_status().json()["tags"]
        return tags or []

    def catalog(self) -> list[str]:
        """All repositories, over all pages."""
        found: list[str] = []
        path: str | None = "/_catalog?n=50"
        while path:
            answer = self._http.get(path).raise_for_status()
            found += answer.json()["repositories"] or []
            following = answer.links.get("next", {}).get("url")
            path = str(self._http.base_url.join(following)) if following else None
        return found

    def referrers(self, repository: str, digest: str) -> list[dict[str, Any]]:
        """The descriptors of what refers to that digest."""
        found: list[dict[str, Any]] = (
            self._http.get(f"/{repository}/referrers/{digest}").raise_for_status().json()["manifests"]
        )
        return found
