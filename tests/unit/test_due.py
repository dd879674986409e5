"""When a promise is due, and what working time is."""

import datetime as dt
import importlib.resources
import io
import sys
from zoneinfo import ZoneInfo

import pytest

from commitments.calendars import public_holidays
from commitments.due import At, By, Due, DueSpec, Unit, Within, imported_due, outside_working_hours, resolve
from commitments.errors import (
    AmbiguousTimeError,
    InvalidInputError,
    MissingExtraError,
    NoSuchLocalTimeError,
    NoWorkingTimeError,
)
from commitments.ids import micros
from commitments.model import adapter
from commitments.working_time import HORIZON, Span, WorkingTime
from commitments.zones import iana_name

UTC = dt.UTC
BERLIN = ZoneInfo("Europe/Berlin")
US = dt.timedelta(microseconds=1)
HOUR = dt.timedelta(hours=1)
NOON = dt.datetime(2026, 6, 1, 12, tzinfo=UTC)
NAIVE = NOON.replace(tzinfo=None)


def berlin(month: int, day: int, hour: int = 0, minute: int = 0, *, fold: int = 0) -> dt.datetime:
    """A moment of 2026 by the clocks of Berlin."""
    return dt.datetime(2026, month, day, hour, minute, tzinfo=BERLIN, fold=fold)


def utc(month: int, day: int, hour: int = 0, minute: int = 0) -> dt.datetime:
    """A moment of 2026 in UTC."""
    return dt.datetime(2026, month, day, hour, minute, tzinfo=UTC)


def calendar(
    *weekly: str,
    tz: str = "Europe/Berlin",
    holidays: tuple[dt.date, ...] = (),
    closures: tuple[Span, ...] = (),
    extra: tuple[Span, ...] = (),
) -> WorkingTime:
    """A calendar called "desk"."""
    return WorkingTime(name="desk", tz=tz, weekly=weekly, holidays=holidays, closures=closures, extra=extra)


def span(start: str, end: str) -> Span:
    """A span of wall times."""
    return Span(start=start, end=end)


def resolved(spec: At | By | Within, made_at: dt.datetime = NOON) -> dt.datetime:
    """The instant that a specification means."""
    return resolve(spec, made_at=made_at).at


DESK = calendar("mon-fri 09:00-17:00")
NEVER = WorkingTime(name="never", tz="UTC")


# --- at a wall time ---------------------------------------------------------------------------------------------------


def test_at_is_that_wall_time_in_that_zone():
    """Three o'clock in Berlin in June is one o'clock in UTC."""
    assert resolved(At(local="2026-06-05T15:00", tz="Europe/Berlin")) == utc(6, 5, 13)


def test_at_keeps_what_was_said():
    """The stored form shows wall time, zone and words beside the instant."""
    due = resolve(At(local="2026-06-05 15:00:00", tz="Europe/Berlin"), made_at=NOON, words="Friday at three")
    assert due == Due(
        kind="at", at=utc(6, 5, 13), local="2026-06-05T15:00", tz="Europe/Berlin", words="Friday at three"
    )


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2026-06-05 15:00", "2026-06-05T15:00"),
        ("2026-06-05T15:00:30", "2026-06-05T15:00:30"),
        ("2026-06-05T15:00:00.5", "2026-06-05T15:00:00.500000"),
    ],
)
def test_a_wall_time_has_one_written_form(text, canonical):
    """Equal times are equal text."""
    assert At(local=text, tz="UTC").local == canonical


@pytest.mark.parametrize(
    "text",
    [
        "2026-06-05",
        "2026-06-05T15:00Z",
        "2026-06-05T15:00+02:00",
        "2026-06-05T24:00",
        "2026-02-30T12:00",
        "20260605T1500",
        "0",
        "tomorrow",
    ],
)
def test_what_is_no_wall_time_is_refused(text):
    """The error shows the form that is wanted."""
    with pytest.raises(InvalidInputError, match="2026-06-05T15:00"):
        At(local=text, tz="UTC")


@pytest.mark.parametrize("year", ["1899", "9001"])
def test_a_wall_time_has_a_year_calendars_can_count_in(year):
    """A year far off is a slip of the hand."""
    with pytest.raises(InvalidInputError, match="from 1900 to 9000"):
        At(local=f"{year}-06-05T15:00", tz="UTC")


def test_a_naive_datetime_is_no_wall_time():
    """A datetime object without a zone passes no door."""
    with pytest.raises(InvalidInputError, match=r"At\.local"):
        At(local=NAIVE, tz="UTC")  # type: ignore[arg-type] # the mistake that is tested


