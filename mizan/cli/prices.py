"""`mizan prices`: look at prices, check a file of them, and bring those of others into our layout."""

import json
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from mizan.capacity import CapacityType
from mizan.catalogue import gpu_models, machines
from mizan.cli.price_tables import document, show_findings, show_imports, show_list, show_machine
from mizan.cli.stacks import today
from mizan.config.faults import suggestion
from mizan.errors import PlatformError
from mizan.prices import PRICE_FILE, Price, PriceBook, newest, read_price_file, shipped
from mizan.prices.check import Severity, check, check_text
from mizan.prices.files import read_import_text, read_price_text
from mizan.prices.importers import import_prices
from mizan.prices.layout import csv_text
from mizan.prices.listing import Choice, chosen, counting

FOUND_ERRORS = 1
# A table of so many rows takes a second to lay out, and nobody reads more; it holds every shipped price.
MOST_SHOWN = 1000


class Form(StrEnum):
    """For whom a list is printed; `csv` is our own layout, ready for `priceFile`."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


class Provider(StrEnum):
    """The clouds with prices."""

    AWS = "aws"
    GCP = "gcp"


FileOption = Annotated[
    Path | None, typer.Option("--file", "-f", help="Own price file, which wins over the shipped prices.")
]

prices = typer.Typer(help="Prices: list, show, check, import.", no_args_is_help=True)


@prices.command("list")
def list_prices(
    region: Annotated[str | None, typer.Option(help="Only of this region.")] = None,
    provider: Annotated[Provider | None, typer.Option(help="Only of this cloud.")] = None,
    gpu: Annotated[str | None, typer.Option(help="Only of machines with this GPU, such as h100-80gb.")] = None,
    capacity_type: Annotated[CapacityType | None, typer.Option(help="Only of this way to buy.")] = None,
    file: FileOption = None,
    output: Annotated[
        Form, typer.Option("--output", "-o", "--format", help="For a person, or for a program.")
    ] = Form.TABLE,
) -> None:
    """List prices per node and hour, of whole regions and of single zones."""
    book = _book(file)
    rows = counting(book)
    _is_known("--region", region, {row.region for row in rows}, "a region with prices")
    _is_known("--gpu", gpu, set(gpu_models()), "a GPU of the catalogue")
    choice = Choice(region=region, provider=provider, gpu=gpu, capacity_type=capacity_type)
    _print_list(chosen(rows, machines(), choice), book, output)


@prices.command()
def show(
    machine: Annotated[str, typer.Argument(help="Name of the machine, such as p5.48xlarge.")], file: FileOption = None
) -> None:
    """Show every price of one machine: regions, zones, what spot saves, age, basis and source."""
    _is_known("MACHINE", machine, set(machines()), "a machine of the catalogue")
    book = _book(file)
    rows = tuple(row for row in chosen(counting(book), machines(), Choice()) if row.machine == machine)
    if not rows:
        raise PlatformError(
            machine,
            "no price in any region",
            needs="at least one",
            because="a missing price would read as free",
            fix=f"Add its rows to {PRICE_FILE} or to a file of your own, and name that with `--file`",
        )
    show_machine(Console(), machines()[machine], rows[:MOST_SHOWN], book, today())
    _tell_of_the_rest(rows)


@prices.command("check")
def check_prices(
    file: Annotated[Path | None, typer.Argument(help="Own price file; the shipped prices if left out.")] = None,
) -> None:
    """Tell every fault of a price file, and what a reader should know of it. Exit 1 if there is an error."""
    if file is None:
        findings = check(shipped(), machines(), today())
    else:
        findings = check_text(read_price_text(file), str(file), machines(), today(), under=shipped())
    show_findings(Console(), findings)
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise typer.Exit(FOUND_ERRORS)


@prices.command("import")
def import_files(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="mizan CSV, GCP pricing.yml, AWS price list or spot history."),
    ],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write there, not to the screen.")] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option("--as-of", formats=["%Y-%m-%d"], help="Day the prices were read, if a file does not say it."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the output file.")] = False,
) -> None:
    """Turn price files of others into one in mizan's layout, for `priceFile` of a stack."""
    if output is not None and output.exists() and not force:
        raise PlatformError(
            str(output),
            "exists",
            needs="a new file",
            because="prices that somebody keeps there would be lost",
            fix="Choose another name, or overwrite it with `--force`",
        )
    day = as_of.date() if as_of else None
    found = [
        import_prices(read_import_text(file), str(file), machines=machines(), today=today(), as_of=day)
        for file in files
    ]
    rows = [row for each in found for row in each.rows]
    kept = newest(rows)
    text = csv_text(kept)
    if output is None:
        sys.stdout.write(text)
    else:
        # Beside it first: a full disk must not cost the file that is there.
        beside = output.with_name(f".{output.name}.new")
        try:
            beside.write_text(text, encoding="utf-8")
            beside.replace(output)
        finally:
            beside.unlink(missing_ok=True)
    show_imports(Console(stderr=True), found)
    if len(kept) < len(rows):
        typer.echo(f"{len(rows) - len(kept)} rows left out: the files have a newer price of the same offer.", err=True)


def _book(file: Path | None) -> PriceBook:
    return shipped() if file is None else read_price_file(file, today()).before(shipped())


def _is_known(where: str, word: str | None, known: set[str], what: str) -> None:
    if word is not None and word not in known:
        raise PlatformError(where, word, needs=what, because="another has no prices", fix=suggestion(word, known))


def _print_list(rows: tuple[Price, ...], book: PriceBook, output: Form) -> None:
    if output is Form.CSV:
        sys.stdout.write(csv_text(rows))
    elif output is Form.JSON:
        json.dump(document(rows, book, machines(), today()), sys.stdout, indent=2)
        sys.stdout.write("\n")
    elif rows:
        show_list(Console(), rows[:MOST_SHOWN], book, machines())
        _tell_of_the_rest(rows)
    else:
        Console().print("No prices.")


def _tell_of_the_rest(rows: tuple[Price, ...]) -> None:
    if len(rows) > MOST_SHOWN:
        rest = len(rows) - MOST_SHOWN
        told = "`mizan prices list`, with `--file` and `--output csv`, prints all"
        typer.echo(f"{rest:,} rows more are not shown; {told}.", err=True)
