"""Facts to bytes and back: every fact, the same bytes for ever, and nothing that is not in the registry."""

# Tests give what no checker would let pass; and where nothing is found but something must be, they fail.
# pyright: reportAttributeAccessIssue=false

import json
import re
from dataclasses import fields
from typing import Any
from uuid import UUID

import pytest

from commitments import events as e
from commitments.codec import FACTS, UPCASTERS, Encoded, decode, encode, recall
from commitments.errors import UnreadableFactError
from commitments.facts import Meta, Recorded
from commitments.terms import Terms, _kinds, register_terms
from commitments.testing import MADE, NOON, PROMISE
from tests.golden.add_missing import FOLDER, LOCK, golden, locked, path_of
from tests.unit.cases import CASES, EXAMPLES, META

BARE = Meta(actor="system:help-desk", command_id=META.command_id, digest=META.digest, recorded_at=NOON)


def through_bytes(fact, meta=META, number=3):
    """Return what is read back of a fact that was written."""
    written = encode(Recorded(PROMISE, number, fact, meta, UUID(int=7)))
    return decode(PROMISE, number, UUID(int=7), written)


def read(name="risk-declared", state=b'{"reason":"Snow."}', version=1, metadata=None):
    """Read stored bytes as a fact."""
    stored = encode(Recorded(PROMISE, 0, MADE, META, PROMISE)).metadata if metadata is None else metadata
    return decode(PROMISE, 0, PROMISE, Encoded(name, version, state, stored))


class TestRoundTrip:
    """What was written is what is read."""

    @pytest.mark.parametrize("meta", [META, BARE], ids=["full", "bare"])
    @pytest.mark.parametrize("fact", [*EXAMPLES, *(case.fact for case in CASES)], ids=lambda fact: fact.name)
    def test_every_fact(self, fact, meta):
        """With every field filled, and with few."""
        assert through_bytes(fact, meta) == Recorded(PROMISE, 3, fact, meta, UUID(int=7))

    @pytest.mark.parametrize("fact", EXAMPLES, ids=lambda fact: fact.name)
    def test_the_same_bytes_again(self, fact):
        """Reading and writing changes nothing, so seals and copies stay true."""
        once = encode(Recorded(PROMISE, 0, fact, META, PROMISE))
        assert encode(through_bytes(fact, number=0)) == once

    def test_empty_fields_are_left_out(self):
        """A fact costs what it says."""
        written = encode(Recorded(PROMISE, 0, e.OwnerChangeImported(), BARE, PROMISE))
        assert written.state == b'{"flags":[]}'
        assert set(json.loads(written.metadata)) == {"actor", "command_id", "digest", "recorded_at"}

    def test_every_fact_has_an_example_with_every_field(self):
        """So that no field escapes the golden files."""
        assert {type(fact) for fact in EXAMPLES} == set(FACTS.values())
        for fact in EXAMPLES:
            assert [each.name for each in fields(fact) if getattr(fact, each.name) in (None, ())] == []


