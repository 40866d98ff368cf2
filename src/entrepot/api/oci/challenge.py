"""The challenge of a 401: where to get a token, and for what (Docker's token authentication, RFC 6750)."""

SERVICE = "entrepot"
TOKEN_PATH = "/service/token"  # noqa: S105 - a path


def challenge(address: str, scopes: str, error: str) -> bytes:
    """The value of WWW-Authenticate. `scopes` are separated by spaces; it and `error` may be empty.

    Every value is quoted and the type stands first and once: some clients read it with a simple pattern.
    """
    text = f'Bearer realm="{address}{TOKEN_PATH}",service="{SERVICE}"'
    if scopes:
        text += f',scope="{scopes}"'
    if error:
        text += f',error="{error}"'
    return text.encode()