@pytest.mark.parametrize("zone", ["Europe/Berln", "Europe", "../etc", "", "localtime", "right/UTC", "a\0b"])
def test_an_unknown_zone_is_refused(zone):
    """Also names that mean something else on every machine."""
    with pytest.raises(InvalidInputError, match=r"At\.tz"):
        At(local="2026-06-05T15:00", tz=zone)


def test_the_error_of_a_zone_names_what_is_allowed():
    """Whoever reads it can correct it."""
    with pytest.raises(InvalidInputError, match=r"Europe/Berlin or UTC \(zoneinfo.available_timezones\(\)\)"):
        At(local="2026-06-05T15:00", tz="CET-1")


@pytest.mark.parametrize(
    ("local", "zone", "before", "after"),
    [
        ("2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:59", "2026-03-29T03:00"),
        ("2026-03-29T02:00", "Europe/Berlin", "2026-03-29T01:59", "2026-03-29T03:00"),
        ("2026-03-29T02:30:15", "Europe/Berlin", "2026-03-29T01:59:59", "2026-03-29T03:00"),
        ("2026-03-29T02:59:59.999999", "Europe/Berlin", "2026-03-29T01:59:59.999999", "2026-03-29T03:00"),
        ("2026-10-04T02:15", "Australia/Lord_Howe", "2026-10-04T01:59", "2026-10-04T02:30"),
        ("1972-01-07T00:10", "Africa/Monrovia", "1972-01-06T23:59", "1972-01-07T00:45"),
        ("2011-12-30T12:00", "Pacific/Apia", "2011-12-29T23:59", "2011-12-31T00:00"),
    ],
)
def test_a_wall_time_that_does_not_exist_is_refused_with_its_neighbours(local, zone, before, after):
    """They are the nearest ones in the unit in which the time was given."""
    with pytest.raises(NoSuchLocalTimeError) as refusal:
        resolved(At(local=local, tz=zone))
    assert refusal.value.data == {"local": local, "tz": zone, "before": before, "after": after}


@pytest.mark.parametrize("fold", [None, 0, 1])
def test_fold_makes_no_missing_time_exist(fold):
    """It chooses between two, and there is none."""
    with pytest.raises(NoSuchLocalTimeError):
        resolved(At(local="2026-03-29T02:30", tz="Europe/Berlin", fold=fold))


@pytest.mark.parametrize(
    ("local", "at"), [("2026-03-29T01:59:59.999999", utc(3, 29, 1) - US), ("2026-03-29T03:00", utc(3, 29, 1))]
)
def test_the_edges_of_a_gap_exist(local, at):
    """The gap is from its first moment up to, not including, its last."""
    assert resolved(At(local=local, tz="Europe/Berlin")) == at


@pytest.mark.parametrize(("fold", "at"), [(None, utc(10, 25, 0, 30)), (0, utc(10, 25, 0, 30)), (1, utc(10, 25, 1, 30))])
def test_an_ambiguous_wall_time_is_the_earlier_unless_fold_says_otherwise(fold, at):
    """The customer waits from the first time their clock shows it."""
    assert resolved(At(local="2026-10-25T02:30", tz="Europe/Berlin", fold=fold)) == at


@pytest.mark.parametrize("local", ["2026-06-05T15:00", "2026-10-25T01:59", "2026-10-25T03:00"])
def test_fold_one_on_a_time_that_happens_once_is_refused(local):
    """Whoever gave it meant another time."""
    with pytest.raises(AmbiguousTimeError) as refusal:
        resolved(At(local=local, tz="Europe/Berlin", fold=1))
    assert refusal.value.data == {"local": local, "tz": "Europe/Berlin"}


def test_fold_zero_on_a_time_that_happens_once_says_nothing():
    """It is what every unambiguous time has."""
    assert resolved(At(local="2026-06-05T15:00", tz="UTC", fold=0)) == utc(6, 5, 15)


@pytest.mark.parametrize(
    ("moment", "local", "zone", "fold"),
    [
        (berlin(6, 5, 15), "2026-06-05T15:00", "Europe/Berlin", None),
        (berlin(10, 25, 2, 30), "2026-10-25T02:30", "Europe/Berlin", None),
        (berlin(10, 25, 2, 30, fold=1), "2026-10-25T02:30", "Europe/Berlin", 1),
        (berlin(3, 29, 2, 30), "2026-03-29T03:30", "Europe/Berlin", None),
        (utc(6, 5, 15) + US, "2026-06-05T15:00:00.000001", "UTC", None),
        (dt.datetime(2026, 6, 5, 15, tzinfo=dt.timezone(2 * HOUR)), "2026-06-05T13:00", "UTC", None),
    ],
)
def test_at_can_be_made_of_an_instant(moment, local, zone, fold):
    """It means that instant, in its own zone where that has a name."""
    spec = At.instant(moment)
    assert (spec.local, spec.tz, spec.fold) == (local, zone, fold)
    assert resolved(spec) == moment.astimezone(UTC)


