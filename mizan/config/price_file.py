"""The prices of a stack: its own file's, where it names one, before the shipped ones."""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from mizan.config.faults import ConfigErrors, ConfigFault
from mizan.prices import PriceBook, UnreadablePrices, read_price_file, shipped

KEY = "priceFile"


def price_book(values: Mapping[str, Any], folder: Path, today: date) -> PriceBook:
    """Return the prices that a stack's plain values choose.

    Args:
        values: the stack's own keys.
        folder: what a relative path counts from.
        today: no price may be dated after it.

    Raises:
        PriceFault: the stack's own file is missing or unsound.
    """
    return chosen_prices(values, lambda file: read_price_file(folder / file, today))


def chosen_prices(values: Mapping[str, Any], read: Callable[[str], PriceBook]) -> PriceBook:
    """Return the prices that a stack's plain values choose, wherever its files are kept.

    Args:
        values: the stack's own keys.
        read: returns the prices of the file that the stack names.

    Raises:
        ConfigErrors: the file cannot be read at all.
        PriceFault: a row of it is unsound.
    """
    file = values.get(KEY)
    if not isinstance(file, str) or not file:
        return shipped()
    try:
        return read(file).before(shipped())
    except UnreadablePrices as error:
        observed = f"{file}: {error.observed}"
        fault = ConfigFault((KEY,), observed, needs=error.needs, because=error.because, fix=error.fix)
        raise ConfigErrors("stack", [fault]) from error
