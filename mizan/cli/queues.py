"""`mizan queues`: who has what, who borrows from whom, what waits and why."""

import json
from enum import StrEnum
from typing import TextIO

from rich.console import Console

from mizan.cli.queue_json import document
from mizan.cli.queue_tables import show_live, show_plan
from mizan.plan import Plan
from mizan.queueing import Live


class Output(StrEnum):
    """For whom a command prints."""

    TABLE = "table"
    JSON = "json"


def print_queues(plan: Plan, live: Live | None, output: Output, to: TextIO) -> None:
    """Print the queues of a plan, and what runs where `live` is given."""
    if output is Output.JSON:
        json.dump(document(plan, live), to, indent=2)
        to.write("\n")
        return
    console = Console(file=to)
    if live is None:
        show_plan(console, plan)
    else:
        show_live(console, plan, live)