def test_a_zone_that_other_machines_do_not_know_has_no_name():
    """What is stored must mean the same elsewhere."""
    rules = importlib.resources.files("tzdata").joinpath("zoneinfo", "Europe", "Berlin").read_bytes()
    nameless, own = (ZoneInfo.from_file(io.BytesIO(rules), key=key) for key in (None, "Own/Berlin"))
    zones = (nameless, own, None, UTC, BERLIN)
    assert [iana_name(zone) for zone in zones] == ["UTC", "UTC", "UTC", "UTC", "Europe/Berlin"]


# --- by a day ---------------------------------------------------------------------------------------------------------


def test_by_24_december_for_a_customer_in_new_york():
    """The day ends when it ends for the promisee."""
    due = resolve(By(date=dt.date(2026, 12, 24), tz="America/New_York"), made_at=NOON, words="by Christmas Eve")
    assert due == Due(
        kind="by",
        at=utc(12, 25, 5),
        exclusive=True,
        local="2026-12-24",
        tz="America/New_York",
        words="by Christmas Eve",
    )


@pytest.mark.parametrize(
    ("day", "zone", "end"),
    [
        (dt.date(2026, 3, 29), "Europe/Berlin", utc(3, 29, 22)),
        (dt.date(2026, 10, 25), "Europe/Berlin", utc(10, 25, 23)),
        (dt.date(2026, 3, 7), "America/Havana", utc(3, 8, 5)),
        (dt.date(2026, 3, 8), "America/Havana", utc(3, 9, 4)),
        (dt.date(2026, 10, 31), "America/Havana", utc(11, 1, 4)),
        (dt.date(2026, 4, 4), "America/Santiago", utc(4, 5, 4)),
        (dt.date(2010, 11, 6), "America/St_Johns", dt.datetime(2010, 11, 7, 3, 30, tzinfo=UTC)),
        (dt.date(2011, 12, 29), "Pacific/Apia", dt.datetime(2011, 12, 30, 10, tzinfo=UTC)),
    ],
)
def test_by_ends_with_the_last_instant_of_that_day(day, zone, end):
    """Also where midnight is jumped over, happens twice, or is followed by the same day again."""
    assert resolved(By(date=day, tz=zone)) == end
    assert (end - US).astimezone(ZoneInfo(zone)).date() == day
    assert end.astimezone(ZoneInfo(zone)).date() > day


def test_by_a_day_that_was_left_out_is_refused():
    """Samoa went from 29 to 31 December 2011."""
    with pytest.raises(NoSuchLocalTimeError) as refusal:
        resolved(By(date=dt.date(2011, 12, 30), tz="Pacific/Apia"))
    assert (refusal.value.data["before"], refusal.value.data["after"]) == ("2011-12-29", "2011-12-31")


@pytest.mark.parametrize("day", [NAIVE, NOON, "2026-06-05", dt.date(1899, 12, 31), dt.date(9001, 1, 1)])
def test_by_takes_only_a_date_within_reach(day):
    """A time of day would say something else."""
    with pytest.raises(InvalidInputError, match=r"By\.date"):
        By(date=day, tz="UTC")


# --- within an amount of time -----------------------------------------------------------------------------------------


def test_24_hours_over_the_start_of_summer_time():
    """In Berlin, 24 hours after 10:00 is 11:00, while "tomorrow at 10:00" is 23 hours away."""
    made_at = berlin(3, 28, 10)
    assert resolved(Within(amount=24, unit="hours"), made_at) == berlin(3, 29, 11).astimezone(UTC)
    tomorrow = resolved(At(local="2026-03-29T10:00", tz="Europe/Berlin"), made_at)
    assert tomorrow - made_at.astimezone(UTC) == 23 * HOUR


@pytest.mark.parametrize(
    ("amount", "unit", "length", "shown"),
    [
        (90, "minutes", dt.timedelta(minutes=90), "90 minutes"),
        (1, "hours", HOUR, "1 hour"),
        (2, "days", 48 * HOUR, "2 days"),
        (3653, "days", HORIZON, "3653 days"),
    ],
)
def test_elapsed_time_is_counted_on_instants(amount, unit, length, shown):
    """A day is 24 hours; no zone and no calendar is needed."""
    assert resolve(Within(amount=amount, unit=unit), made_at=NOON, words="soon") == Due(
        kind="within", at=NOON + length, amount=shown, words="soon"
    )


