"""Which format a file has, told by its content; its name may be anything."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

from mizan.catalogue import Machine
from mizan.prices.importers import aws_price_list, aws_spot_history, gcp_yaml
from mizan.prices.importers.model import UNKNOWN_MACHINES, Format, Given, Imported, imported
from mizan.prices.layout import rows_of

GCP_KEY = re.compile(r"^compute:", re.MULTILINE)


def import_prices(
    text: str, file: str, *, machines: Mapping[str, Machine], today: date, as_of: date | None = None
) -> Imported:
    """Return the prices of a file in any known format as rows in our layout.

    Args:
        text: the file's text.
        file: its name, for rows and messages.
        machines: the catalogue; prices of other machines are left out and counted.
        today: no price may be dated after it.
        as_of: the day on which the prices were read, for a file that does not say it.

    Raises:
        PriceFault: the file has no known format or is unsound, with its line.
    """
    given = Given(text=text, file=file, machines=machines, today=today, as_of=as_of)
    if as_of is not None:
        given.not_later(as_of, 1)
    if text.lstrip()[:1] == "{":
        return _json(given, _document(given))
    if GCP_KEY.search(text):
        return gcp_yaml.prices(given)
    if "," in text.split("\n", 1)[0]:
        return _own(given)
    raise _unknown(given)


def _json(given: Given, document: dict[str, Any]) -> Imported:
    if "SpotPriceHistory" in document:
        return aws_spot_history.prices(given, document)
    if document.get("offerCode") == "AmazonEC2":
        return aws_price_list.prices(given, document)
    # JSON is YAML too: `yq -o json` of pricing.yml.
    if "compute" in document:
        return gcp_yaml.prices(given)
    raise _unknown(given)


def _own(given: Given) -> Imported:
    rows = rows_of(given.text, given.file, given.today)
    strangers = {row.machine for row in rows if not given.machine(row.machine, row.provider)}
    kept = [row for row in rows if row.machine not in strangers]
    left_out = Counter({UNKNOWN_MACHINES: len(strangers)}) if strangers else Counter[str]()
    notes = ("--as-of is not used: each row has its own date",) if given.as_of else ()
    return imported(given, Format.OWN, kept, left_out, notes)


def _document(given: Given) -> dict[str, Any]:
    try:
        document = json.loads(given.text)
    except json.JSONDecodeError as error:
        raise _no_json(given, error.lineno, error.msg) from error
    except RecursionError as error:
        raise _no_json(given, 1, "nested without measure") from error
    # Python reads no whole number of more than 4300 digits.
    except ValueError as error:
        raise _no_json(given, 1, str(error).split(";")[0]) from error
    return dict(document)


def _no_json(given: Given, line: int, observed: str) -> Exception:
    return given.fault(
        line,
        observed,
        needs="whole JSON",
        because="prices are read from it",
        fix="Fetch the file again; it may have been cut off",
    )


def _unknown(given: Given) -> Exception:
    return given.fault(
        1,
        given.text.lstrip().split("\n", 1)[0][:80],
        needs=", ".join(Format),
        because="prices are read from these formats alone",
        fix="See docs/guide/prices.md for how to fetch each of them",
    )
