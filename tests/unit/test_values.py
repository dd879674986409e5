"""The values everything is made of: closed, frozen, strict, and silent about what is personal."""

# Tests give what no checker would let pass; and where nothing is found but something must be, they fail.
# mypy: disable-error-code="arg-type, attr-defined, call-arg, misc"
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false

import copy
import datetime as dt
import pickle
from dataclasses import FrozenInstanceError
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from commitments import commands as c
from commitments import events as e
from commitments.attestation import Attestation
from commitments.commands import AcceptHandover, MakePromise, ReportProgress
from commitments.due import At
from commitments.errors import InvalidInputError
from commitments.ids import PersonId, TenantId, import_stream, micros, person_stream, read_uuid, time_ordered_uuid
from commitments.model import Checked, Closed, Instant, Label, Name, Number, Personal, Text, adapter, to_utc
from commitments.parties import NAME_RULE, Actor, Colleague, Customer, External, Person, System
from commitments.reference import Reference
from commitments.terms import (
    AnyTerms,
    Attempt,
    Callback,
    Custom,
    Delivery,
    Item,
    Money,
    Parts,
    Refund,
    Terms,
    Update,
    _kinds,
    register_terms,
)
from commitments.testing import BEN, CUSTOMER, DUE, MADE, NOON, PROMISE, given, make_promise, relayed
from tests.unit.cases import CASES, EXAMPLES

SECRET = "Frau Schmidt is getting divorced"
US = dt.timedelta(microseconds=1)


class Parcel(Checked):
    """A value with every primitive."""

    name: Name = "box"
    text: Annotated[Text, Personal("words")] = "fragile"
    label: Label = ""
    number: Number = 1
    at: Instant = NOON

    def check(self) -> None:
        """Two fields that must agree."""
        if self.label == self.name:
            raise ValueError("label and name are the same")
        if self.label == "stop":
            raise InvalidInputError(where="Parcel.label", problem="no more of these")


class TestClosed:
    """Exactly the declared fields, given by name, never changed."""

    def test_unknown_fields_are_refused(self):
        """A misspelt field is not silently dropped."""
        with pytest.raises(TypeError, match="nmae"):
            Parcel(nmae="box")

    def test_missing_fields_are_refused(self):
        """By the constructor, as for every function."""
        with pytest.raises(TypeError, match="offer_id"):
            AcceptHandover(actor=BEN, promise_id=PROMISE)

    def test_positions_mean_nothing(self):
        """Fields are given by name."""
        with pytest.raises(TypeError, match="positional"):
            Parcel("box")

    def test_frozen(self):
        """What was checked stays checked."""
        parcel = Parcel()
        with pytest.raises(FrozenInstanceError):
            parcel.name = "bag"
        with pytest.raises(FrozenInstanceError):
            del parcel.name

    def test_equal_by_content_and_class(self):
        """Two facts with the same fields are not the same fact."""
        assert Parcel() == Parcel(name="box")
        assert Parcel() != Parcel(name="bag")
        assert hash(Parcel()) == hash(Parcel())
        assert e.PersonLeft(person=BEN.id) != e.PersonJoined(person=BEN.id)
        assert hash(e.PersonLeft(person=BEN.id)) != hash(e.PersonJoined(person=BEN.id))
        assert Parcel() != "box"

    def test_it_can_be_copied_and_pickled(self):
        """A queue between two processes is no obstacle."""
        command = make_promise()
        assert pickle.loads(pickle.dumps(command)) == command  # noqa: S301
        assert copy.deepcopy(command) == command

    @pytest.mark.parametrize(
        "value",
        [
            make_promise(words=SECRET),
            relayed(words=SECRET),
            e.PromiseMade(**{**vars(MADE), "words": SECRET, "why": SECRET}),
        ],
    )
    def test_shown_without_what_is_personal(self, value):
        """A value may be logged."""
        assert SECRET not in repr(value)
        assert "…" in repr(value)

    @pytest.mark.parametrize(
        ("given_fields", "name"), [({}, "person"), ({"person": BEN.id, "who": "ben"}, "who"), ({"who": "ben"}, "who")]
    )
    def test_a_missing_or_unknown_field_is_named(self, given_fields, name):
        """As for any function."""
        with pytest.raises(TypeError, match=f"'{name}'"):
            e.PersonLeft(**given_fields)

    def test_a_promise_is_shown_without_its_words(self):
        """Not even what was never said is spelled out: whoever greps a log for words finds none."""
        for why in (None, SECRET):
            shown = repr(given(e.PromiseMade(**{**vars(MADE), "words": SECRET, "why": why})).promise)
            assert SECRET not in shown
            assert "words" not in shown
            assert "why" not in shown

    def test_shown_with_everything_else(self):
        """But for what is empty."""
        assert repr(e.HandoverDeclined(offer_id=3)) == "HandoverDeclined(offer_id=3)"
        assert repr(Reference(system="crm", kind="ticket", key="1")) == (
            "Reference(system='crm', kind='ticket', key='1', slot='')"
        )