def test_8_working_hours_over_a_weekend():
    """Promised on Friday at 16:00, Monday to Friday 09 to 17: one hour on Friday, seven on Monday."""
    due = resolve(Within(amount=8, unit="working hours", calendar=DESK), made_at=berlin(6, 5, 16))
    assert due == Due(
        kind="within",
        at=berlin(6, 8, 16).astimezone(UTC),
        tz="Europe/Berlin",
        amount="8 working hours",
        calendar=DESK.digest(),
    )


def test_working_minutes_are_exact_to_the_microsecond():
    """Nothing is rounded to the minutes of the calendar."""
    made_at = berlin(6, 5, 16, 59) + 30_000_001 * US
    assert (
        resolved(Within(amount=1, unit="working minutes", calendar=DESK), made_at) == berlin(6, 8, 9) + 30_000_001 * US
    )


@pytest.mark.parametrize(
    ("made_at", "count", "end"),
    [
        (berlin(6, 5, 8), 1, berlin(6, 8, 17)),
        (berlin(6, 5, 16), 1, berlin(6, 8, 17)),
        (berlin(6, 6, 12), 1, berlin(6, 8, 17)),
        (berlin(6, 8, 9), 5, berlin(6, 15, 17)),
        (dt.datetime(2026, 6, 7, 23, tzinfo=UTC), 1, berlin(6, 9, 17)),
    ],
)
def test_business_days_end_with_the_work_of_the_last(made_at, count, end):
    """The day of the promise, by the calendar's clock, never counts."""
    assert resolved(Within(amount=count, unit="business days", calendar=DESK), made_at) == end.astimezone(UTC)


def test_a_business_day_ends_with_its_last_shift():
    """Whatever the order in which the shifts were written down."""
    desk = calendar("mon-fri 14:00-18:00", "mon-fri 08:00-12:00", extra=(span("2026-06-09T06:00", "2026-06-09T07:00"),))
    assert desk.end_of_business_day(berlin(6, 8, 12), 1) == berlin(6, 9, 18)


def test_a_business_day_is_one_on_which_working_time_begins():
    """Not a holiday, not a day closed all through; but an extra shift makes one, and a night shift runs to its end."""
    desk = calendar(
        "mon-fri 18:00-02:00",
        holidays=(dt.date(2026, 6, 8),),
        closures=(span("2026-06-09T12:00", "2026-06-10T12:00"), span("2026-06-11T01:00", "2026-06-11T12:00")),
        extra=(span("2026-06-07T09:00", "2026-06-07T10:00"),),
    )
    made_at = berlin(6, 6, 12)
    assert [desk.end_of_business_day(made_at, count) for count in (1, 2)] == [berlin(6, 7, 10), berlin(6, 11, 1)]


@pytest.mark.parametrize("unit", ["working minutes", "working hours", "business days"])
def test_working_time_needs_a_calendar(unit: Unit):
    """Without one nobody knows when work is done."""
    with pytest.raises(InvalidInputError, match="need one"):
        Within(amount=1, unit=unit)


@pytest.mark.parametrize("unit", ["minutes", "hours", "days"])
def test_elapsed_time_takes_no_calendar(unit: Unit):
    """A calendar that is not used would deceive."""
    with pytest.raises(InvalidInputError, match="other units take none"):
        Within(amount=1, unit=unit, calendar=DESK)


@pytest.mark.parametrize("amount", [0, -1, 1.5, "2", 10_000_001])
def test_an_amount_is_a_whole_number_from_one(amount):
    """Nothing is promised within no time."""
    with pytest.raises(InvalidInputError, match=r"Within\.amount"):
        Within(amount=amount, unit="hours")


def test_elapsed_time_reaches_ten_years():
    """One unit more is refused."""
    with pytest.raises(InvalidInputError, match="3654 days is more than ten years"):
        resolved(Within(amount=3654, unit="days"))


@pytest.mark.parametrize("unit", ["working minutes", "business days"])
def test_working_time_is_searched_for_ten_years(unit: Unit):
    """A search without an end would hang."""
    with pytest.raises(NoWorkingTimeError, match="ten years after 2026-06-01"):
        resolved(Within(amount=10_000_000, unit=unit, calendar=DESK))


@pytest.mark.parametrize("unit", ["working minutes", "working hours", "business days"])
def test_a_calendar_without_working_time_is_refused(unit: Unit):
    """The error names the calendar."""
    with pytest.raises(NoWorkingTimeError) as refusal:
        resolved(Within(amount=1, unit=unit, calendar=NEVER))
    assert refusal.value.data == {"calendar": "never", "when": "at all"}


