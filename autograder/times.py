"""Times that people and systems have written down, read strictly: what could mean two moments is refused.

Nothing here depends on the zone that the machine is set to. A time is a date as ``2027-03-01``, a time of day, and a
zone: an offset (``+01:00``, ``+0100``), ``UTC``, ``GMT`` or ``Z``, or a name as ``Europe/Berlin``. An abbreviation
means different zones to different people (IST: India, Israel, Ireland); it is read only if it is that of the course's
own zone, ``zone`` in ``course.toml``, at that time.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

_PARTS = re.compile(
    r"(?P<date>[0-9W-]+)(?:[Tt]| +)(?P<clock>[0-9:]{4,8}(?:[.,][0-9]{1,9})?) *(?P<zone>[^ ].*)?", re.ASCII
)
_OFFSET = re.compile(r"(?P<sign>[+\-−])(?P<hours>[0-9]{2}):?(?P<minutes>[0-9]{2})?", re.ASCII)
_NAME = re.compile(r"[A-Z][A-Za-z_]*(?:/[A-Za-z0-9_+-]+){1,2}", re.ASCII)
_ABBREVIATION = re.compile(r"[A-Za-z]{1,6}", re.ASCII)
_DAY_FIRST = re.compile(r"[0-9]{1,2}[./\-][0-9]{1,2}[./\-][0-9]{2,4}\b", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_FARTHEST = timedelta(hours=14)  # of all zones' offsets
_YEARS = range(1990, 2200)


def read_time(text: str, zone: str | None = None, *, without_zone: tzinfo | None = None) -> datetime:
    """The moment that a text names.

    Args:
        text: see above.
        zone: the course's.
        without_zone: what a time without a zone is in; None to refuse it.

    Returns:
        a time in UTC.

    Raises:
        ValueError: why it is not clear, in words that go after "which".
    """
    text = text.strip()
    parts = _PARTS.fullmatch(text)
    try:
        local = datetime.fromisoformat(f"{parts['date']}T{parts['clock'].replace(',', '.')}" if parts else "")
    except ValueError:
        raise ValueError(_not_a_time(text)) from None
    assert parts is not None  # nothing is no time either
    if local.year not in _YEARS:
        raise ValueError(f"is in the year {local.year}")
    return _in_zone(local, (parts["zone"] or "").strip(), zone, without_zone).astimezone(UTC)


def _not_a_time(text: str) -> str:
    if _DAY_FIRST.match(text):
        return "does not say clearly which number is the day and which the month"
    return "does not say at what time of the day" if _DATE.fullmatch(text) else "is no time"


def local_time(time: datetime, zone: str | None) -> datetime:
    """What clocks showed at a moment, where a course is; without a zone, what the time itself says.

    Raises:
        ValueError: there is no such zone.
    """
    return time.astimezone(zone_of(zone)) if zone is not None else time


def at_local_time(local: datetime, zone: str) -> datetime:
    """The moment at which clocks in a zone show a time, in UTC.

    Raises:
        ValueError: they show it twice, or never, because they are changed then.
    """
    place = zone_of(zone)
    first, second = (local.replace(tzinfo=place, fold=fold) for fold in (0, 1))
    if first.utcoffset() != second.utcoffset():
        twice = first.utcoffset() > second.utcoffset()  # type: ignore[operator]  # not None
        raise ValueError(
            f"clocks in {zone} {'showed twice' if twice else 'never showed'} (they were changed): give an offset"
        )
    return first.astimezone(UTC)


def zone_of(name: str) -> ZoneInfo:
    """The zone of a name as ``Europe/Berlin`` or ``UTC``.

    Raises:
        ValueError: there is none of that name.
    """
    if name != "UTC" and not _NAME.fullmatch(name):
        raise ValueError(f"names the time zone {name!r}, which is none of the kind Europe/Berlin")
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        raise ValueError(f"names the time zone {name!r}, which is not known") from None


def _in_zone(local: datetime, said: str, zone: str | None, without_zone: tzinfo | None) -> datetime:
    if not said:
        if without_zone is None:
            raise ValueError("does not say in which time zone")
        return local.replace(tzinfo=without_zone)
    if said.upper() in ("Z", "UTC", "GMT"):
        return local.replace(tzinfo=UTC)
    if offset := _OFFSET.fullmatch(said):
        ahead = timedelta(hours=int(offset["hours"]), minutes=int(offset["minutes"] or 0))
        if ahead > _FARTHEST or int(offset["minutes"] or 0) >= 60:
            raise ValueError(f"has the offset {said!r}, which no time zone has")
        return local.replace(tzinfo=timezone(ahead if offset["sign"] == "+" else -ahead))
    if _NAME.fullmatch(said):
        return at_local_time(local, said)
    if said.upper() in ("AM", "PM"):
        raise ValueError("counts twelve hours, not twenty-four")
    if _ABBREVIATION.fullmatch(said):
        return _in_course_zone(local, said, zone)
    raise ValueError(f"names no time zone with {said[:30]!r}")


def _in_course_zone(local: datetime, said: str, zone: str | None) -> datetime:
    if zone is None:
        raise ValueError(
            f"has the time zone {said!r}, which is not the same everywhere: give an offset, or the course's zone in "
            "course.toml"
        )
    for fold in (0, 1):
        found = local.replace(tzinfo=zone_of(zone), fold=fold)
        if found.tzname() == said.upper() and found.astimezone(UTC).astimezone(found.tzinfo).replace(
            tzinfo=None
        ) == local.replace(fold=0):
            return found
    raise ValueError(f"has the time zone {said!r}, which is not what clocks in {zone} showed then")