class TestPrimitives:
    """Each is checked when the value is built."""

    @pytest.mark.parametrize("good", ["a", "x" * 200, "Łódź 🙂", " a "])
    def test_names(self, good):
        """Any script; a name is no text."""
        assert Parcel(name=good).name == good

    @pytest.mark.parametrize("bad", ["", " ", "x" * 201, "a\nb", "a\tb", "a\x00", "\x7f", "\ud800", 7, b"a", None])
    def test_no_names(self, bad):
        """Blank, too long, control characters, half a surrogate, something else."""
        with pytest.raises(InvalidInputError, match=r"Parcel\.name"):
            Parcel(name=bad)

    @pytest.mark.parametrize("bad", ["", " \n\t ", "x" * 10_001, "a\x00b", "\udfff", 7])
    def test_no_texts(self, bad):
        """A text has something to say, and no NUL."""
        with pytest.raises(InvalidInputError, match=r"Parcel\.text"):
            Parcel(text=bad)

    def test_texts_have_lines(self):
        """What was said may be long."""
        assert Parcel(text="a\nb\t" + "x" * 9_000).text.startswith("a\nb")

    @pytest.mark.parametrize("bad", [0, -1, 1_000_000_001, 1.0, "1", True, None])
    def test_no_numbers(self, bad):
        """Whole, positive, and not true."""
        with pytest.raises(InvalidInputError, match=r"Parcel\.number"):
            Parcel(number=bad)

    @pytest.mark.parametrize(
        "bad", [NOON.replace(tzinfo=None), "2026-06-01T12:00:00Z", 0, "0", dt.date(2026, 6, 1), None]
    )
    def test_no_instants(self, bad):
        """Naive times, texts and numbers are none: 0 is not 1970."""
        with pytest.raises(InvalidInputError, match=r"Parcel\.at"):
            Parcel(at=bad)

    def test_instants_are_kept_in_utc(self):
        """Invariant 32: the zone it was given in leaves no trace."""
        berlin = NOON.astimezone(ZoneInfo("Europe/Berlin"))
        assert Parcel(at=berlin).at.tzinfo is dt.UTC
        assert repr(Parcel(at=berlin)) == repr(Parcel(at=NOON))

    def test_instants_that_cannot_be_said_in_utc_are_refused(self):
        """Before the year 1 and after the year 9999 there."""
        edge = dt.datetime.max.replace(tzinfo=dt.timezone(dt.timedelta(hours=-1)))
        with pytest.raises(ValueError, match="years 1 to 9999"):
            to_utc(edge)
        with pytest.raises(InvalidInputError, match="years 1 to 9999"):
            Parcel(at=edge)

    def test_fields_are_checked_together_too(self):
        """With a sentence of the value's own."""
        with pytest.raises(InvalidInputError, match="Parcel: label and name are the same"):
            Parcel(name="a", label="a")
        with pytest.raises(InvalidInputError, match=r"Parcel\.label: no more of these"):
            Parcel(label="stop")