# --- made at, and who is in time --------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", [At(local="2026-06-05T15:00", tz="UTC"), Within(amount=1, unit="days")])
@pytest.mark.parametrize(
    "made_at",
    [
        NAIVE,
        dt.datetime(1899, 1, 1, tzinfo=UTC),
        dt.datetime(9001, 1, 1, tzinfo=UTC),
        dt.datetime.max.replace(tzinfo=UTC),
    ],
)
def test_the_moment_of_the_promise_is_aware_and_within_reach(spec, made_at):
    """Naive times are refused everywhere."""
    with pytest.raises(InvalidInputError, match="made_at"):
        resolve(spec, made_at=made_at)


def test_a_due_time_in_the_past_is_resolved():
    """Refusing it is a rule of the promise, not of the clock."""
    assert resolved(At(local="2020-01-01T00:00", tz="UTC")) == dt.datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("due", "last"),
    [
        (resolve(At(local="2026-06-05T15:00", tz="UTC"), made_at=NOON), utc(6, 5, 15)),
        (resolve(By(date=dt.date(2026, 6, 5), tz="UTC"), made_at=NOON), utc(6, 6) - US),
        (resolve(Within(amount=24, unit="hours"), made_at=NOON), utc(6, 2, 12)),
        (resolve(Within(amount=1, unit="working hours", calendar=DESK), made_at=NOON), utc(6, 1, 13)),
        (resolve(Within(amount=1, unit="business days", calendar=DESK), made_at=NOON), utc(6, 2, 15)),
        (imported_due(berlin(6, 5, 15)), utc(6, 5, 13)),
    ],
    ids=["at", "by", "within", "working", "business", "imported"],
)
def test_in_time_to_the_microsecond(due, last):
    """The last instant in time, one before and one after, for each kind and in any zone."""
    assert due.last_us == micros(last)
    for step, late in ((-1, False), (0, False), (1, True)):
        for zone in (UTC, BERLIN, ZoneInfo("Pacific/Auckland")):
            instant = (last + step * US).astimezone(zone)
            assert (due.passed_by(instant), due.in_time(instant)) == (late, not late)


@pytest.mark.parametrize("ask", [Due.passed_by, Due.in_time])
def test_a_naive_time_is_never_compared(ask):
    """Nobody knows which instant it is."""
    with pytest.raises(TypeError):
        ask(imported_due(NOON), NAIVE)


def test_an_imported_due_is_an_instant_and_no_more():
    """Nothing is made up about what was meant."""
    assert imported_due(berlin(6, 5, 15)) == Due(kind="imported", at=utc(6, 5, 13))


def test_an_imported_due_may_be_as_odd_as_the_old_system_had_it():
    """Some systems write "never" as the last of all days."""
    assert imported_due(dt.datetime.max.replace(tzinfo=UTC)).at.year == 9999


@pytest.mark.parametrize("at", [NAIVE, dt.datetime.max.replace(tzinfo=dt.timezone(-HOUR))])
def test_an_imported_due_is_aware_and_can_be_shown_in_utc(at):
    """What cannot be written down is refused."""
    with pytest.raises(InvalidInputError):
        imported_due(at)


def test_a_due_is_read_back_as_it_was_written():
    """Its text is the storage format."""
    due = resolve(By(date=dt.date(2026, 12, 24), tz="America/New_York"), made_at=NOON, words="by the 24th")
    text = (
        '{"kind":"by","at":"2026-12-25T05:00:00Z","exclusive":true,"local":"2026-12-24","tz":"America/New_York",'
        '"amount":null,"calendar":null,"words":"by the 24th"}'
    )
    assert adapter(Due).dump_json(due).decode() == text
    assert adapter(Due).validate_json(text) == due


@pytest.mark.parametrize(
    "spec",
    [
        At(local="2026-10-25T02:30", tz="Europe/Berlin", fold=1),
        By(date=dt.date(2026, 6, 5), tz="UTC"),
        Within(amount=24, unit="hours"),
        Within(
            amount=8,
            unit="working hours",
            calendar=calendar(
                "mon-fri 09:00-17:00",
                holidays=(dt.date(2026, 6, 8),),
                closures=(span("2026-06-09T12:00", "2026-06-10T12:00"), Span(start=berlin(6, 5), end=berlin(6, 6))),
            ),
        ),
    ],
    ids=["at", "by", "elapsed", "working"],
)
def test_a_specification_is_read_back_as_it_was_written(spec):
    """Its kind says which it is."""
    assert adapter(DueSpec).validate_json(adapter(DueSpec).dump_json(spec)) == spec


