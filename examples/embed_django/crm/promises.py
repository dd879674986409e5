"""How a ticket and the promise on it become one. Everything that the ledger adds to a Django application is here."""

from typing import Any
from urllib.parse import quote

from django.db import connection, transaction

from commitments import External, Ledger, Person, Reference, Within
from crm.models import Ticket

atomic: Any = transaction.atomic  # Django carries no types


@atomic
def open_ticket(ledger: Ledger, *, customer: str, subject: str, words: str, agent: str, hours: int) -> Ticket:
    """Store a ticket and what ``agent`` promised on it: both, or neither."""
    ticket = Ticket.objects.create(customer=customer, subject=subject)
    with ledger.joining(connection):
        ledger.make_promise(
            actor=Person(agent),
            customer=External(customer),
            words=words,
            due=Within(amount=hours, unit="hours"),
            reference=Reference(system="crm", kind="ticket", key=str(ticket.pk)),
        )
    return ticket


def ledger_url() -> str:
    """The address of the ledger in Django's own database; in a test, in the test's."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{quote(str(database['NAME']))}"
    user, password, name, host, port = (
        quote(str(database[key]), safe="") for key in ("USER", "PASSWORD", "NAME", "HOST", "PORT")
    )
    return f"postgresql://{user}:{password}@/{name}?host={host}&port={port}"
