"""Taking facts in as they were stored elsewhere, with the rows of the index that follow from them.

Lines are taken in chunk by chunk, a few chunks to a transaction: all of it, or nothing. What stands here already is
compared, byte for byte, and left as it is; so an import that was interrupted is simply run again. Nothing is decided
anew: these are facts.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from commitments.errors import InvalidInputError, StoreUnavailableError
from commitments.index.projection import people_rows, promise_rows
from commitments.stores.intake import NOTHING, Intake, Known, continued, known_from, sorted_out
from commitments.stores.lines import LONGEST, Line, read, wrong
from commitments.stores.writing import Many, OutrunError, anything, stored, writer_for

if TYPE_CHECKING:
    from commitments.ids import TenantId
    from commitments.index.dialects import Dialect
    from commitments.ports import Append
    from commitments.stores.connections import Connections

__all__ = ["Imported", "Importing"]

CHUNK_FACTS = 1_000
CHUNK_BYTES = 1_000_000
"""How much is read, folded and written at a time; one line may be longer."""
TOGETHER = 5
"""So many chunks are one transaction."""
REMEMBERED = 1_000
"""So many streams are remembered as they stand, for when more of their facts come."""
MOST_EARLY = 10_000
"""So many facts may wait for one that belongs before them."""


class Imported(NamedTuple):
    """What became of the lines."""

    recorded: int
    already: int
    """Facts that stood here before, byte for byte."""


class Importing:
    """Takes facts into the ledger of one tenant. One object for one import."""

    def __init__(self, connections: Connections[Any], dialect: Dialect, tenant: TenantId) -> None:
        self.connections = connections
        self.dialect = dialect
        self.tenant = tenant
        self._writer = writer_for(dialect)
        self._known: OrderedDict[bytes, Known] = OrderedDict()
        self._early: dict[bytes, dict[int, Line]] = {}
        self._size = 0
        self._from_nothing: bool | None = None

    def run(self, lines: Iterable[bytes | str], progress: Callable[[int], object] | None = None) -> Imported:
        """Take in every fact that does not stand here yet. What fails ends it: another import takes another object.

        Args:
            lines: as ``Exporting.lines`` gives them: the facts of a promise in order, save a few that come too early.
            progress: told after each transaction how many bytes have been read.

        Raises:
            InvalidInputError: a line is none, of another tenant, unreadable, or not the fact that stands here under its
                number; names the line. Nothing of its transaction was recorded; what came before was.
            StoreError: the database cannot be written. Nothing of the transaction was recorded; what came before was.
        """
        done = Imported(0, 0)
        chunks = map(self._read, _chunks(lines))
        # The first chunk is read before anything is opened: for a file that is no export, nothing is created.
        while first := next(chunks, None):
            with self.connections.transaction() as connection:
                for chunk in chain((first,), islice(chunks, TOGETHER - 1)):
                    taken = self._take(connection, chunk)
                    done = Imported(done.recorded + taken.recorded, done.already + taken.already)
            if progress is not None:
                progress(self._size)
        self._nobody_waits(0)
        return done

    def _read(self, chunk: Sequence[tuple[int, bytes | str]]) -> list[Line]:
        self._size += sum(len(text) for _, text in chunk)
        return [read(text, where, self.tenant) for where, text in chunk]

    # --- one chunk ----------------------------------------------------------------------------------------------------

    def _take(self, connection: Any, lines: Sequence[Line]) -> Imported:
        streams: dict[bytes, list[Line]] = {}
        for line in lines:
            streams.setdefault(line.stream, []).append(line)
        intakes, base = self._sorted_out(connection, streams)
        new = sorted((each for intake in intakes.values() for each in intake.fresh), key=itemgetter(0))
        appends: list[Append] = []
        for stream, intake in intakes.items():
            if intake.fresh:
                fresh = [line for _, line in intake.fresh]
                append, base[stream] = continued(self.tenant, base[stream], fresh)
                appends.append(append)
        if new:
            try:
                self._writer.write(connection, self._many(new, appends))
            except self._writer.refusals as refused:
                self._refused(self._writer.unique(refused), lines)
            except OutrunError:
                self._refused("", lines)
        self._remember(intakes, base)
        return Imported(len(new), sum(intake.already for intake in intakes.values()))

    def _sorted_out(
        self, connection: Any, streams: dict[bytes, list[Line]]
    ) -> tuple[dict[bytes, Intake], dict[bytes, Known]]:
        """What becomes of the lines of each stream, and what is known of it so far."""
        known = self._known
        if self._from_nothing is None:
            self._from_nothing = not anything(connection, self.dialect, self.tenant)
        asked = [stream for stream, lines in streams.items() if self._may_stand(known.get(stream), lines)]
        found = stored(connection, self.dialect, self.tenant, asked) if asked else {}
        intakes: dict[bytes, Intake] = {}
        base: dict[bytes, Known] = {}
        for stream, lines in streams.items():
            rows = found.get(stream, ())
            facts = known[stream].facts if stream in known else len(rows)
            waiting = self._early.get(stream, {}).values()
            intake = intakes[stream] = sorted_out((*lines, *waiting), facts, rows)
            base[stream] = known.get(stream, NOTHING)
            if intake.fresh and rows:
                base[stream] = known_from(rows)
        return intakes, base

    def _may_stand(self, known: Known | None, lines: Sequence[Line]) -> bool:
        """Whether what stands here of a stream has to be read before anything can be said about ``lines``."""
        first = min(line.number for line in lines)
        if known is not None:
            return first < known.facts
        # In a ledger that was empty, a stream that begins now stands nowhere; if it does, writing it is refused.
        return first > 0 or not self._from_nothing

    def _many(self, new: Sequence[tuple[int, Line]], appends: Sequence[Append]) -> Many:
        # Whoever writes to the same promises takes their rows in the same order, so that none waits for another's end.
        appends = sorted(appends, key=lambda append: append.stream)
        made = [append for append in appends if append.recorded[0].originator_version == 0]
        changed = [append for append in appends if append.recorded[0].originator_version]
        return Many(
            facts=[line.values for _, line in new],
            made=promise_rows(self.tenant, made),
            changed=promise_rows(self.tenant, changed),
            people=people_rows(self.tenant, appends),
        )

    def _refused(self, unique: str, lines: Sequence[Line]) -> NoReturn:
        where = f"lines {lines[0].where:,} to {lines[-1].where:,}"
        if unique.endswith(("reference", "creation")):
            same = "reference" if unique.endswith("reference") else "command that made it"
            problem = f"another promise of this ledger has the same {same} as one of these"
            raise InvalidInputError(where=where, problem=problem) from None
        raise StoreUnavailableError(
            problem=f"somebody else wrote to the same promises meanwhile ({where})",
            may="run the import again: what stands here already is left as it is",
        ) from None

    def _remember(self, intakes: dict[bytes, Intake], base: dict[bytes, Known]) -> None:
        """The chunk is written: what it told is how things stand, if nothing fails."""
        for stream, intake in intakes.items():
            if intake.early:
                self._early[stream] = intake.early
            else:
                self._early.pop(stream, None)
            if intake.fresh:
                self._known[stream] = base[stream]
                self._known.move_to_end(stream)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        self._nobody_waits(MOST_EARLY)

    def _nobody_waits(self, most: int) -> None:
        """At most so many facts wait for one that belongs before them."""
        if sum(map(len, self._early.values())) > most:
            waiting = next(iter(self._early.values()))
            line = waiting[min(waiting)]
            before = f"fact {line.number - 1} of {line.recorded.originator_id}"
            raise wrong(line.where, f"{before} belongs before this one, and does not come")


def _chunks(lines: Iterable[bytes | str]) -> Iterator[list[tuple[int, bytes | str]]]:
    """The lines with their numbers, so many at a time; empty ones are left out."""
    chunk: list[tuple[int, bytes | str]] = []
    size = 0
    for where, text in enumerate(lines, start=1):
        if len(text) > LONGEST:
            raise wrong(where, f"no line of an export has more than {LONGEST:,} bytes")
        if text.isspace() or not text:
            continue
        if chunk and (len(chunk) >= CHUNK_FACTS or size + len(text) > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append((where, text))
        size += len(text)
    if chunk:
        yield chunk