# --- the warning ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "outside"),
    [
        ("2026-06-05T09:00", False),
        ("2026-06-05T08:59:59.999999", True),
        ("2026-06-05T17:00", False),
        ("2026-06-05T17:00:00.000001", True),
        ("2026-06-06T12:00", True),
    ],
)
def test_due_at_a_time_when_nobody_works(at, outside):
    """The end of the working day is still inside."""
    due = resolve(At(local=at, tz="Europe/Berlin"), made_at=NOON)
    assert outside_working_hours(due, DESK) is outside
    assert outside_working_hours(imported_due(due.at), DESK) is outside


@pytest.mark.parametrize(("day", "outside"), [(5, False), (6, True), (7, True), (8, False)])
def test_due_by_a_day_on_which_nobody_works(day, outside):
    """Friday ends at midnight, but there is a Friday to keep the promise on."""
    due = resolve(By(date=dt.date(2026, 6, day), tz="Europe/Berlin"), made_at=NOON)
    assert outside_working_hours(due, DESK) is outside


def test_the_warning_refuses_a_calendar_without_working_time():
    """Otherwise it would warn for ever."""
    with pytest.raises(NoWorkingTimeError):
        outside_working_hours(imported_due(NOON), NEVER)


# --- calendars --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weekly", "working"),
    [
        ("mon 09:00-17:00", 8),
        ("mon-fri 09:00-17:00", 40),
        ("sat-mon 10:00-12:00", 6),
        ("fri-fri 22:00-06:00", 8),
        ("sun 22:00-00:00", 2),
        ("sun 22:00-24:00", 2),
        ("mon-sun 00:00-24:00", 168),
    ],
)
def test_weekly_hours(weekly, working):
    """A week holds the hours that its text says."""
    week = (berlin(6, 1, 12), berlin(6, 8, 12))
    assert calendar(weekly).between(*week) == working * HOUR


@pytest.mark.parametrize(
    "weekly",
    ["", "mo 09:00-17:00", "mon 9-17", "mon 09:00-24:01", "mon 09:60-17:00", "mon 09:00-09:00", "mon 24:00-06:00"],
)
def test_what_is_no_weekly_hours_is_refused(weekly):
    """The error says which form is wanted."""
    with pytest.raises(InvalidInputError, match="expected"):
        calendar(weekly)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-06-05T15:00", "2026-06-05T15:00"),
        ("2026-06-05T15:00", "2026-06-05T14:00"),
        (NOON, NOON),
        (NOON, "2026-06-05T15:00"),
    ],
)
def test_a_span_starts_before_its_end(start, end):
    """Both are wall times or both are instants."""
    with pytest.raises(InvalidInputError, match="a start before the end"):
        Span(start=start, end=end)


def test_work_begins_with_its_first_instant_and_ends_before_its_last():
    """A shift is from its start up to, not including, its end."""
    moments = (berlin(6, 5, 9) - US, berlin(6, 5, 9), berlin(6, 5, 17) - US, berlin(6, 5, 17))
    assert [DESK.is_working(moment) for moment in moments] == [False, True, True, False]


def test_several_shifts_a_day_that_overlap_count_once():
    """Two people at the desk do not make the hour longer."""
    desk = calendar("mon 09:00-12:00", "mon 10:00-10:30", "mon 11:00-13:00", "mon 13:00-14:00", "mon 16:00-17:00")
    assert desk.between(berlin(6, 8), berlin(6, 9)) == 6 * HOUR
    assert desk.add(berlin(6, 8, 8), 5 * HOUR + US) == berlin(6, 8, 16) + US


def test_a_shift_that_crosses_midnight_is_one_stretch():
    """It belongs to the day on which it begins."""
    night = calendar("fri 22:00-06:00")
    assert night.between(berlin(6, 5, 23), berlin(6, 6, 12)) == 7 * HOUR
    assert night.add(berlin(6, 6, 1), 5 * HOUR) == berlin(6, 6, 6)
    assert night.add(berlin(6, 6, 1), 5 * HOUR + US) == berlin(6, 12, 22) + US


def test_a_holiday_takes_away_what_begins_on_it():
    """The night shift from the day before runs to its end."""
    night = calendar("mon-sun 22:00-06:00", holidays=(dt.date(2026, 6, 6),))
    assert night.is_working(berlin(6, 6, 5))
    assert not night.is_working(berlin(6, 6, 23))
    assert not night.is_working(berlin(6, 7, 5))


