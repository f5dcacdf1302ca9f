"""A process that writes to a journal until it is killed. It says on standard output what it was told is durable."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from edge_agent.journal import Journal, Transaction
from loyalty.ledger import Posting
from tests.unit.edge.journal_bench import Hands, posted, posting, settings, shown, tap

WRITERS = 4


async def live(folder: Path, life: int) -> None:
    hands = Hands()
    journal = Journal.open(settings(folder, telemetry_rows_max=500, in_flight_rows_max=50), clock=hands.clock())
    recorded = iter(range(10**9))

    async def write() -> None:
        while True:
            number = next(recorded)
            booked = posting(f"{life}-{number}", "anna", number % 9 + 1)

            def unit(tx: Transaction, number: int = number, booked: Posting = booked) -> str:
                fact = tx.record(tap(number), undecided=True)
                tx.record(shown(number))
                told = tx.record(posted(booked, member="anna"))
                tx.post([booked], told)
                tx.mark_decided(fact)
                return f"{told.sequence} {booked.posting_id} {told.event_id}"

            receipt = await journal.write(unit)
            sys.stdout.write(receipt + "\n")
            sys.stdout.flush()

    await asyncio.gather(*(write() for _ in range(WRITERS)))


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1]), int(sys.argv[2])))
