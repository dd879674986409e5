"""The invariants of time, 25 to 32."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from commitments import commands as c
from commitments import events as e
from commitments.due import At, By, Within
from commitments.ids import PromiseId
from commitments.stores import open_store
from commitments.testing import BEN, CUSTOMER, DESK, EVE, NOON, relayed
from commitments.vocabulary import BreachCause
from commitments.working_time import WorkingTime
from tests.properties.breaches import broken, late
from tests.properties.brute import asked, counted
from tests.properties.laws import Law, about_promises, after, examples, found, moved, obeys, over, settled
from tests.properties.scenes import (
    agreed_too_late,
    agreed_with_oneself,
    confirmed_too_late,
    declined_after_an_agreement,
    disputed_after_the_due,
    handed_over,
    rebutted_and_reopened,
    reneged_and_rebutted,
    renegotiated_then_disputed,
    talked_across_the_due,
)
from tests.properties.town import DAY, PROMISES, TENANT, TIM, Town
from tests.properties.walk import (
    accept,
    agree,
    confirm,
    confirm_in_time,
    decline_due,
    depart,
    dispute,
    escalate,
    fall_due,
    make,
    offer,
    old_news,
    propose,
    renege,
    renegotiate_under_a_report,
    reopen,
    report,
    retract,
    tick,
    vacate,
    warn,
    withdraw_due,
)

US = timedelta(microseconds=1)
MOVES_DUE = (e.PromiseMade, e.PromiseRecordedUnowned, e.DueRevisionAgreed, e.ImportedFact)


class TestDueMovesByAgreement(Law):
    """Due changes only by agreement (or an imported fact)."""

    invariant = 25

    @over(
        *(propose, agree, decline_due, withdraw_due, accept, escalate, old_news, renege, reopen),
        *(declined_after_an_agreement, handed_over),
    )
    def test_after_every_attempt(self, town):
        for attempt in about_promises(town):
            if attempt.promise_after is not None:
                assert attempt.promise_after.due == after(attempt).due
            if not any(isinstance(fact, MOVES_DUE) for fact in attempt.facts):
                assert "due" not in moved(attempt)
            if isinstance(attempt.command, c.AgreeDue) and not attempt.repeated:
                obeys(attempt, "no such revision is open")
        assert not found(town, 25)


class TestTheOtherSideAgreesToWhatWasProposed(Law):
    """The agreeing side differs from the proposing side; agreed = proposed."""

    invariant = 26

    @over(propose, propose, agree, agree, agree, withdraw_due, decline_due, agreed_with_oneself)
    def test_both_ways(self, town):
        for attempt in town.of(c.AgreeDue, c.DeclineDue, c.WithdrawDue):
            obeys(attempt, "on the wrong side")
            for fact in attempt.facts:
                if isinstance(fact, e.DueRevisionAgreed):
                    revision = attempt.before.revision
                    assert revision is not None
                    assert fact.due == revision.due
                    assert fact.side is not revision.side
        assert not found(town, 26)


class TestUntilThenTheOldDueIsInForce(Law):
    """Until then the old due is in force."""

    invariant = 27

    @over(propose, propose, fall_due, decline_due, withdraw_due, agree, report, talked_across_the_due)
    def test_a_proposal_changes_nothing_about_time(self, town):
        for attempt in town.of(c.ProposeDue, c.DeclineDue, c.WithdrawDue):
            obeys(attempt)
            before, now = attempt.promise_before, attempt.promise_after
            if before is None or now is None:
                continue
            assert moved(attempt) <= {"revision", "revisions", "customer_heard_at"} | settled(attempt)
            moments = [attempt.now, attempt.now + DAY]
            moments += [] if before.due is None else [before.due.at + n * US for n in (-1, 0, 1)]
            for moment in (each for each in moments if each >= attempt.now):
                assert now.overdue(moment) == before.overdue(moment)
                assert now.overdue_since(moment) == before.overdue_since(moment)
                assert now.breaches_at(moment) == before.breaches_at(moment)
        for promise_id, _ in town.made():
            promise = town.promise(promise_id)
            assert promise is not None
            assert len(promise.breaches_at(town.now)) == len(broken(town.facts(promise_id), town.now))


class TestAFalseReportBuysNoTime(Law):
    """A false report buys no time."""

    invariant = 28

    @over(
        *(report, report, fall_due, dispute, dispute, retract, propose, agree, confirm, reopen, tick),
        *(renegotiated_then_disputed, disputed_after_the_due),
    )
    def test_breaches_are_what_the_log_says(self, town):
        for promise_id, trail in town.made():
            promise = town.promise(promise_id)
            assert promise is not None
            counted = {(one.number, one.cause is BreachCause.RENEGED) for one in promise.breaches_at(town.now)}
            expected = broken(town.facts(promise_id), town.now)
            assert counted == set(expected)
            since = promise.overdue_since(town.now)
            if since is not None and promise.due is not None:
                assert since == max(promise.due.at, trail.reopened_at or promise.due.at)

    @over(renegotiate_under_a_report, fall_due, agree, dispute, retract, only=True, share=0.3)
    def test_nor_does_another_due_time_under_it(self, town):
        for promise_id, _ in town.made():
            counted = {(one.number, one.cause is BreachCause.RENEGED) for one in town.promise(promise_id).breaches}
            assert counted <= set(broken(town.facts(promise_id), town.now))
            running = town.promise(promise_id).breaches_at(town.now)
            assert len(running) == len(broken(town.facts(promise_id), town.now))

    @over(report, fall_due, dispute, retract, share=0.3)
    def test_disputes_and_retractions_both_ways(self, town):
        for attempt in town.of(c.DisputeResolution, c.RetractCompletion):
            obeys(attempt)
            if attempt.accepted and attempt.promise_after is not None:
                assert attempt.promise_after.overdue(attempt.now) is attempt.before.late(attempt.now)


class TestBreachesNeverShrink(Law):
    """Breaches never shrink."""

    invariant = 29

    @over(
        *(fall_due, fall_due, renege, report, dispute, propose, agree, confirm, confirm_in_time, reopen, offer, accept),
        *(agreed_too_late, confirmed_too_late, rebutted_and_reopened, reneged_and_rebutted),
    )
    def test_along_every_story(self, town):
        seen: dict[PromiseId, dict[int, bool]] = {}
        for attempt in about_promises(town):
            promise = attempt.promise_after
            if promise is None:
                continue
            known = seen.get(promise.id, {})
            counted = {one.number: one.rebutted for one in promise.breaches_at(attempt.now)}
            assert known.keys() <= counted.keys(), f"a breach is gone after {attempt}"
            word = getattr(attempt.command, "attestation", None)
            done = word.completed_at if word and isinstance(attempt.command, c.ConfirmResolution) else None
            for number, rebutted in known.items():
                assert counted[number] or not rebutted, f"a rebuttal is gone after {attempt}"
                assert counted[number] is rebutted or (done is not None and attempt.accepted)
            if done is not None and attempt.accepted:
                for one in promise.breaches:
                    in_time = one.due is not None and not late(one.due, done)
                    assert one.rebutted is (in_time or known.get(one.number, False))
            seen[promise.id] = counted


class TestTimeWritesNothing(Law):
    """Time writes nothing; queries are pure."""

    invariant = 30

    @over(offer, report, propose, depart, fall_due, warn, renege, real=True, share=0.2, steps=18)
    def test_asking_and_waiting(self, town):
        kept = dump(town)
        for ahead in (timedelta(), 3 * DAY, 400 * DAY):
            town.clock.set(town.now + ahead)
            moment = {"as_of": town.now}
            assert asked(town) == asked(town, **moment) == asked(town, **moment)
            assert counted(town) == counted(town, **moment)
            assert dump(town) == kept


def dump(town: Town) -> list[object]:
    """Everything that is stored, byte for byte."""
    with town.store.connections.reading() as connection:  # type: ignore[attr-defined] # it is SQLite
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        ]
        return [(name, connection.execute(f"SELECT * FROM {name}").fetchall()) for name in tables]


CALENDAR = WorkingTime(name="desk", tz="Europe/Berlin", weekly=("mon-fri 09:00-17:00",))
DUES = st.one_of(
    st.builds(
        At,
        local=st.sampled_from(["2026-06-05T15:00", "2026-10-25T02:30", "2026-12-31T23:59:59.999999"]),
        tz=st.sampled_from(["Europe/Berlin", "UTC", "America/New_York", "Asia/Kolkata"]),
    ),
    st.builds(
        By,
        date=st.dates(
            min_value=datetime(2026, 6, 2, tzinfo=UTC).date(), max_value=datetime(2027, 6, 1, tzinfo=UTC).date()
        ),
        tz=st.sampled_from(["Europe/Berlin", "America/New_York", "Pacific/Apia", "America/Sao_Paulo"]),
    ),
    st.builds(Within, amount=st.integers(1, 500), unit=st.sampled_from(["minutes", "hours", "days"])),
    st.builds(
        Within,
        amount=st.integers(1, 50),
        unit=st.sampled_from(["working minutes", "working hours", "business days"]),
        calendar=st.just(CALENDAR),
    ),
)


class TestOverdueToTheMicrosecond(Law):
    """Overdue ⇔ PROMISED and the due has passed; tested at ±1 µs for each kind of due."""

    invariant = 31

    @examples(0.5)
    @given(due=DUES, then=st.sampled_from(["nothing", "reported", "disputed", "confirmed"]))
    def test_at_the_due_moment(self, due, then):
        town = Town(open_store("memory://", TENANT))
        made = town.attempt(c.MakePromise(actor=BEN, promise_id=PROMISES[2], customer=CUSTOMER, words="Soon.", due=due))
        _live_on(town, then)
        assert made.promise_after is not None
        stored = made.promise_after.due
        assert stored is not None
        for offset in (-2, -1, 0, 1, 2):
            as_of = stored.at + offset * US
            passed = as_of > stored.at or (as_of == stored.at and isinstance(due, By))
            expected = passed and then in {"nothing", "disputed"}
            listed = {line.promise_id for line in town.ledger.overdue(as_of=as_of)}
            soon = {line.promise_id for line in town.ledger.due_soon(as_of=as_of)}
            assert (PROMISES[2] in listed) is expected
            promise = town.promise(PROMISES[2])
            assert promise is not None
            assert promise.overdue(as_of) is expected
            assert (PROMISES[2] in soon) is (not passed and then in {"nothing", "disputed"})
        town.close()


def _live_on(town: Town, then: str) -> None:
    promise_id = PROMISES[2]
    if then != "nothing":
        town.attempt(c.ReportCompletion(actor=BEN, promise_id=promise_id, evidence="Done."))
    if then == "disputed":
        town.attempt(c.DisputeResolution(actor=EVE, promise_id=promise_id, attestation=relayed(EVE)))
    if then == "confirmed":
        town.attempt(c.ConfirmResolution(actor=EVE, promise_id=promise_id, attestation=relayed(EVE)))


BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
FIRST, SECOND = (datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))
"""Half past two in Berlin, both times."""
AROUND = tuple(moment + n * US for moment in (FIRST, SECOND) for n in (-1, 0, 1))


class TestTheSameInstantInAnyZone(Law):
    """The same instant in any zone, fold included, answers the same."""

    invariant = 32

    @over(make, offer, propose, report, vacate, tick, depart, real=True, share=0.1, steps=12)
    def test_questions(self, town):
        for fold in (0, 1):
            due = At(local="2026-10-25T02:30", tz="Europe/Berlin", fold=fold)
            town.attempt(
                c.MakePromise(
                    actor=BEN, promise_id=PROMISES[4 + fold], customer=CUSTOMER, words="In the night.", due=due
                )
            )
        for moment in (*AROUND, town.now):
            expected = asked(town, as_of=moment)
            for zone in (BERLIN, NEW_YORK):
                assert asked(town, as_of=moment.astimezone(zone)) == expected
                assert counted(town, as_of=moment.astimezone(zone)) == counted(town, as_of=moment)

    @examples(0.5)
    @given(moment=st.sampled_from(AROUND), zone=st.timezones())
    def test_commands(self, moment, zone):
        there = moment.astimezone(zone)
        told = [
            c.OfferHandover(actor=BEN, promise_id=PROMISES[0], to=TIM.id, note="Away.", expires_at=each)
            for each in (moment, there)
        ]
        assert told[0] == told[1]
        assert told[0].digest() == told[1].digest()
        absences = [c.NotePersonAbsent(actor=DESK, person=BEN.id, start=NOON, end=each) for each in (moment, there)]
        assert absences[0] == absences[1]
