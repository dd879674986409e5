"""What Hypothesis builds of this library's values is valid, and costs nobody anything who does not ask for it."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commitments import attestation, commands, due, events, facts, parties, reference, terms, working_time
from commitments.codec import Encoded, decode, encode
from commitments.facts import Recorded
from commitments.model import adapter, checked
from commitments.terms import AnyTerms
from commitments.testing.registration import register
from commitments.testing.strategies import strategy_of
from tests.architecture.checkers import loaded_by
from tests.properties.laws import examples

MODULES = (attestation, commands, due, events, facts, parties, reference, terms, working_time)
ENUMS = {"Basis", "Effective", "Source"}
VALUES = [
    getattr(module, name)
    for module in MODULES
    for name in module.__all__
    if isinstance(getattr(module, name), type) and name not in ENUMS
]
FACTS = [kind for kind in VALUES if issubclass(kind, events.Fact) and "name" in vars(kind)]
COMMANDS = [kind for kind in VALUES if issubclass(kind, commands.Command) and not kind.__subclasses__()]

pytestmark = pytest.mark.props


register()  # so that the package need not be installed anew when the entry point changes


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__name__)
def test_a_value_of_every_kind_can_be_drawn(kind):
    """Through Hypothesis' own door, as a host would."""

    @settings(max_examples=8)
    @given(st.from_type(kind))
    def drawn(value):
        assert isinstance(value, kind)

    drawn()


class TestWhatIsDrawnIsValid:
    """Built, checked, written and read back, it is the same."""

    @examples(1.0)
    @given(st.from_type(Recorded))
    def test_facts(self, recorded):
        written = Encoded(*encode(recorded))
        assert decode(recorded.originator_id, recorded.originator_version, recorded.event_id, written) == recorded

    @examples(0.6)
    @given(st.from_type(commands.Command))
    def test_commands(self, command):
        assert checked(type(command), vars(command)) == vars(command)
        assert command.digest() == type(command)(**vars(command)).digest()

    @examples(0.3)
    @given(strategy_of(terms.Terms))
    def test_kinds_of_promise(self, value):
        written = adapter(AnyTerms).dump_python(value)
        assert adapter(AnyTerms).validate_python(written) == value

    def test_no_kind_is_forgotten(self):
        assert len(FACTS) > 40
        assert len(COMMANDS) > 40


class TestNobodyPaysForIt:
    """Hypothesis calls the entry point wherever it is imported."""

    def test_registering_loads_nothing(self):
        light = "import hypothesis; from commitments.testing.registration import register; register()"
        assert loaded_by(light, {"pydantic", "eventsourcing", "sqlite3"}) <= {"sqlite3"}
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                f"{light}; import sys; print([n for n in sys.modules if n.startswith('commitments')])",
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == "['commitments', 'commitments.testing', 'commitments.testing.registration']"

    @pytest.mark.parametrize("first", ["import commitments.events", "pass"])
    def test_what_is_imported_later_is_registered_too(self, first):
        program = f"""
import hypothesis
from commitments.testing.registration import register
{first}
register()
register()
from commitments.events import PromiseMade, Fact
from commitments import events
from hypothesis import strategies as st, given, settings
import inspect, commitments.commands
assert "events.py" in inspect.getsourcefile(PromiseMade)
assert type(events.__spec__.loader).__name__ == "SourceFileLoader", events.__spec__.loader
@settings(max_examples=3, database=None)
@given(st.from_type(PromiseMade), st.from_type(Fact))
def drawn(made, fact): assert made.words.strip()
drawn()
"""
        subprocess.run([sys.executable, "-c", program], check=True)
