"""A small CRM on Django: a ticket and the promise that was made on it are stored together, or not at all.

Run it: python examples/embed_django/main.py                      (on a file that it makes first)
        python examples/embed_django/main.py postgresql://…/crm   (on an empty database of yours)
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from commitments import Ledger, System, connect
from commitments.errors import RefusedError
from commitments.stores.migrations import migrate

MONDAY = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)


def main(database: dict[str, Any]) -> None:
    """Make the tables, the CRM's and the ledger's beside them, and tell the story."""
    settings.configure(DATABASES={"default": database}, INSTALLED_APPS=["crm"], USE_TZ=True)
    django.setup()
    from crm.promises import ledger_url

    try:
        call_command("migrate", run_syncdb=True, verbosity=0)
        migrate(ledger_url())  # in production: `commitments migrate`, once for each release
        with connect(ledger_url(), systems=["staff"], clock=lambda: MONDAY) as ledger:
            ledger.roster.person_joined(actor=System("staff"), person="ben")
            tell(ledger)
    finally:
        connection.close()


def tell(ledger: Ledger) -> None:
    """A ticket that is stored, one that is rolled back, one whose promise is refused; and who is late."""
    from crm.models import Ticket
    from crm.promises import atomic, open_ticket

    open_ticket(ledger, customer="okafor", subject="Printer", words="I'll call.", agent="ben", hours=4)
    print(f"both are stored: {counted(ledger)}")

    try:
        with atomic():
            open_ticket(ledger, customer="lind", subject="Scanner", words="It's yours.", agent="ben", hours=8)
            with ledger.joining(connection):
                print(f"not committed yet: {counted(ledger)}")
            take_from_stock("Scanner")
    except LookupError as problem:
        print(f"the CRM rolls back: {problem}")
    print(f"neither is stored: {counted(ledger)}")

    try:
        open_ticket(ledger, customer="sato", subject="Cable", words="Today!", agent="tom", hours=2)
    except RefusedError as refused:
        print(f"the ledger refuses, and `atomic` rolls the ticket back: {refused.code}")
    print(f"neither is stored: {counted(ledger)}")

    for late in ledger.overdue(as_of=MONDAY + timedelta(hours=6)):
        ticket = Ticket.objects.get(pk=(late.reference or "").split("/")[2])
        print(f"overdue: {late.owner} on ticket {ticket.pk}, {ticket.subject} of {ticket.customer}")


def take_from_stock(what: str) -> None:
    """Something of the CRM's own that goes wrong."""
    raise LookupError(f"no {what} is left")


def counted(ledger: Ledger) -> str:
    """How many of each there are, as seen from here."""
    from crm.models import Ticket

    return f"tickets {Ticket.objects.count()}, promises {len(ledger.owned_by('ben'))}"


def in_a_file(path: Path) -> dict[str, Any]:
    """Django's settings for an SQLite file. IMMEDIATE: a transaction that reads first can still write."""
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path), "OPTIONS": {"transaction_mode": "IMMEDIATE"}}


def on_a_server(url: str) -> dict[str, Any]:
    """Django's settings for a PostgreSQL database."""
    from psycopg.conninfo import conninfo_to_dict

    parts = conninfo_to_dict(url)
    named = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    return {"ENGINE": "django.db.backends.postgresql", **{name: parts.get(key, "") for name, key in named.items()}}


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(on_a_server(sys.argv[1]))
    else:
        with TemporaryDirectory() as folder:
            main(in_a_file(Path(folder, "crm.db")))