class TestErrorsAreDiscreet:
    """An error names the field, never its content."""

    @pytest.mark.parametrize("field", ["words", "why", "due_words", "command_id"])
    def test_a_wrong_field_is_named_and_not_shown(self, field):
        """Errors end up in logs."""
        with pytest.raises(InvalidInputError) as refused:
            MakePromise(**{**vars(make_promise()), field: SECRET + "\x00"})
        assert f"MakePromise.{field}" in str(refused.value)
        assert SECRET not in f"{refused.value!r} {refused.value} {refused.value.__cause__} {refused.value.data}"

    def test_a_nested_value_too(self):
        """Inside a customer's word, inside terms, also as the name of a field that does not exist."""
        unknown = {"of": "attempt", "outcome": "busy", SECRET: 1}
        for build in (
            lambda: ReportProgress(actor=BEN, promise_id=PROMISE, note="a", customer_told=True, delivered=unknown),
            lambda: ReportProgress(
                actor=BEN, promise_id=PROMISE, note="a", customer_told=True, delivered={"of": SECRET}
            ),
            lambda: Attestation(source=SECRET, channel="a"),
            lambda: MakePromise(**{**vars(make_promise()), "terms": {"kind": SECRET}}),
            lambda: MakePromise(**{**vars(make_promise()), "terms": {"kind": "callback", "number": "1", SECRET: 1}}),
            lambda: MakePromise(**{**vars(make_promise()), "customer": SECRET}),
            lambda: At(local=SECRET, tz="Europe/Berlin"),
            lambda: MakePromise(**{**vars(make_promise()), "due": {"kind": SECRET}}),
            lambda: MakePromise(**{**vars(make_promise()), "due": {"kind": "at", "local": SECRET, "tz": SECRET}}),
            lambda: MakePromise(**{**vars(make_promise()), "reference": {SECRET: 1}}),
        ):
            with pytest.raises(InvalidInputError) as refused:
                build()
            assert SECRET not in str(refused.value)


