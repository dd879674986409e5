"""Draw the life cycle in ``docs/reference/`` from ``commitments.lifecycle.TABLE``: the table and four diagrams.

``python -m tools.draw_lifecycle`` writes them; ``--check`` says whether they are what the table says.

Where a state stands and which way its arrows run is decided here (``STATES``, ``ROUTES``); which arrows there are, and
what is written on them, comes from the table alone. An arrow without a route, or a route without an arrow, is an error.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from commitments import commands as c
from commitments.ledger import Ledger, Roster
from commitments.lifecycle import TABLE, Due, Owner, Row
from commitments.vocabulary import LIVE, Phase, Role
from tools import svg
from tools.generated import Part, prose, run, table

PAGE = "reference/life-cycle.md"
NEW, LIVING, OVER, ELSEWHERE = "new", "live", "over", "another system"
OWNED, ORPHANED = "owned", "orphaned"
NONE, OPEN = "none", "open"

Edges = dict[tuple[str, str], list[str]]


class Route(NamedTuple):
    """How an arrow runs, and where its label stands."""

    path: str
    x: float
    y: float


def verb(command: type[c.Command]) -> str:
    """Return the method of a ledger, or of its roster, that issues ``command``.

    Raises:
        LookupError: there is none.
    """
    for owner, prefix in ((Ledger, ""), (Roster, "roster.")):
        for name, method in vars(owner).items():
            if getattr(method, "command", None) is command:
                return prefix + name
    raise LookupError(f"no method of a ledger issues {command.__name__}")


# --- the table --------------------------------------------------------------------------------------------------------


def who_may(row: Row) -> str:
    """Return who may issue the command, in words."""
    return " or ".join(f"the {role}" if role is Role.OTHER_SIDE else role for role in row.who)


def in_which(row: Row) -> str:
    """Return the phases in which it may be issued, in words."""
    if not row.phases:
        return "a new promise"
    if row.phases == frozenset(Phase):
        return "any"
    if row.phases == LIVE:
        return "live"
    live = "live" if row.phases >= LIVE else ""
    rest = [phase.value for phase in Phase if phase in row.phases and not (live and phase in LIVE)]
    return ", ".join(filter(None, [live, *rest]))


def rows() -> str:
    """Return the table: a line for each command."""
    head = ("command", "who", "in phase", "fact", "owner", "due", "phase")
    lines = [
        (
            f"`{verb(row.command)}`",
            who_may(row),
            in_which(row),
            f"`{row.fact.__name__}`",
            row.owner.value if row.owner is Owner.SAME else f"**{row.owner.value}**",
            row.due.value if row.due is Due.SAME else f"**{row.due.value}**",
            "=" if row.phase is None else f"**{row.phase.value}**",
        )
        for row in TABLE
    ]
    return table(head, lines).replace("AWAITING_", "AWAITING_<wbr>")


def in_words() -> str:
    """Return, for each command, what it asks and what is true once its fact is recorded."""
    lines = [(f"`{verb(row.command)}`", prose(row.command.__doc__), prose(row.fact.__doc__)) for row in TABLE]
    return table(("command", "what it asks", "what is true afterwards"), lines)


def beside() -> str:
    """Return the commands that are about no single promise."""
    others = [kind for kind in map(c.__dict__.get, c.__all__) if isinstance(kind, type) and is_beside(kind)]
    return table(("command", "what it asks"), [(f"`{verb(kind)}`", prose(kind.__doc__)) for kind in others])


def is_beside(kind: type) -> bool:
    """Whether ``kind`` is a command about a person or about an import, not a base class."""
    return issubclass(kind, c.PersonCommand | c.ImportCommand) and kind not in (c.PersonCommand, c.ImportCommand)


# --- which arrows there are -------------------------------------------------------------------------------------------


def _put(edges: Edges, source: str, target: str, label: str) -> None:
    edges.setdefault((source, target), []).append(label)


def phase_edges() -> Edges:
    """Return what moves the phase: from which (or from a whole group of them) to which."""
    edges: Edges = {}
    for row in TABLE:
        if issubclass(row.command, c.Import):
            target = row.phase or (Phase.PROMISED if row.command is c.ImportPromise else None)
            if target is not None:
                _put(edges, ELSEWHERE, target, verb(row.command))
        elif row.phase is not None:
            for source in _sources(row):
                _put(edges, source, row.phase, verb(row.command))
    return edges


def _sources(row: Row) -> list[str]:
    if not row.phases:
        return [NEW]
    if row.phases == LIVE:
        return [LIVING]
    if row.phases == frozenset(Phase) - LIVE:
        return [OVER]
    return [phase.value for phase in Phase if phase in row.phases]


def owner_edges() -> Edges:
    """Return what moves the owner."""
    edges: Edges = {}
    for row in TABLE:
        name = verb(row.command)
        match row.owner:
            case Owner.SAME:
                continue
            case Owner.AS_SAID:
                _put(edges, ELSEWHERE, LIVING, name)
            case Owner.RESTORED:
                _put(edges, OVER, OWNED, f"{name} (the last owner)")
                _put(edges, OVER, ORPHANED, f"{name} (if there is none, or gone)")
            case Owner.NOBODY:
                _put(edges, NEW if not row.phases else OWNED, ORPHANED, name)
            case Owner.ACTOR if not row.phases:
                _put(edges, NEW, OWNED, name)
            case Owner.ACTOR:
                _put(edges, OWNED if Role.OFFEREE in row.who else ORPHANED, OWNED, name)
    edges[OWNED, ORPHANED] += ["(the owner is gone or away:", "read off the roster)"]
    return edges


def ends_offer(row: Row) -> bool:
    """Whether the command ends an open offer: answers it, or voids it by moving owner, due or phase for good."""
    moves = row.owner is not Owner.SAME or row.due is not Due.SAME or _leaves_live(row)
    return row.phases == LIVE and (moves or row.command in (c.DeclineHandover, c.WithdrawHandover))


def ends_proposal(row: Row) -> bool:
    """Whether the command ends an open proposal of another due time: it answers it, or ends the promise."""
    ends = row.due is not Due.SAME or _leaves_live(row)
    return row.phases == LIVE and (ends or row.command in (c.DeclineDue, c.WithdrawDue))


def _leaves_live(row: Row) -> bool:
    return row.phase is not None and not row.phase.live


def offer_edges() -> Edges:
    """Return what opens and ends an offer of hand-over."""
    ends = "answered: {}", "voided: {}", "or it lapses, which is read off its expiry"
    return _opened_and_ended(c.OfferHandover, c.AcceptHandover, ends_offer, "offer_id", ends)


def due_edges() -> Edges:
    """Return what opens and ends a proposal of another due time."""
    ends = "answered: {}", "ended: {}"
    return _opened_and_ended(c.ProposeDue, c.AgreeDue, ends_proposal, "revision_id", ends)


def _opened_and_ended(
    opens: type[c.Command], agrees: type[c.Command], ends: Callable[[Row], bool], cites: str, words: Sequence[str]
) -> Edges:
    """Return the two arrows of something that is open or not; those that answer it cite it by its number."""
    answers = [verb(row.command) for row in TABLE if ends(row) and cites in row.command.__annotations__]
    others = [verb(row.command) for row in TABLE if ends(row) and cites not in row.command.__annotations__]
    answers.sort(key=lambda name: name != verb(agrees))
    lines = [words[0].format(", ".join(answers)), words[1].format(", ".join(others)), *words[2:]]
    return {(NONE, OPEN): [verb(opens)], (OPEN, NONE): lines}


# --- where everything stands ------------------------------------------------------------------------------------------

_PROMISED, _AWAITING = Phase.PROMISED.value, Phase.AWAITING_CONFIRMATION.value
_CLOSED, _ANNULLED, _ARCHIVED = Phase.CLOSED.value, Phase.ANNULLED.value, Phase.ARCHIVED.value

PHASE_STATES = (
    svg.group(260, 62, 270, 306, "live"),
    svg.group(710, 62, 250, 306, "over"),
    svg.start(20, 125),
    svg.start(20, 420, [ELSEWHERE]),
    svg.box(280, 98, 230, [_PROMISED, "somebody has to act"], "live"),
    svg.box(280, 286, 230, [_AWAITING, "the customer is asked"], "live"),
    svg.box(735, 98, 200, [_CLOSED, "by the customer's word"], "done"),
    svg.box(735, 192, 200, [_ANNULLED, "never was a promise"], "over"),
    svg.box(735, 286, 200, [_ARCHIVED, "over, nobody's word"], "over"),
)
PHASE_ROUTES = {
    (NEW, _PROMISED): Route("M 30 125 H 278", 145, 93),
    (_PROMISED, _AWAITING): Route("M 340 152 V 284", 340, 196),
    (_AWAITING, _PROMISED): Route("M 450 286 V 154", 450, 240),
    (LIVING, _CLOSED): Route("M 530 125 H 733", 620, 102),
    (LIVING, _ANNULLED): Route("M 530 219 H 733", 620, 207),
    (OVER, _PROMISED): Route("M 835 62 C 835 10, 395 10, 395 96", 620, 24),
    (ELSEWHERE, _PROMISED): Route("M 20 410 C 20 190, 150 143, 278 143", 105, 222),
    (ELSEWHERE, _AWAITING): Route("M 28 414 C 90 340, 170 313, 278 313", 140, 335),
    (ELSEWHERE, _ARCHIVED): Route("M 30 420 H 795 C 835 420, 835 390, 835 342", 620, 407),
}

OWNER_STATES = (
    svg.group(270, 46, 330, 296, "live"),
    svg.start(20, 104),
    svg.start(20, 322, [ELSEWHERE]),
    svg.box(290, 78, 290, [OWNED, "exactly one named person"], "live"),
    svg.box(290, 260, 290, [ORPHANED, "nobody, or somebody who is gone"], "lost"),
    svg.box(830, 168, 130, [OVER, "as it ended"], "over"),
)
OWNER_ROUTES = {
    (NEW, OWNED): Route("M 30 104 H 288", 145, 80),
    (NEW, ORPHANED): Route("M 24 114 C 60 230, 160 280, 288 280", 120, 222),
    (ELSEWHERE, LIVING): Route("M 30 322 H 268", 192, 345),
    (OWNED, OWNED): Route("M 400 78 C 400 26, 470 26, 470 76", 435, 28),
    (ORPHANED, OWNED): Route("M 325 260 V 134", 325, 196),
    (OWNED, ORPHANED): Route("M 480 132 V 258", 478, 196),
    (OVER, OWNED): Route("M 830 180 C 770 110, 690 105, 582 105", 735, 92),
    (OVER, ORPHANED): Route("M 830 210 C 770 282, 690 287, 582 287", 735, 304),
}

OFFER_STATES = (
    svg.box(20, 100, 200, ["no offer", "the owner answers"], "live"),
    svg.box(740, 100, 220, ["one open offer", "the giver still answers"], "live"),
)
OFFER_ROUTES = {
    (NONE, OPEN): Route("M 120 100 C 170 30, 800 30, 850 98", 480, 34),
    (OPEN, NONE): Route("M 850 154 C 800 224, 170 224, 120 156", 480, 160),
}

DUE_STATES = (
    svg.box(20, 90, 220, ["no proposal", "one due time is in force"], "live"),
    svg.box(720, 90, 240, ["one open proposal", "the old due time is in force"], "live"),
)
DUE_ROUTES = {
    (NONE, OPEN): Route("M 130 90 C 180 26, 790 26, 840 88", 480, 28),
    (OPEN, NONE): Route("M 840 144 C 790 210, 180 210, 130 146", 480, 165),
}


def draw(
    title: str, size: tuple[int, int], states: Sequence[str], edges: Edges, routes: Mapping[tuple[str, str], Route]
) -> str:
    """Return a diagram.

    Raises:
        LookupError: an arrow has no route, or a route no arrow.
    """
    if edges.keys() != routes.keys():
        odd = ", ".join(f"{source} → {target}" for source, target in edges.keys() ^ routes.keys())
        raise LookupError(f"{title}: arrows and routes differ: {odd}")
    arrows, labels = [], []
    for key, names in edges.items():
        route = routes[key]
        arrows.append(svg.arrow(route.path, dashed=key[0] == ELSEWHERE))
        labels.append(svg.label(route.x, route.y, names))
    return svg.picture(*size, title, [*states, *arrows, *labels])


def parts() -> list[Part]:
    """Return everything that is drawn from the table."""
    folder = "reference/diagrams"
    phases = draw("What moves the phase of a promise", (975, 460), PHASE_STATES, phase_edges(), PHASE_ROUTES)
    owners = draw("What moves the owner of a promise", (975, 390), OWNER_STATES, owner_edges(), OWNER_ROUTES)
    offers = draw("The life of an offer of hand-over", (975, 225), OFFER_STATES, offer_edges(), OFFER_ROUTES)
    dues = draw("The life of a proposed due time", (975, 210), DUE_STATES, due_edges(), DUE_ROUTES)
    return [
        Part(f"{folder}/phase.svg", phases),
        Part(f"{folder}/ownership.svg", owners),
        Part(f"{folder}/handover.svg", offers),
        Part(f"{folder}/due.svg", dues),
        Part(PAGE, rows(), "table"),
        Part(PAGE, in_words(), "in words"),
        Part(PAGE, beside(), "beside"),
    ]


if __name__ == "__main__":
    sys.exit(run("draw_lifecycle", parts()))
