"""A CRM that loses promises, and how ``OwnershipMachine`` tells you: test your own CRM in the same way.

Deactivating an agent in this CRM silently takes all that they promised away from them. That is how many do it. The
machine tries promises, offers, departures and closings in any order, and prints the shortest story in which somebody
stops answering for a promise without anybody having taken it over.

Run it: python examples/broken_crm.py
"""

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from commitments.testing import OwnershipMachine


class Crm:
    """The host's own code: tickets, each with one assignee."""

    def __init__(self) -> None:
        self.assignee: dict[str, str | None] = {}

    def open_ticket(self, agent: str) -> str:
        """Open a ticket for ``agent``."""
        number = f"ticket {len(self.assignee) + 1}"
        self.assignee[number] = agent
        return number

    def deactivate_agent(self, agent: str) -> None:
        """Nobody may be assigned who cannot log in, so the tickets are cleared, and nobody is told."""
        for number, assignee in self.assignee.items():
            if assignee == agent:
                self.assignee[number] = None


class CrmAdapter:
    """What the machine needs to know of it. There are no hand-overs and no closing here, so these are not tried."""

    def __init__(self) -> None:
        self.crm = Crm()

    def make(self, *, owner: str, customer: str, words: str) -> str:
        """Promise something to a customer; this CRM keeps neither of the two."""
        return self.crm.open_ticket(owner)

    def owner_of(self, key: str) -> str | None:
        """Who answers for it."""
        return self.crm.assignee[key]

    def deactivate(self, person: str) -> bool:
        """Somebody leaves."""
        self.crm.deactivate_agent(person)
        return True


class BrokenCrm(OwnershipMachine):
    """The machine, pointed at this CRM. With pytest: ``TestBrokenCrm = BrokenCrm.TestCase``."""

    def new_crm(self) -> CrmAdapter:
        """A fresh one for every story."""
        return CrmAdapter()


def main() -> None:
    """Let the machine find the story, and print it."""
    try:
        run_state_machine_as_test(BrokenCrm, settings=settings(derandomize=True, database=None, print_blob=False))
    except AssertionError as lost:
        print(f"A promise was lost: {lost}")
        print("The shortest story that shows it:")
        for line in told(lost):
            print(f"    {line}")


def told(lost: AssertionError) -> list[str]:
    """The steps, as Hypothesis noted them with the error."""
    notes = "\n".join(getattr(lost, "__notes__", ()))
    return [line for line in notes.splitlines() if line.startswith("state.") and "teardown" not in line]


if __name__ == "__main__":
    main()