class TestIds:
    """Instants to the microsecond, streams by name, ids that sort by time."""

    @pytest.mark.parametrize(
        "instant",
        [
            dt.datetime(1970, 1, 1, tzinfo=dt.UTC),
            NOON + US,
            dt.datetime.min.replace(tzinfo=dt.UTC),
            dt.datetime.max.replace(tzinfo=dt.UTC),
            dt.datetime(1883, 11, 18, 12, 3, 58, 7, tzinfo=ZoneInfo("America/New_York")),
            dt.datetime(2026, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=-5, microseconds=3))),
        ],
    )
    def test_microseconds_are_exact(self, instant):
        """No float in between, also with odd offsets."""
        assert micros(instant) == (instant - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // US

    def test_a_naive_time_is_no_instant(self):
        """A programming mistake, not a refusal."""
        with pytest.raises(TypeError, match="time zone"):
            micros(NOON.replace(tzinfo=None))

    def test_an_id_is_read_from_its_bytes(self):
        """As the standard library reads it."""
        drawn = UUID("6b1e3f0a-52a7-5d2c-9d50-0f6a1c7f3e11")
        read = read_uuid(drawn.bytes)
        assert (read, hash(read), str(read), read.is_safe) == (drawn, hash(drawn), str(drawn), drawn.is_safe)
        for damaged in (b"", drawn.bytes[:-1], drawn.bytes + b"x"):
            with pytest.raises(ValueError, match="16 bytes"):
                read_uuid(damaged)

    def test_ids_are_of_version_7(self):
        """48 bits of milliseconds, then what the caller drew."""
        made = time_ordered_uuid(NOON, bytes(range(10)))
        assert (made.version, made.variant) == (7, "specified in RFC 4122")
        assert made.int >> 80 == micros(NOON) // 1_000
        assert time_ordered_uuid(NOON, b"\xff" * 10) < time_ordered_uuid(
            NOON + dt.timedelta(milliseconds=1), b"\0" * 10
        )
        assert len({time_ordered_uuid(NOON, bytes([n] * 10)) for n in range(256)}) == 256

    def test_the_entropy_fills_it(self):
        """Neither fewer bytes nor more."""
        for wrong in (b"", b"x" * 9, b"x" * 11):
            with pytest.raises(ValueError, match="exactly 10 bytes"):
                time_ordered_uuid(NOON, wrong)

    def test_streams_are_told_apart(self):
        """By tenant, by name, and people from imports."""
        streams = {
            make(TenantId(tenant), name)
            for make in (person_stream, import_stream)
            for tenant in ("a", "b")
            for name in (PersonId("ben"), PersonId("ann"))
        }
        assert len(streams) == 8
        assert person_stream(TenantId("default"), BEN.id) == UUID("3020504d-5bff-58f9-836d-d63084f02b40")


class TestParties:
    """Who acts and to whom promises are made, as one short string."""

    @pytest.mark.parametrize("party", [BEN, Colleague(BEN.id), CUSTOMER, System("crm"), External("a:b/c 🙂")], ids=str)
    def test_written_and_read(self, party):
        """The kind comes first, so an id may hold a colon."""
        kind = Customer if isinstance(party, External | Colleague) else Actor
        assert adapter(kind).validate_python(str(party)) == party
        assert adapter(kind).dump_json(party).decode() == f'"{party}"'

    @pytest.mark.parametrize("name", ["", " ", "x" * 201, "a\nb", "a\x00", "\ud800", None, 7])
    def test_a_name_is_a_name(self, name):
        """The same rule for all of them."""
        for kind in (Person, Colleague, External, System):
            with pytest.raises(ValueError, match=NAME_RULE):
                kind(name)

    @pytest.mark.parametrize(
        "wrong", ["ben", "", "clock:now", "colleague:ben", "Person:ben", 7, None, BEN.id, Colleague(BEN.id)]
    )
    def test_nobody_else_acts(self, wrong):
        """A string is read strictly, and a customer who is a colleague acts as a person."""
        with pytest.raises(InvalidInputError, match=r"AcceptHandover\.actor"):
            AcceptHandover(actor=wrong, promise_id=PROMISE, offer_id=1)

    @pytest.mark.parametrize("wrong", [BEN, "person:ben", System("crm"), "external:"])
    def test_nobody_else_is_a_customer(self, wrong):
        """Promises are made to customers, outside or among colleagues."""
        with pytest.raises(InvalidInputError, match=r"MakePromise\.customer"):
            MakePromise(**{**vars(make_promise()), "customer": wrong})

    def test_a_subclass_is_nobody(self):
        """It could change its name later."""

        class Chameleon(Person):
            pass

        with pytest.raises(InvalidInputError):
            AcceptHandover(actor=Chameleon(BEN.id), promise_id=PROMISE, offer_id=1)


class TestReferences:
    """The host's own record."""

    def test_shown_as_a_path(self):
        """Without the empty slot."""
        assert str(Reference(system="crm", kind="ticket", key="7")) == "crm/ticket/7"
        assert str(Reference(system="crm", kind="ticket", key="7", slot="2")) == "crm/ticket/7/2"


class TestTerms:
    """The kinds of promise."""

    @pytest.mark.parametrize(
        "wrong",
        [
            lambda: Refund(amount=Decimal(0), currency="EUR", method="card"),
            lambda: Refund(amount=Decimal(-1), currency="EUR", method="card"),
            lambda: Refund(amount=Decimal("0.00001"), currency="EUR", method="card"),
            lambda: Refund(amount=Decimal("NaN"), currency="EUR", method="card"),
            lambda: Refund(amount=Decimal("1" * 19), currency="EUR", method="card"),
            lambda: Refund(amount=1.5, currency="EUR", method="card"),
            lambda: Refund(amount="1.50", currency="EUR", method="card"),
            lambda: Refund(amount=Decimal(1), currency="eur", method="card"),
            lambda: Refund(amount=Decimal(1), currency="EURO", method="card"),
            lambda: Money(amount=Decimal(0), currency="EUR"),
            lambda: Delivery(order="A-17", items=()),
            lambda: Parts(items=()),
            lambda: Item(name="chair", quantity=0),
            lambda: Callback(number=""),
            lambda: Attempt(outcome="maybe"),
            lambda: Update(topic=" "),
            lambda: Custom(kind="callback"),
        ],
    )
    def test_nonsense_is_refused(self, wrong):
        """Floats, nothing, too much, no such currency, no such outcome."""
        with pytest.raises(InvalidInputError):
            wrong()

    def test_items_of_one_name_add_up(self):
        """However the order lists them."""
        chairs = Delivery(order="A", items=(Item(name="chair", quantity=2), Item(name="chair", quantity=3)))
        assert chairs.left([]) == "5 × chair"
        assert chairs.left([Parts(items=(Item(name="chair", quantity=5),))]) is None

    def test_only_what_counts_is_counted(self):
        """A step of another sort in an old history leaves everything owed."""
        money, attempt = Money(amount=Decimal(1), currency="EUR"), Attempt(outcome="reached")
        chairs = Delivery(order="A", items=(Item(name="chair", quantity=2),))
        assert chairs.left([money, attempt]) == "2 × chair"
        assert Refund(amount=Decimal(2), currency="EUR", method="card").left([attempt]) == "2 EUR"
        assert Callback(number="1").left([money]) is not None

    def test_any_kind_is_told_apart_by_its_name(self):
        """From a JSON object, or as it is."""
        read = adapter(AnyTerms).validate_python
        assert read({"kind": "update", "topic": "the repair"}) == Update(topic="the repair")
        assert read(Custom()) == Custom()
        for wrong in ({"kind": "no-such"}, {}, "custom", None, 7, {"kind": ["custom"]}, Terms(kind="custom")):
            with pytest.raises(ValueError, match="of one of the kinds callback, custom, delivery, refund, update"):
                read(wrong)

    def test_a_subclass_of_a_kind_is_another_kind(self):
        """It would be written and read back as something else."""

        class Loose(Custom):
            pass

        with pytest.raises(InvalidInputError):
            MakePromise(**{**vars(make_promise()), "terms": Loose()})

    def test_a_kind_is_registered_once(self, monkeypatch):
        """Its name is part of the storage format."""
        monkeypatch.setattr("commitments.terms._kinds", dict(_kinds))

        @register_terms
        class Visit(Terms):
            kind: Literal["visit"] = "visit"
            minutes: Number

        assert register_terms(Visit) is Visit
        command = MakePromise(**{**vars(make_promise()), "terms": Visit(minutes=30)})
        assert command.terms == Visit(minutes=30)
        assert Visit(minutes=30).left([]) is None

        class Other(Terms):
            kind: Literal["visit"] = "visit"

        with pytest.raises(TypeError, match="'visit' is registered for Visit"):
            register_terms(Other)

    def test_a_kind_needs_a_name(self):
        """Without one it could not be told apart."""

        class Nameless(Terms):
            minutes: Number

        with pytest.raises(TypeError, match="Nameless needs a field"):
            register_terms(Nameless)


class TestDigests:
    """The fingerprint of a request: all that the caller gave, other than its id."""

    def test_the_same_content_is_the_same_request(self):
        """Whatever the command id, the zone of a time and the order of fields."""
        one = make_promise()
        berlin = NOON.astimezone(ZoneInfo("Europe/Berlin"))
        other = MakePromise(**{**vars(one), "command_id": "request-2", "occurred_at": berlin})
        assert MakePromise(**{**vars(one), "occurred_at": NOON}).digest() == other.digest()

    @pytest.mark.parametrize("case", CASES, ids=lambda case: type(case.command).__name__)
    def test_every_field_counts(self, case):
        """Leaving one out, or giving another, is another request."""
        command = case.command
        fields = vars(command)
        for name in fields:
            changed = copy.copy(command)
            vars(changed)[name] = None
            assert (changed.digest() == command.digest()) is (name == "command_id" or fields[name] is None)

    def test_no_two_commands_share_one(self):
        """Also those whose names begin alike and that say the same."""
        said = {"actor": System("crm"), "promise_id": PROMISE, "occurred_at": NOON}
        kinds = (c.ImportCompletion, c.ImportCompletionVoided, c.ImportClosure, c.ImportReopening)
        assert len({kind(**said).digest() for kind in kinds}) == len(kinds)

    def test_it_is_the_same_for_ever(self):
        """It is stored, and compared with what comes in years later."""
        assert AcceptHandover(actor=BEN, promise_id=PROMISE, offer_id=1).digest() == "9748453b51566face23ad6d0"
        assert MakePromise(**{**vars(make_promise()), "due": DUE}).digest() == make_promise().digest()


@pytest.mark.parametrize("fact", EXAMPLES, ids=lambda fact: fact.name)
def test_every_fact_is_closed(fact):
    """All of them, by the base they share."""
    assert isinstance(fact, Closed)
    assert type(fact).__doc__
    with pytest.raises(FrozenInstanceError):
        fact.name = "another"
