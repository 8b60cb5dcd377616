"""GCP list prices as YAML, in the layout of Cyclenerd's pricing.yml.

`compute.instance.<machine>.cost.<region>` has `hour` and `hour_spot`. They hold vCPUs, memory, bundled GPUs and bundled
local SSD. Beside `cost` stand the machine's parts: `cpu`, `ram`, `local-ssd`, and a key such as `a100: 1` for its GPUs.

Source: https://github.com/Cyclenerd/google-cloud-pricing-cost-calculator, pricing.yml and build/pricing.pl at dac3128.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import PurePath

import yaml  # type: ignore[import-untyped]

from mizan.capacity import CapacityType
from mizan.catalogue import Machine
from mizan.prices.importers.model import UNKNOWN_MACHINES, ZERO_PRICES, Format, Given, Imported, imported
from mizan.prices.model import Basis, Price

KINDS = {"hour": CapacityType.ON_DEMAND, "hour_spot": CapacityType.SPOT}

# Every other key beside these names GPUs.
PARTS_OF_THE_HOST = frozenset({"cost", "cpu", "local-ssd", "ram", "type"})

# An n1 has the GPUs that one adds to it, and the file has no prices of those.
GPUS_APART = "n1-"
N1_MACHINES = "n1 machines, whose GPUs are priced apart"
HOSTS_ONLY = "machines priced without their GPUs"

# libyaml reads the real file, of 4 MB, in about a second; the reader in Python takes ten times as long.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def prices(given: Given) -> Imported:
    """Return the on-demand and spot prices of every machine of the catalogue.

    Raises:
        PriceFault: the text is no YAML, has no date of its own and none is given, or a price is unsound.
    """
    root = _root(given)
    own = _own_day(given, root)
    day = given.day_or_given(own)
    left_out: Counter[str] = Counter()
    rows = [*_rows(given, root, day, left_out)]
    notes = [f"--as-of is not used: the file was generated on {own}"] if own and given.as_of else []
    return imported(given, Format.GCP_YAML, rows, left_out, notes)


def _root(given: Given) -> yaml.Node:
    try:
        return yaml.compose(given.text, Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _no_yaml(given, line, str(error.problem)) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise _no_yaml(given, 1, " ".join(str(error).split())[:80]) from error


def _no_yaml(given: Given, line: int, observed: str) -> Exception:
    return given.fault(
        line, observed, needs="one YAML document", because="prices are read from it", fix="Fetch the file again"
    )


def _own_day(given: Given, root: yaml.Node) -> date | None:
    about = _pairs(_child(root, "about"))
    for name, value in about:
        if name == "timestamp":
            line = value.start_mark.line + 1
            try:
                day = datetime.fromtimestamp(int(value.value), UTC).date()
            except (ValueError, TypeError, OverflowError, OSError):
                raise given.fault(
                    line,
                    str(value.value)[:80],
                    needs="seconds since 1970",
                    because="the age of every price counts from it",
                    fix="Fetch the file again, or remove the line and give the day with `--as-of`",
                ) from None
            return given.not_later(day, line)
    return None


def _rows(given: Given, root: yaml.Node, day: date, left_out: Counter[str]) -> Iterator[Price]:
    source = f"{PurePath(given.file).name} in the layout of Cyclenerd/google-cloud-pricing-cost-calculator"
    for name, entry in _pairs(_child(_child(root, "compute"), "instance")):
        machine = given.machine(name, "gcp")
        if machine is None:
            left_out[N1_MACHINES if name.startswith(GPUS_APART) else UNKNOWN_MACHINES] += 1
        elif not _has_gpus(entry, machine):
            left_out[HOSTS_ONLY] += 1
        else:
            for region, cost in _pairs(_child(entry, "cost")):
                for key, value in _pairs(cost):
                    line = value.start_mark.line + 1
                    usd = given.dollars(value.value, line) if key in KINDS else None
                    left_out[ZERO_PRICES] += key in KINDS and usd is None
                    if usd is not None:
                        yield Price(
                            provider="gcp",
                            region=region,
                            zone="",
                            machine=name,
                            capacity_type=KINDS[key],
                            usd_per_hour=usd,
                            as_of=day,
                            basis=Basis.LISTED,
                            source=f"{source} (total incl. bundled local SSD)",
                            file=given.file,
                            line=line,
                        )


def _has_gpus(entry: yaml.Node, machine: Machine) -> bool:
    """Return whether the machine's GPUs are among the parts that its price is the sum of."""
    parts = {name: value.value for name, value in _pairs(entry) if name not in PARTS_OF_THE_HOST}
    return str(machine.gpus) in parts.values()


def _child(node: yaml.Node | None, key: str) -> yaml.Node | None:
    return next((value for name, value in _pairs(node) if name == key), None)


def _pairs(node: yaml.Node | None) -> Iterator[tuple[str, yaml.Node]]:
    """Yield the keys of a mapping with their values; nothing for what is none."""
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if isinstance(name, yaml.ScalarNode):
                yield name.value, value
