"""A small CRM on SQLAlchemy: a ticket and the promise that was made on it are stored together, or not at all.

Run it: python examples/embed_sqlalchemy/main.py                                  (on a file that it makes first)
        python examples/embed_sqlalchemy/main.py postgresql+psycopg://…/crm       (on an empty database of yours)
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from crm import Base, Ticket, ledger_url, open_ticket
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session, sessionmaker

from commitments import Ledger, System, connect
from commitments.errors import RefusedError
from commitments.stores.migrations import migrate

MONDAY = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)


def main(url: str) -> None:
    """Make the tables, the CRM's and the ledger's beside them, and tell the story."""
    engine = create_engine(url)
    try:
        Base.metadata.create_all(engine)
        migrate(ledger_url(engine))  # in production: `commitments migrate`, once for each release
        with connect(ledger_url(engine), systems=["staff"], clock=lambda: MONDAY) as ledger:
            ledger.roster.person_joined(actor=System("staff"), person="ben")
            tell(sessionmaker(engine), ledger)
    finally:
        engine.dispose()


def tell(sessions: sessionmaker[Session], ledger: Ledger) -> None:
    """A ticket that is stored, one that is rolled back, one whose promise is refused; and who is late."""
    with sessions.begin() as session:
        open_ticket(session, ledger, customer="okafor", subject="Printer", words="I'll call.", agent="ben", hours=4)
    report("both are stored", sessions, ledger)

    try:
        with sessions.begin() as session:
            open_ticket(session, ledger, customer="lind", subject="Scanner", words="It's yours.", agent="ben", hours=8)
            with ledger.joining(session):
                print(f"not committed yet: {counted(session, ledger)}")
            take_from_stock("Scanner")
    except LookupError as problem:
        print(f"the CRM rolls back: {problem}")
    report("neither is stored", sessions, ledger)

    with sessions.begin() as session:
        try:
            open_ticket(session, ledger, customer="sato", subject="Cable", words="Today!", agent="tom", hours=2)
        except RefusedError as refused:
            print(f"the ledger refuses: {refused.code}")
    report("the session went on and stored the ticket", sessions, ledger)

    with sessions() as session:
        for late in ledger.overdue(as_of=MONDAY + timedelta(hours=6)):
            ticket = session.get_one(Ticket, int((late.reference or "").split("/")[2]))
            print(f"overdue: {late.owner} on ticket {ticket.id}, {ticket.subject} of {ticket.customer}")


def report(what: str, sessions: sessionmaker[Session], ledger: Ledger) -> None:
    """What everybody sees."""
    with sessions() as session:
        print(f"{what}: {counted(session, ledger)}")


def take_from_stock(what: str) -> None:
    """Something of the CRM's own that goes wrong."""
    raise LookupError(f"no {what} is left")


def counted(session: Session, ledger: Ledger) -> str:
    """How many of each there are, as seen from here."""
    tickets = session.scalar(select(func.count()).select_from(Ticket))
    return f"tickets {tickets}, promises {len(ledger.owned_by('ben'))}"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with TemporaryDirectory() as folder:
            main(f"sqlite:///{Path(folder, 'crm.db')}")