class TestTheRegistry:
    """Closed: what is not in it cannot be read, whatever the database says."""

    def test_names_are_stored_for_ever(self):
        """Lower case with hyphens, past tense, no Python path, no version inside."""
        for name, kind in FACTS.items():
            assert kind.name == name
            assert re.fullmatch(r"[a-z]+(-[a-z]+)+", name)

    def test_every_fact_of_the_catalogue_is_in_it(self):
        """A fact that cannot be read must not be written."""
        named = {getattr(e, name) for name in e.__all__ if "name" in vars(getattr(e, name))}
        assert named == set(FACTS.values())

    def test_a_fact_from_elsewhere_is_not_in_it(self):
        """Nothing becomes readable by being imported."""

        class PromiseForgotten(e.PromiseFact):
            name = "promise-forgotten"

        assert "promise-forgotten" not in FACTS
        with pytest.raises(UnreadableFactError):
            read("promise-forgotten", b"{}")

    @pytest.mark.parametrize(
        "name", ["unheard-of", "commitments.events:RiskDeclared", "os.system", "", "RISK-DECLARED", "risk-declared.v1"]
    )
    def test_unknown_names_are_refused(self, name):
        """And say which version could read them: a newer one."""
        with pytest.raises(UnreadableFactError, match="upgrade the library") as refused:
            read(name)
        assert (refused.value.name, refused.value.stream, refused.value.version) == (name, PROMISE, 0)

    def test_a_newer_version_is_refused(self):
        """Half-understood is not understood."""
        with pytest.raises(UnreadableFactError, match="it is of version 2"):
            read(version=2)

    @pytest.mark.parametrize(
        "state",
        [
            b"",
            b"null",
            b"[]",
            b"{}",
            b'{"reason":"Snow."',
            b'{"reason":""}',
            b'{"reason":7}',
            b'{"reason":"Snow.","secret":1}',
            b'{"reason":"\xff"}',
            b'{"reason":"a\\u0000b"}',
        ],
    )
    def test_damaged_bytes_are_refused(self, state):
        """Checked on reading by the same closed models that wrote them; the content is not repeated."""
        with pytest.raises(UnreadableFactError, match="its bytes are damaged") as refused:
            read(state=state)
        assert "Snow" not in str(refused.value)

    def test_damaged_metadata_is_refused(self):
        """An unsigned fact is none."""
        for metadata in (b"{}", b'{"actor":"person:ben"}', b"?"):
            with pytest.raises(UnreadableFactError, match="its bytes are damaged"):
                read(metadata=metadata)

    @pytest.mark.parametrize(
        ("name", "state"),
        [
            ("promise-adopted", b'{"owner":"ann","note":null,"note":"x","to":"eve"}'),
            ("handover-accepted", b'{"offer_id":"1","giver":"ben","owner":"ann"}'),
            ("handover-accepted", b'{"offer_id":0,"giver":"ben","owner":"ann"}'),
            ("handover-accepted", b'{"offer_id":1.5,"giver":"ben","owner":"ann"}'),
            ("person-absent", b'{"person":"ben","start":"2026-06-01","end":"2026-06-02T00:00:00Z"}'),
            ("person-absent", b'{"person":"ben","start":"2026-06-01T00:00:00","end":"2026-06-02T00:00:00Z"}'),
        ],
    )
    def test_what_is_not_of_its_type_is_refused(self, name, state):
        """Strict: text is no number, a day is no instant, a naive time is none."""
        with pytest.raises(UnreadableFactError):
            read(name, state)


class TestVersions:
    """Old bytes stay readable: one step at a time."""

    def test_an_old_shape_is_brought_up(self, monkeypatch):
        """Here a field got another name, and later a default."""
        monkeypatch.setattr(e.RiskDeclared, "version", 3)
        monkeypatch.setitem(UPCASTERS, ("risk-declared", 1), lambda old: {"why": old["because"]})
        monkeypatch.setitem(UPCASTERS, ("risk-declared", 2), lambda old: {"reason": old["why"]})
        assert read(state=b'{"because":"Snow."}').fact == e.RiskDeclared(reason="Snow.")
        assert read(state=b'{"why":"Snow."}', version=2).fact == e.RiskDeclared(reason="Snow.")
        assert read(version=3).fact == e.RiskDeclared(reason="Snow.")

    def test_a_missing_step_is_refused(self, monkeypatch):
        """Nothing is guessed."""
        monkeypatch.setattr(e.RiskDeclared, "version", 2)
        with pytest.raises(UnreadableFactError, match="its bytes are damaged"):
            read()

    def test_a_step_that_fails_is_refused(self, monkeypatch):
        """The old bytes were not what the step expected."""
        monkeypatch.setattr(e.RiskDeclared, "version", 2)
        monkeypatch.setitem(UPCASTERS, ("risk-declared", 1), lambda old: {"reason": old["because"]})
        with pytest.raises(UnreadableFactError):
            read()


