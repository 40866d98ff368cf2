"""The form for vulnerabilities that are put up with: of a project, and of all that have no list of their own."""

from datetime import UTC, date, datetime, time

from entrepot.model.errors import Invalid
from entrepot.registry.project_changes import Allowlist, allowed
from entrepot.web.ask import Ask


def allowlist_asked_for(ask: Ask) -> Allowlist:
    """What the form asks for. Raises Invalid."""
    items = allowed(ask.form.text("items").replace(",", " ").split())
    return Allowlist(items=items, expires_at=_end_of(ask.form.text("expires")))


def day_of(expires_at: int | None) -> str:
    """The day, as a form has it, of a moment in seconds since 1970; empty for none."""
    return "" if expires_at is None else datetime.fromtimestamp(expires_at, UTC).date().isoformat()


def _end_of(text: str) -> int | None:
    """The end of the day, in seconds since 1970; None for no day. Raises Invalid."""
    if not text:
        return None
    try:
        return int(datetime.combine(date.fromisoformat(text), time(23, 59, 59), UTC).timestamp())
    except (ValueError, OverflowError) as error:
        raise Invalid("a day is written as 2027-01-31") from error