def test_an_extra_shift_wins_over_a_holiday():
    """Somebody chose to work on that day."""
    desk = calendar(
        "mon-fri 09:00-17:00", holidays=(dt.date(2026, 6, 8),), extra=(span("2026-06-08T10:00", "2026-06-08T12:00"),)
    )
    assert desk.between(berlin(6, 8), berlin(6, 9)) == 2 * HOUR


def test_a_closure_wins_over_everything():
    """When the doors are shut nobody works, whatever the plan was."""
    desk = calendar(
        "mon-fri 09:00-17:00",
        closures=(span("2026-06-08T11:00", "2026-06-08T16:00"), Span(start=utc(6, 8, 7), end=utc(6, 8, 8))),
        extra=(span("2026-06-08T10:30", "2026-06-08T18:00"),),
    )
    assert desk.between(berlin(6, 8), berlin(6, 9)) == 3 * HOUR
    assert desk.add(berlin(6, 8, 10), 2 * HOUR) == berlin(6, 8, 17)


def test_an_extra_shift_may_last_for_days():
    """Stock-taking from Friday to Sunday."""
    desk = calendar(extra=(Span(start=berlin(6, 5, 12), end=berlin(6, 7, 12)),))
    assert desk.between(berlin(6, 1), berlin(6, 6)) == 12 * HOUR
    assert desk.add(berlin(6, 1), 48 * HOUR) == berlin(6, 7, 12)


@pytest.mark.parametrize(
    ("weekly", "day", "hours"),
    [
        ("sun 00:00-24:00", berlin(3, 29), 23),
        ("sun 00:00-24:00", berlin(10, 25), 25),
        ("sun 02:00-03:00", berlin(3, 29), 0),
        ("sun 02:30-06:00", berlin(3, 29), 3),
        ("sun 01:00-02:30", berlin(3, 29), 1),
        ("sun 02:30-06:00", berlin(10, 25), 4.5),
        ("sun 01:00-02:30", berlin(10, 25), 1.5),
        ("sat 22:00-06:00", berlin(3, 28), 7),
        ("sat 22:00-06:00", berlin(10, 24), 9),
    ],
)
def test_days_on_which_the_clocks_change(weekly, day, hours):
    """Shifts last as long as they last; their ends are the first instants that show the time."""
    assert calendar(weekly).between(day, day + dt.timedelta(days=2)) == hours * HOUR


@pytest.mark.parametrize("day", [28, 29])
def test_shifts_that_meet_on_the_wall_leave_no_hole(day):
    """Also where the clocks jump over the minute at which they meet."""
    desk = calendar("mon-sun 00:00-02:30", "mon-sun 02:30-24:00")
    midnight = berlin(3, day).astimezone(UTC)
    assert desk.add(midnight, 23 * HOUR) == midnight + 23 * HOUR


def test_no_work_ends_where_it_starts():
    """Also in the middle of the night."""
    assert DESK.add(berlin(6, 6, 3), dt.timedelta()) == berlin(6, 6, 3)


def test_work_that_fills_a_shift_ends_with_it():
    """Not with the beginning of the next."""
    assert DESK.add(berlin(6, 5, 16), HOUR) == berlin(6, 5, 17)
    assert DESK.add(berlin(6, 5, 16), HOUR + US) == berlin(6, 8, 9) + US


def test_time_backwards_is_negative():
    """As with any difference of two times."""
    assert DESK.between(berlin(6, 8, 10), berlin(6, 5, 16)) == -2 * HOUR


def test_ten_years_of_working_time_is_the_most_that_is_counted():
    """A question has to end."""
    assert DESK.between(NOON, NOON + HORIZON) > 20_000 * HOUR
    with pytest.raises(InvalidInputError, match="ten years"):
        DESK.between(NOON, NOON + HORIZON + US)


def test_work_is_not_taken_away():
    """A promise is not due before it was made."""
    with pytest.raises(InvalidInputError, match="working"):
        DESK.add(NOON, -US)
    with pytest.raises(InvalidInputError, match="count"):
        DESK.end_of_business_day(NOON, 0)


def test_closed_for_good():
    """A calendar may have hours and yet no working time in reach."""
    shut = calendar("mon-fri 09:00-17:00", closures=(span("2026-01-01T00:00", "2099-01-01T00:00"),))
    with pytest.raises(NoWorkingTimeError, match="for all of 1:00:00 in the ten years after 2026-06-01T12:00:00"):
        shut.add(NOON, HOUR)
    with pytest.raises(NoWorkingTimeError, match="for business day 1 in the ten years after 2026-06-01"):
        shut.end_of_business_day(NOON, 1)