class TestAStream:
    """Many facts are read at once as each of them is read alone."""

    def test_every_fact(self):
        written = [encode(Recorded(PROMISE, number, fact, META, UUID(int=7))) for number, fact in enumerate(EXAMPLES)]
        rows: list[Any] = [(number, UUID(int=7).bytes, *encoded) for number, encoded in enumerate(written)]
        assert recall(PROMISE, rows) == [Recorded(PROMISE, *each, META, UUID(int=7)) for each in enumerate(EXAMPLES)]

    def test_an_old_shape_is_brought_up(self, monkeypatch):
        monkeypatch.setattr(e.RiskDeclared, "version", 2)
        monkeypatch.setitem(UPCASTERS, ("risk-declared", 1), lambda old: {"reason": old["because"]})
        metadata = encode(Recorded(PROMISE, 0, MADE, META, PROMISE)).metadata
        row = (0, PROMISE.bytes, "risk-declared", 1, b'{"because":"Snow."}', metadata)
        assert [each.fact for each in recall(PROMISE, [row])] == [e.RiskDeclared(reason="Snow.")]

    @pytest.mark.parametrize(
        ("name", "version", "state", "why"),
        [
            ("nobody-knows", 1, b"{}", "unknown to this version"),
            ("risk-declared", 2, b'{"reason":"Snow."}', "of version 2"),
            ("risk-declared", 1, b'{"reason":1}', "damaged"),
        ],
    )
    def test_what_cannot_be_read_is_named(self, name, version, state, why):
        """The fact with its number, not the stream."""
        metadata = encode(Recorded(PROMISE, 0, MADE, META, PROMISE)).metadata
        with pytest.raises(UnreadableFactError, match=why) as unreadable:
            recall(PROMISE, [(5, PROMISE.bytes, name, version, state, metadata)])
        assert unreadable.value.version == 5

    def test_damaged_metadata_is_named_too(self):
        with pytest.raises(UnreadableFactError, match="damaged"):
            recall(PROMISE, [(0, PROMISE.bytes, "risk-declared", 1, b'{"reason":"Snow."}', b"{}")])


class TestGolden:
    """The storage format: these bytes are readable for ever, and written exactly so."""

    @pytest.mark.parametrize("fact", EXAMPLES, ids=lambda fact: fact.name)
    def test_the_bytes_are_the_same(self, fact):
        """If this fails, the fact needs a new version and an upcaster; the golden file stays."""
        path = path_of(fact.name, fact.version)
        assert path.exists(), f"run python -m tests.golden.add_missing to add {path.name}"
        assert golden(fact) == json.loads(path.read_text(encoding="utf-8"))

    @pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
    def test_every_file_can_be_read(self, path):
        """Also those of older versions."""
        name, _, version = path.stem.rpartition(".v")
        stored = json.loads(path.read_text(encoding="utf-8"))
        kept = Encoded(name, int(version), stored["state"].encode(), stored["metadata"].encode())
        assert type(decode(PROMISE, 0, PROMISE, kept).fact) is FACTS[name]

    def test_the_lock_names_them_all(self):
        """The folder only grows: a name or version that was there once is there still."""
        lines = LOCK.read_text(encoding="utf-8").splitlines()
        assert lines == sorted(set(lines))
        assert {line.partition(":")[0] for line in lines} == {path.stem for path in FOLDER.glob("*.json")}
        assert {locked(kind) for kind in FACTS.values()} <= set(lines)


class TestKindsOfAHost:
    """A host's own kind of promise is stored and read like ours."""

    def test_a_registered_kind(self, monkeypatch):
        """By its name, never by where its class lives."""
        monkeypatch.setattr("commitments.terms._kinds", dict(_kinds))

        @register_terms
        class Invitation(Terms):
            kind: str = "invitation"

        fact = e.PromiseMade(**{**vars(MADE), "terms": Invitation()})
        assert through_bytes(fact).fact.terms == Invitation()

    def test_an_unregistered_kind_is_refused(self):
        """Reading it needs the class that knows its rules."""
        state = encode(Recorded(PROMISE, 0, MADE, META, PROMISE)).state
        with pytest.raises(UnreadableFactError):
            read("promise-made", state.replace(b'"custom"', b'"invitation"'))
