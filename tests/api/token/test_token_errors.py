"""Every error the endpoint can meet has its status."""

import pytest

from entrepot.api.token.errors import status_and_code
from entrepot.model.errors import DatabaseFailed, Denied, EntrepotError, Invalid, TooManyAttempts, Unauthenticated


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Unauthenticated("x"), 401),
        (Denied("x"), 403),
        (TooManyAttempts("x", 3), 429),
        (Invalid("x"), 400),
        (DatabaseFailed("x"), 503),
    ],
)
def test_each_error_has_its_status(error: EntrepotError, status: int) -> None:
    assert status_and_code(error)[0] == status