@pytest.mark.parametrize(
    "ask",
    [
        lambda desk, moment: desk.is_working(moment),
        lambda desk, moment: desk.between(moment, moment + HOUR),
        lambda desk, moment: desk.add(moment, HOUR),
        lambda desk, moment: desk.end_of_business_day(moment, 1),
    ],
    ids=["is_working", "between", "add", "end_of_business_day"],
)
def test_every_question_refuses_naive_times_and_empty_calendars(ask):
    """There is no answer to give."""
    with pytest.raises(InvalidInputError):
        ask(DESK, NAIVE)
    with pytest.raises(NoWorkingTimeError, match="never has no working time at all"):
        ask(NEVER, NOON)


def test_the_digest_is_of_the_working_time_not_of_its_writing():
    """Order, repetition and name change nothing."""
    first = calendar(
        "mon-wed 09:00-17:00",
        holidays=(dt.date(2026, 6, 8), dt.date(2026, 6, 9)),
        closures=(span("2026-06-01T09:00", "2026-06-01T10:00"), Span(start=utc(6, 2, 7), end=utc(6, 2, 8))),
    )
    second = WorkingTime(
        name="another name",
        tz="Europe/Berlin",
        weekly=("wed 09:00-17:00", "mon-tue 09:00-17:00", "mon 09:00-17:00"),
        holidays=(dt.date(2026, 6, 9), dt.date(2026, 6, 8), dt.date(2026, 6, 8)),
        closures=(Span(start=berlin(6, 2, 9), end=berlin(6, 2, 10)), span("2026-06-01 09:00:00", "2026-06-01 10:00")),
    )
    assert first.digest() == second.digest()


def test_the_digest_stays_the_same_for_ever():
    """It is stored with every due time that was counted in working time."""
    assert DESK.digest() == "770059777d9f35a5"


@pytest.mark.parametrize(
    "other",
    [
        calendar("mon-fri 09:00-17:01"),
        calendar("mon-sat 09:00-17:00"),
        calendar("mon-fri 09:00-17:00", tz="Europe/Paris"),
        calendar("mon-fri 09:00-17:00", holidays=(dt.date(2026, 6, 8),)),
        calendar("mon-fri 09:00-17:00", closures=(span("2026-06-01T09:00", "2026-06-01T10:00"),)),
        calendar("mon-fri 09:00-17:00", extra=(span("2026-06-01T09:00", "2026-06-01T10:00"),)),
    ],
    ids=["hours", "days", "zone", "holiday", "closure", "extra"],
)
def test_the_digest_changes_with_the_content(other):
    """So that it shows which calendar a due time was counted in."""
    assert other.digest() != DESK.digest()


# --- public holidays --------------------------------------------------------------------------------------------------


def test_public_holidays_of_a_country_and_of_a_part_of_it():
    """In order, each once."""
    assert dt.date(2026, 10, 3) in public_holidays("DE", years=[2026])
    bavaria = public_holidays("DE", "BY", years=[2027, 2026, 2026])
    assert set(public_holidays("DE", years=[2026, 2027])) < set(bavaria)
    assert list(bavaria) == sorted(set(bavaria))
    assert {day.year for day in bavaria} == {2026, 2027}


def test_public_holidays_are_no_business_days():
    """The feast of Corpus Christi in Bavaria, a Thursday."""
    desk = calendar("mon-fri 09:00-17:00", holidays=public_holidays("DE", "BY", years=[2026]))
    assert desk.end_of_business_day(berlin(6, 3, 12), 1) == berlin(6, 5, 17)


@pytest.mark.parametrize(
    ("country", "subdivision", "years", "problem"),
    [
        ("Germany", None, [2026], "country: expected an ISO 3166-1 code, one of AD, AE"),
        ("DE", "QQ", [2026], "subdivision: expected a subdivision of DE: .*BB, BE, BW, BY"),
        ("MC", "A", [2026], "subdivision: expected a subdivision of MC: none at all"),
        ("DE", None, [], "years: expected at least one year"),
        ("DE", None, [2026, 1900], r"years: no holidays are known for DE in \[1900\]"),
    ],
)
def test_unknown_holidays_are_refused_with_what_is_known(country, subdivision, years, problem):
    """An empty answer would look like a year without holidays."""
    with pytest.raises(InvalidInputError, match=problem):
        public_holidays(country, subdivision, years=years)


def test_public_holidays_without_their_package(monkeypatch):
    """One sentence says what to install."""
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'commitments\[calendar\]'"):
        public_holidays("DE", years=[2026])
