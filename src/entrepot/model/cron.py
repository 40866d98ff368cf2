"""When a schedule comes due: six fields, by UTC.

    second minute hour day-of-month month day-of-week

The first is always 0, as in Harbor. A field is `*` (or `?`), or several of `value`, `least-most`,
`*/step`, `least-most/step` and `value/step` (from there on) with commas between. Months and days of the week have names
too (`jan`, `mon`); Sunday is 0 or 7. As cron has it since ever: if both kinds of days are restricted, either will do.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from entrepot.model.errors import Invalid

LONGEST = 256
"""Characters."""
HOURLY, DAILY, WEEKLY = "0 0 * * * *", "0 0 0 * * *", "0 0 0 * * 0"

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_YEARS = 9
"""Every date comes within that many years, even the 29th of February around 2100."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()
    first: int = 0
    """What the first of the names stands for."""


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS, 1),
    _Field("day of the week", 0, 7, _DAYS),
)


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed schedule."""

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool
    """Both kinds of days are restricted."""

    @classmethod
    def parse(cls, text: str) -> "Cron":
        """The schedule that the text writes. Raises Invalid, with what is wrong with it."""
        parts = text.split()
        if len(text) > LONGEST or len(parts) != 6:
            raise Invalid("a cron has six fields, second minute hour day-of-month month day-of-week, as in 0 0 3 * * *")
        if parts[0] != "0":
            raise Invalid("the first field of a cron, the second, is 0")
        minutes, hours, days, months, weekdays = (
            _values(field, part.lower()) for field, part in zip(_FIELDS, parts[1:], strict=True)
        )
        made = cls(
            text=" ".join(parts),
            minutes=tuple(sorted(minutes)),
            hours=tuple(sorted(hours)),
            days=days,
            months=months,
            weekdays=frozenset(day % 7 for day in weekdays),
            either=not _free(parts[3]) and not _free(parts[5]),
        )
        if made._next(datetime(2000, 1, 1, tzinfo=UTC)) is None:
            raise Invalid(f"the cron {made.text!r} never comes: there is no such date")
        return made

    def after(self, moment: int) -> int:
        """The first time it comes after the moment; both are microseconds since 1970."""
        found = self._next(datetime.fromtimestamp(moment // 1_000_000, UTC))
        assert found is not None, "parsing saw to it that it comes"
        return int(found.timestamp()) * 1_000_000

    def last(self, after: int, until: int) -> int | None:
        """The last time it comes after the one moment and not after the other; None if it does not."""
        found = self._last(datetime.fromtimestamp(until // 1_000_000, UTC))
        if found is None:
            return None
        moment = int(found.timestamp()) * 1_000_000
        return moment if moment > after else None

    def _next(self, moment: datetime) -> datetime | None:
        start = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        day = start.date()
        for _ in range(366 * _YEARS):
            if self._has(day.month, day.day, day.isoweekday()):
                for hour in self.hours:
                    for minute in self.minutes:
                        found = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
                        if found >= start:
                            return found
            day += timedelta(days=1)
        return None

    def _last(self, moment: datetime) -> datetime | None:
        day = moment.date()
        for _ in range(366 * _YEARS):
            if self._has(day.month, day.day, day.isoweekday()):
                for hour in reversed(self.hours):
                    for minute in reversed(self.minutes):
                        found = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
                        if found <= moment:
                            return found
            day -= timedelta(days=1)
        return None

    def _has(self, month: int, day: int, weekday: int) -> bool:
        if month not in self.months:
            return False
        if self.either:
            return day in self.days or weekday % 7 in self.weekdays
        return day in self.days and weekday % 7 in self.weekdays


def _free(part: str) -> bool:
    return any(piece in ("*", "?", "*/1", "?/1") for piece in part.split(","))


def _values(field: _Field, part: str) -> frozenset[int]:
    found: set[int] = set()
    for piece in part.split(","):
        span, slash, step = piece.partition("/")
        if slash and not (step.isascii() and step.isdigit() and 0 < int(step[:9]) <= field.most):
            raise _wrong(field, part)
        if span in ("*", "?"):
            least, most = field.least, field.most
            if field.most == 7:
                most = 6
        else:
            first, dash, last = span.partition("-")
            least = _value(field, part, first)
            most = _value(field, part, last) if dash else (field.most if slash else least)
            if field.most == 7 and slash and not dash:
                most = 6
        if least > most:
            raise _wrong(field, part)
        found.update(range(least, most + 1, int(step) if slash else 1))
    return frozenset(found)


def _value(field: _Field, part: str, text: str) -> int:
    if text in field.names:
        return field.names.index(text) + field.first
    if text.isascii() and text.isdigit() and len(text) <= 2 and field.least <= int(text) <= field.most:
        return int(text)
    raise _wrong(field, part)


def _wrong(field: _Field, part: str) -> Invalid:
    most = field.most if field.most != 7 else "6, 0 for Sunday"
    return Invalid(f"{part!r} is no {field.name} of a cron: it goes from {field.least} to {most}")
