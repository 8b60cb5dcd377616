"""A stack's YAML file for the command line. Under Pulumi the same values come through stacks/load.py."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from mizan.config.document import document_of, read_text
from mizan.config.faults import ConfigErrors, ConfigFault, cut
from mizan.config.models import StackConfig
from mizan.config.parse import own_keys, parse
from mizan.config.price_file import chosen_prices
from mizan.errors import PlatformError
from mizan.prices import PriceBook, read_price_file


def stack_file(stack: str, project: Path) -> Path:
    """Return the file of a stack in a project.

    Raises:
        PlatformError: the project has no such stack; the stacks it has are named.
    """
    folder = project / "stacks"
    # A name is looked up, never joined to a path: it may be too long for a file, or lead out of the folder.
    try:
        found = [file for file in folder.glob("Pulumi.*.yaml") if file.is_file()]
    except OSError:
        found = []
    files = {file.name.removeprefix("Pulumi.").removesuffix(".yaml"): file for file in found}
    if stack not in files:
        raise PlatformError(
            f"stack {cut(stack)}",
            f"no file {folder}/Pulumi.{cut(stack)}.yaml",
            needs="one file per stack",
            because="a stack is what its file says",
            fix=f"Choose one of: {', '.join(sorted(files)) or 'none here; go to the project folder'}",
        )
    return files[stack]


def read_stack(path: Path, today: date) -> StackConfig:
    """Return the stack that a file describes.

    Raises:
        PlatformError: the file cannot be read, or is no YAML mapping with a `config` section.
        ConfigErrors: with every fault, each with its line.
        PriceFault: the stack's own price file is at fault.
    """
    return parse_stack(read_text(path), str(path), today, lambda file: read_price_file(path.parent / file, today))


def parse_stack(text: str, source: str, today: date, own_prices: Callable[[str], PriceBook]) -> StackConfig:
    """Return the stack that a file's text describes, wherever it is kept.

    Args:
        text: YAML.
        source: where it is from, as messages name it.
        today: the day that the age of prices is counted to.
        own_prices: returns the prices of the file that the stack names.

    Raises:
        PlatformError: the text is no YAML mapping with a `config` section.
        ConfigErrors: with every fault, each with its line.
        PriceFault: the stack's own price file is at fault.
    """
    document = document_of(text, source)
    if document.section is None:
        raise PlatformError(
            source,
            "no `config` section",
            needs="`config:` with keys such as `mizan:cloud`",
            because="Pulumi keeps settings there",
            fix="Add it",
        )
    try:
        values = own_keys(document.values())
        config = parse(values, today, source=source, prices=chosen_prices(values, own_prices))
    except ConfigErrors as error:
        # Of two faults at one place the other one stays: it says what belongs there.
        places = {fault.path for fault in error.faults}
        told: list[tuple[ConfigFault, int | None]] = [
            *((fault, line) for fault, line in document.misread if fault.path not in places),
            *((fault, document.line(fault.path)) for fault in error.faults),
        ]
        raise _errors(source, told) from None
    if document.misread:
        raise _errors(source, document.misread)
    return config


def located(path: Path, error: ConfigErrors) -> ConfigErrors:
    """Return faults that were found after a file was read, each with its line there."""
    return located_in(read_text(path), str(path), error)


def located_in(text: str, source: str, error: ConfigErrors) -> ConfigErrors:
    """Return faults that were found after a text was read, each with its line there."""
    document = document_of(text, source)
    return _errors(source, [(fault, document.line(fault.path)) for fault in error.faults])


def _errors(source: str, told: Sequence[tuple[ConfigFault, int | None]]) -> ConfigErrors:
    return ConfigErrors(source, [fault for fault, _ in told], [f"line {line}" if line else None for _, line in told])
