"""The CRM's own side: its table, and how a ticket and the promise on it become one.

Everything that the ledger adds to such an application is in :func:`open_ticket`.
"""

from sqlalchemy import Engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from commitments import External, Ledger, Person, Reference, Within


class Base(DeclarativeBase):
    """What the CRM maps."""


class Ticket(Base):
    """What a customer asked for."""

    __tablename__ = "tickets"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer: Mapped[str]
    subject: Mapped[str]


def open_ticket(
    session: Session, ledger: Ledger, *, customer: str, subject: str, words: str, agent: str, hours: int
) -> Ticket:
    """Store a ticket and what ``agent`` promised on it. Whoever began the transaction commits both, or neither."""
    ticket = Ticket(customer=customer, subject=subject)
    session.add(ticket)
    session.flush()  # gives the ticket its number
    with ledger.joining(session):
        ledger.make_promise(
            actor=Person(agent),
            customer=External(customer),
            words=words,
            due=Within(amount=hours, unit="hours"),
            reference=Reference(system="crm", kind="ticket", key=str(ticket.id)),
        )
    return ticket


def ledger_url(engine: Engine) -> str:
    """The address of the ledger in the CRM's own database."""
    name = "sqlite" if engine.dialect.name == "sqlite" else "postgresql"
    return engine.url.set(drivername=name).render_as_string(hide_password=False)
