"""Due times and working time against oracles that go another way: from UTC, instant by instant, never from wall time.

Everything is drawn from one seed, which a failing test prints.
"""

import datetime as dt
import random
from bisect import bisect_left
from functools import cache
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest

from commitments.due import At, By, Unit, Within, resolve
from commitments.errors import AmbiguousTimeError, NoSuchLocalTimeError, NoWorkingTimeError
from commitments.working_time import Span, WorkingTime

pytestmark = pytest.mark.props

SEED = 20_260_605
UTC = dt.UTC
US = dt.timedelta(microseconds=1)
MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
START = dt.datetime(1990, 1, 1, tzinfo=UTC)
YEARS = 46
ZONES = sorted(available_timezones() - {"localtime", "posixrules", "Factory"})
LENGTHS: dict[Unit, dt.timedelta] = {"minutes": MINUTE, "hours": HOUR, "days": DAY}
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@pytest.fixture
def rng(request):
    """Draws for one test, the same in every run; the seed is shown when the test fails."""
    print(f"seed {SEED}, {request.node.name}")  # noqa: T201 # pytest shows it when the test fails
    return random.Random(f"{SEED} {request.node.name}")


def show(instant: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """What the clock shows at an instant."""
    return instant.astimezone(zone).replace(tzinfo=None)


@cache
def changes(key: str) -> list[dt.datetime]:
    """The months (as their first instants) in which the clocks of a zone changed."""
    zone = ZoneInfo(key)
    months = [dt.datetime(START.year + n // 12, n % 12 + 1, 1, tzinfo=UTC) for n in range(YEARS * 12 + 1)]
    offsets = [month.astimezone(zone).utcoffset() for month in months]
    return [months[n] for n in range(YEARS * 12) if offsets[n] != offsets[n + 1]]


def change_near(rng: random.Random, key: str) -> dt.datetime | None:
    """An instant at which the clocks of a zone changed, if they ever did."""
    if not changes(key):
        return None
    zone, low = ZoneInfo(key), rng.choice(changes(key))
    high = low + 32 * DAY
    while high - low > dt.timedelta(seconds=1):
        middle = low + (high - low) // 2
        same = middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset()
        low, high = (middle, high) if same else (low, middle)
    return high.replace(microsecond=0)


def draw_instant(rng: random.Random, key: str) -> dt.datetime:
    """Half of the time near a change of the clocks, to the microsecond."""
    near = change_near(rng, key) if rng.random() < 0.5 else None
    if near is None:
        return START + dt.timedelta(microseconds=rng.randrange(YEARS * 365 * 86_400 * 10**6))
    return near + rng.choice((0, 1, -1, 30, -30)) * rng.choice((US, MINUTE)) + rng.randint(-2, 2) * HOUR


def instants_that_show(wall: dt.datetime, zone: ZoneInfo) -> list[dt.datetime]:
    """Try every offset the zone has around that time: which instants show this wall time?"""
    noon = wall.replace(tzinfo=UTC)
    offsets = {(noon + n * 12 * HOUR).astimezone(zone).utcoffset() for n in range(-4, 5)}
    return sorted(noon - offset for offset in offsets if offset is not None and show(noon - offset, zone) == wall)


def text(wall: dt.datetime) -> str:
    """A wall time as a caller may write it."""
    return wall.isoformat(sep=" ", timespec="microseconds")


def test_ten_thousand_wall_times_in_all_zones(rng):
    """One instant, the earlier of two, or a refusal: as the instants themselves show."""
    seen = {0: 0, 1: 0, 2: 0}
    for n in range(10_000):
        key = ZONES[n % len(ZONES)]
        zone = ZoneInfo(key)
        wall = (draw_instant(rng, key) + rng.choice((-1, 0, 1)) * HOUR / 2).astimezone(zone).replace(tzinfo=None)
        wall += rng.choice((-1, 0, 1)) * HOUR
        fold = rng.choice((None, 0, 1))
        expected = instants_that_show(wall, zone)
        seen[len(expected)] += 1
        refusal = NoSuchLocalTimeError if not expected else AmbiguousTimeError
        spec = At(local=text(wall), tz=key, fold=fold)
        if not expected or (len(expected) == 1 and fold == 1):
            with pytest.raises(refusal):
                resolve(spec, made_at=START)
        else:
            due = resolve(spec, made_at=START)
            assert due.at == expected[fold or 0], (key, wall, fold)
            assert [due.passed_by(due.at + step * US) for step in (-1, 0, 1)] == [False, False, True]
    assert min(seen.values()) > 100, seen


def test_every_instant_has_a_wall_time_that_means_it(rng):
    """Written down by ``At.instant`` in any zone and resolved again, it is the same instant."""
    for key in ZONES:
        for _ in range(4):
            instant = draw_instant(rng, key)
            assert resolve(At.instant(instant.astimezone(ZoneInfo(key))), made_at=START).at == instant, (key, instant)


def test_the_neighbours_of_a_missing_time_exist_and_nothing_between_them(rng):
    """They are the edges of the gap, to the microsecond."""
    refused = 0
    for n in range(1_500):
        key = ZONES[n % len(ZONES)]
        zone, change = ZoneInfo(key), change_near(rng, key)
        if change is None or show(change, zone) - show(change - US, zone) <= MINUTE:
            continue
        wall = show(change, zone) - rng.randint(1, 50) * US
        with pytest.raises(NoSuchLocalTimeError) as refusal:
            resolve(At(local=text(wall), tz=key), made_at=START)
        before, after = (dt.datetime.fromisoformat(refusal.value.data[side]) for side in ("before", "after"))
        assert (before, after) == (show(change - US, zone), show(change, zone))
        refused += 1
    assert refused > 300, refused


def last_instant_of(day: dt.date, zone: ZoneInfo) -> dt.datetime | None:
    """Walk through two and a half days in steps of 15 minutes, then closer, for the last instant that shows ``day``."""
    found: dt.datetime | None = None
    noon = dt.datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    for step, count in ((15 * MINUTE, 240), (MINUTE, 15), (dt.timedelta(seconds=1), 60)):
        begin = found or noon - 30 * HOUR
        moments = (begin + n * step for n in range(count + 1))
        found = max((moment for moment in moments if moment.astimezone(zone).date() == day), default=None)
        if found is None:
            return None
    return found


def test_three_thousand_days_in_all_zones(rng):
    """In time as long as the promisee's clock shows that day, late one microsecond after; no such day is refused."""
    for n in range(3_000):
        key = ZONES[n % len(ZONES)]
        zone = ZoneInfo(key)
        day = draw_instant(rng, key).astimezone(zone).date() + rng.choice((-1, 0, 0, 1)) * DAY
        last = last_instant_of(day, zone)
        if last is None:
            with pytest.raises(NoSuchLocalTimeError):
                resolve(By(date=day, tz=key), made_at=START)
            continue
        due = resolve(By(date=day, tz=key), made_at=START)
        assert due.at == last + dt.timedelta(seconds=1), (key, day)
        assert [due.passed_by(due.at + step * US) for step in (-1, 0, 1)] == [False, True, True]


def test_elapsed_time_is_the_same_in_every_zone(rng):
    """The zone in which the moment of the promise was written changes nothing."""
    for key in ZONES:
        made_at, amount = draw_instant(rng, key), rng.randint(1, 1_000)
        for unit, length in LENGTHS.items():
            due = resolve(Within(amount=amount, unit=unit), made_at=made_at.astimezone(ZoneInfo(key)))
            assert due.at - made_at == amount * length
            assert [due.passed_by(due.at + step * US) for step in (-1, 0, 1)] == [False, False, True]


# --- working time -----------------------------------------------------------------------------------------------------

DAYS = 24
PLACES = (
    ("Europe/Berlin", dt.date(2026, 3, 18)),
    ("Europe/Berlin", dt.date(2026, 10, 14)),
    ("America/New_York", dt.date(2026, 10, 21)),
    ("America/Havana", dt.date(2026, 2, 25)),
    ("America/St_Johns", dt.date(2010, 10, 27)),
    ("Australia/Lord_Howe", dt.date(2026, 9, 23)),
    ("Pacific/Apia", dt.date(2011, 12, 20)),
    ("Asia/Kathmandu", dt.date(2026, 6, 1)),
)


@cache
def shown_in(zone: ZoneInfo, first: dt.datetime) -> tuple[list[dt.datetime], list[dt.datetime]]:
    """What the clock shows in each minute from ``first`` on, and the highest that it has shown by then."""
    walls = [show(first + n * MINUTE, zone) for n in range((DAYS + 3) * 1_440)]
    return walls, list(accumulate(walls, max))


class Walk:
    """A calendar walked through minute by minute: which minutes, from ``first`` on, are working time."""

    def __init__(self, rng: random.Random) -> None:
        key, self.day = rng.choice(PLACES)
        self.zone = ZoneInfo(key)
        self.first = dt.datetime(self.day.year, self.day.month, self.day.day, tzinfo=UTC) - DAY
        self.walls, self.highest = shown_in(self.zone, self.first)
        self.shifts = [self.draw_shift(rng) for _ in range(rng.randint(1, 9))]
        self.holidays = tuple(self.day + rng.randrange(DAYS) * DAY for _ in range(rng.randint(0, 4)))
        self.extra = [self.draw_span(rng, 600) for _ in range(rng.randint(0, 2))]
        self.closures = [self.draw_span(rng, 2_000) for _ in range(rng.randint(0, 2))]
        self.flags = self.walk()

    def draw_shift(self, rng: random.Random) -> tuple[int, int, int]:
        """A weekday, and minutes of the day; up to a minute less than a day long."""
        start = rng.choice((rng.randrange(1_440), rng.randrange(0, 1_440, 30), rng.randrange(100, 200)))
        return rng.randrange(7), start, (start + rng.randint(1, 1_439)) % 1_440

    def draw_span(self, rng: random.Random, longest: int) -> tuple[dt.datetime, dt.datetime]:
        """Two wall times, to the minute."""
        start = dt.datetime.combine(self.day, dt.time()) + rng.randrange(DAYS * 1_440) * MINUTE
        return start, start + rng.randint(1, longest) * MINUTE

    def index(self, wall: dt.datetime) -> int:
        """The first minute at which the clock shows ``wall`` or later."""
        return bisect_left(self.highest, wall)

    def walk(self) -> bytearray:
        """Mark extra shifts over holidays over weekly hours, then unmark closures."""
        flags = bytearray(len(self.walls))
        for n in range(-2, DAYS + 4):
            day = self.day + n * DAY
            for weekday, start, end in self.shifts if day not in self.holidays else ():
                if weekday == day.weekday():
                    begin = dt.datetime.combine(day, dt.time()) + start * MINUTE
                    self.mark(flags, begin, begin + ((end - start) % 1_440) * MINUTE, 1)
        for pair in self.extra:
            self.mark(flags, *pair, 1)
        for pair in self.closures:
            self.mark(flags, *pair, 0)
        return flags

    def mark(self, flags: bytearray, start: dt.datetime, end: dt.datetime, value: int) -> None:
        """Set the minutes from one wall time up to another."""
        for n in range(self.index(start), self.index(end)):
            flags[n] = value

    def calendar(self) -> WorkingTime:
        """The same as the library has it; the one-off spans by turns as wall times and as instants."""
        clock = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(1_440)]
        weekly = tuple(f"{WEEK[day]} {clock[start]}-{clock[end]}" for day, start, end in self.shifts)
        extra, closures = (tuple(self.span(*pair) for pair in spans) for spans in (self.extra, self.closures))
        return WorkingTime(
            name="walked", tz=self.zone.key, weekly=weekly, holidays=self.holidays, extra=extra, closures=closures
        )

    def span(self, start: dt.datetime, end: dt.datetime) -> Span:
        """A span of the library, as instants when it starts at an even minute and is not empty as such."""
        since, until = (self.first + self.index(edge) * MINUTE for edge in (start, end))
        if start.minute % 2 == 0 and since < until:
            return Span(start=since, end=until)
        return Span(start=start.isoformat(), end=end.isoformat())

    def draw(self, rng: random.Random) -> dt.datetime:
        """A moment inside the walk, on a minute or anywhere."""
        moment = self.first + DAY + rng.randrange(DAYS * 1_440) * MINUTE
        return moment + rng.choice((dt.timedelta(), US, rng.randrange(60_000_000) * US))

    def worked(self, since: dt.datetime, until: dt.datetime) -> dt.timedelta:
        """Count the marked minutes between two moments, and the parts of minutes at both ends."""

        def before(moment: dt.datetime) -> dt.timedelta:
            whole, rest = divmod(moment - self.first, MINUTE)
            return self.flags.count(1, 0, whole) * MINUTE + self.flags[whole] * rest

        return before(until) - before(since)

    def after(self, since: dt.datetime, working: dt.timedelta) -> dt.datetime | None:
        """Walk on, from one marked minute to the next unmarked one, until that much is worked; nothing if it ends."""
        moment, left = since, working
        while left:
            n = (moment - self.first) // MINUTE
            if n == len(self.flags) or not self.flags[n]:
                n = self.flags.find(1, n)
                moment = self.first + n * MINUTE
            if n == -1:
                return None
            end = self.flags.find(0, n)
            until = self.first + (len(self.flags) if end == -1 else end) * MINUTE
            step = min(left, until - moment)
            moment, left = moment + step, left - step
        return moment


@pytest.fixture(scope="module")
def walks():
    """Fifty calendars, each with its walk."""
    rng = random.Random(SEED)
    made = [Walk(rng) for _ in range(50)]
    return [(walk, walk.calendar()) for walk in made]


def test_working_time_between_is_what_the_minutes_add_up_to(rng, walks):
    """2,500 pairs of moments, and whether each is working time."""
    for n in range(2_500):
        walk, calendar = walks[n % len(walks)]
        since, until = sorted((walk.draw(rng), walk.draw(rng)))
        assert calendar.between(since, until) == walk.worked(since, until), (calendar, since, until)
        assert calendar.is_working(since) == walk.flags[(since - walk.first) // MINUTE]


def test_adding_working_time_ends_where_the_walk_ends(rng, walks):
    """2,500 moments and amounts; what is added is what lies between, and a microsecond earlier it is not yet worked."""
    within = 0
    for n in range(2_500):
        walk, calendar = walks[n % len(walks)]
        since = walk.draw(rng)
        working = rng.choice((US, MINUTE, HOUR, 8 * HOUR)) * rng.randint(1, 5) + rng.choice((0, 0, 1, 12_345_678)) * US
        expected = walk.after(since, working)
        if expected is None:
            continue
        within += 1
        end = calendar.add(since, working)
        assert end == expected, (calendar, since, working)
        assert calendar.between(since, end) == working
        assert calendar.between(since, end - US) == working - US
    assert within > 1_500, within


def test_business_days_end_where_the_last_shift_of_the_day_ends(rng, walks):
    """Against the marked minutes, for calendars whose shifts end before midnight: days with a mark, and their last."""
    tried = 0
    for walk, _ in walks:
        shifts = [shift for shift in walk.shifts if shift[1] < shift[2]]
        if not shifts or walk.extra or walk.zone.key == "America/St_Johns":
            continue
        walk.shifts, walk.flags = shifts, bytearray()
        walk.flags = walk.walk()
        marked = [n for n in range(len(walk.flags)) if walk.flags[n]]
        ends = {walk.walls[n].date(): walk.first + (n + 1) * MINUTE for n in marked}
        since = walk.draw(rng)
        today = since.astimezone(walk.zone).date()
        days = sorted(day for day in ends if today < day < walk.day + DAYS * DAY)
        for count, day in enumerate(days, start=1):
            due = resolve(Within(amount=count, unit="business days", calendar=walk.calendar()), made_at=since)
            assert due.at == ends[day], (walk.calendar(), since, count)
            tried += 1
    assert tried > 50, tried


def test_splitting_an_interval_never_changes_the_sum(rng, walks):
    """However many pieces, on or off the minute."""
    for n in range(500):
        _, calendar = walks[n % len(walks)]
        cuts = sorted(walks[n % len(walks)][0].draw(rng) for _ in range(rng.randint(3, 6)))
        parts = [calendar.between(since, until) for since, until in pairwise(cuts)]
        assert sum(parts, dt.timedelta()) == calendar.between(cuts[0], cuts[-1])
        assert calendar.between(cuts[-1], cuts[0]) == -calendar.between(cuts[0], cuts[-1])


def test_adding_in_two_steps_is_adding_once(rng, walks):
    """Work that is interrupted is done when it would have been done."""
    for n in range(500):
        walk, calendar = walks[n % len(walks)]
        since = walk.draw(rng)
        first, second = (rng.randint(1, 40_000_000_000) * US for _ in range(2))
        try:
            once = calendar.add(since, first + second)
        except NoWorkingTimeError:
            continue
        assert calendar.add(calendar.add(since, first), second) == once
