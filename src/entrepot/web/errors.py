"""How the error tree looks on a page: a status, a heading, and what helps. One table."""

from dataclasses import dataclass

from entrepot.model import errors


def N_(sentence: str) -> str:  # noqa: N802 - gettext's own name for a sentence that is translated later
    """The sentence, marked to be translated where it is shown."""
    return sentence


@dataclass(frozen=True, slots=True)
class Trouble:
    """A kind of error, in sentences to be translated."""

    status: int
    heading: str
    help: str


TABLE: dict[type[errors.EntrepotError], Trouble] = {
    errors.Invalid: Trouble(
        400, N_("That does not fit"), N_("Go back, mend what the sentence below names, and send it again.")
    ),
    errors.Unknown: Trouble(
        404,
        N_("There is nothing here"),
        N_("It was deleted, never was, or you may not know of it. What was deleted lately may still be in the trash."),
    ),
    errors.Unauthenticated: Trouble(401, N_("Sign in first"), N_("This page is for people who are signed in.")),
    errors.Denied: Trouble(
        403,
        N_("You may not see this"),
        N_("It does not exist, or nobody gave you a role there. Who administers the project can give you one."),
    ),
    errors.ReadOnly: Trouble(
        403,
        N_("Nothing can be changed now"),
        N_("An administrator has made the registry read-only. Pulling goes on. Try again when it is over."),
    ),
    errors.QuotaExceeded: Trouble(
        403, N_("The project is full"), N_("Delete what is not needed, or ask an administrator for more room.")
    ),
    errors.TooManyAttempts: Trouble(
        429, N_("Too many wrong passwords"), N_("Wait a little, then try again. Sessions and tokens go on working.")
    ),
    errors.Conflict: Trouble(
        409, N_("Not as things are now"), N_("Something else has to change first; the sentence below says what.")
    ),
    errors.Protected: Trouble(
        412, N_("This is protected"), N_("A hold or a rule keeps it. Who set it can lift it; then this works.")
    ),
    errors.Failed: Trouble(
        503,
        N_("The registry could not do it"),
        N_("Nothing was changed. Try again in a moment; if it stays so, tell who runs it."),
    ),
    errors.StorageFull: Trouble(
        507, N_("There is no room left"), N_("Nothing was changed. Whoever runs the registry has to make room first.")
    ),
}
BROKEN = Trouble(500, N_("Something broke"), N_("It is in the log of the registry, under the request's number below."))
WRONG_METHOD = Trouble(405, N_("That cannot be done here"), N_("Go back to the page and use its buttons."))


def trouble_of(error: errors.EntrepotError) -> Trouble:
    """The row of the table for an error, or for the nearest class above it."""
    return next((TABLE[above] for above in type(error).__mro__ if above in TABLE), BROKEN)
