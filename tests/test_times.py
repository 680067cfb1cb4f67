"""Times that people and systems write down: one moment, or a sentence why it is not clear."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from autograder.times import at_local_time, read_time, zone_of

BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-10-24 23:30:00 +0200", "21:30:00"),
        ("2026-10-24 19:30:00 -0400", "23:30:00"),
        ("2026-10-24 20:30:00 -03", "23:30:00"),
        ("2026-10-24T23:30:00+02:00", "21:30:00"),
        ("2026-10-24T23:30+05:45", "17:45:00"),
        ("20261024T233000Z", "23:30:00"),
        ("2026-10-24t23:30:00z", "23:30:00"),
        ("2026-10-24 23:30:00 UTC", "23:30:00"),
        ("2026-10-24 23:30 GMT", "23:30:00"),
        ("2026-10-24 23:30:00 Europe/Berlin", "21:30:00"),
        ("2026-10-24 13:30:00 America/Los_Angeles", "20:30:00"),
        ("2026-10-24 17:30:00 America/Argentina/Buenos_Aires", "20:30:00"),
        ("  2026-10-24   23:30:00   UTC ", "23:30:00"),
    ],
)
def test_what_is_clear_is_read(text: str, utc: str) -> None:
    """Offsets and ISO's forms as they are, UTC by its names, zones by theirs; a course's zone changes nothing."""
    for zone in (None, BERLIN):
        assert read_time(text, zone) == datetime.fromisoformat(f"2026-10-24T{utc}+00:00")


def test_fractions_of_a_second_are_kept() -> None:
    """nbgrader's exchange writes millionths."""
    assert read_time("2026-10-24 23:30:00.123456 UTC") == datetime(2026, 10, 24, 23, 30, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("24.10.2026 23:30", "which number is the day"),
        ("24/10/2026 23:30:00", "which number is the day"),
        ("10/24/2026 23:30:00 UTC", "which number is the day"),
        ("24-10-2026 23:30:00 UTC", "which number is the day"),
        ("01.02.27 23:30", "which number is the day"),
        ("2026-10-24", "time of the day"),
        ("2026-10-24 11:30 PM", "twelve hours"),
        ("2026-10-24 23:30:00", "in which time zone"),
        ("2026-10-24 15:30:00 PST", "not the same everywhere"),
        ("2026-10-24 23:30:00 CEST", "not the same everywhere"),
        ("2026-10-24 23:30:00 IST", "not the same everywhere"),
        ("2026-10-24 23:30:00 EST5EDT", "names no time zone"),
        ("2026-10-24 23:30:00 UTC+2", "names no time zone"),
        ("2026-10-24 23:30:00 right/Europe/Berlin", "names no time zone"),
        ("2026-10-24 23:30:00 ../../etc/passwd", "names no time zone"),
        ("2026-10-24 23:30:00 Europe/Berlln", "is not known"),
        ("2026-10-24 23:30:00 +25:00", "which no time zone has"),
        ("2026-10-24 23:30:00 +02:75", "which no time zone has"),
        ("2026-10-25 02:30:00 Europe/Berlin", "showed twice"),
        ("2027-03-28 02:30:00 Europe/Berlin", "never showed"),
        ("2026-02-30 10:00:00 UTC", "is no time"),
        ("2026-10-24 25:00:00 UTC", "is no time"),
        ("1026-10-24 10:00:00 UTC", "in the year 1026"),
        ("yesterday evening", "is no time"),
        ("1792877400", "is no time"),
        ("２０２６-10-24 23:30:00 UTC", "is no time"),
        ("", "is no time"),
    ],
)
def test_what_is_not_clear_is_refused(text: str, why: str) -> None:
    """Never a guess: not about day and month, not about a zone, not about an hour that came twice."""
    with pytest.raises(ValueError, match=why):
        read_time(text)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-10-24 23:30:00 CEST", "2026-10-24T21:30:00+00:00"),
        ("2026-10-25 02:30:00 CEST", "2026-10-25T00:30:00+00:00"),
        ("2026-10-25 02:30:00 CET", "2026-10-25T01:30:00+00:00"),
        ("2027-01-24 23:30:00 CET", "2027-01-24T22:30:00+00:00"),
    ],
)
def test_an_abbreviation_is_read_by_the_course_s_zone(text: str, utc: str) -> None:
    """It is what clocks there were called then, and tells the hour that comes twice apart."""
    assert read_time(text, BERLIN) == datetime.fromisoformat(utc)


@pytest.mark.parametrize("text", ["2026-07-24 23:30 CET", "2026-10-24 23:30 PST", "2027-03-28 02:30 CET"])
def test_another_zone_s_abbreviation_is_refused(text: str) -> None:
    """Also the course's own in the other half of the year, and in the hour that there was not."""
    with pytest.raises(ValueError, match=f"not what clocks in {BERLIN} showed"):
        read_time(text, BERLIN)


def test_a_time_without_a_zone_is_in_the_one_that_was_said() -> None:
    """Only where somebody says which: nbgrader's own files mean UTC."""
    assert read_time("2026-10-24 23:30", BERLIN, without_zone=UTC) == datetime(2026, 10, 24, 23, 30, tzinfo=UTC)


def test_the_machine_s_zone_does_not_matter() -> None:
    """Same times, same refusals, whatever TZ says."""
    code = (
        "from autograder.times import read_time\n"
        "print(read_time('2026-10-24 23:30:00 CEST', 'Europe/Berlin'), read_time('2026-10-24 23:30 +0200'))\n"
        "try: read_time('2026-10-24 23:30:00 CEST')\n"
        "except ValueError as error: print(error)\n"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code], env={"TZ": zone}, capture_output=True, text=True, check=True
        ).stdout
        for zone in ("UTC", "Europe/Berlin", "America/Los_Angeles")
    }
    assert len(said) == 1 and "not the same everywhere" in said.pop()


@pytest.mark.parametrize("name", ["CEST", "EST", "europe/berlin", "Berlin", "", "/etc/localtime", "Europe/../UTC"])
def test_a_zone_is_called_by_its_full_name(name: str) -> None:
    """No abbreviation and no path."""
    with pytest.raises(ValueError, match="names the time zone"):
        zone_of(name)


def test_local_times_that_are_one_moment() -> None:
    """Summer and winter."""
    assert at_local_time(datetime(2026, 7, 1, 23, 59), BERLIN) == datetime(2026, 7, 1, 21, 59, tzinfo=UTC)
    assert at_local_time(datetime(2026, 12, 1, 23, 59), BERLIN) == datetime(2026, 12, 1, 22, 59, tzinfo=UTC)
