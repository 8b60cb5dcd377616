"""Prints what the Python that runs this file is and has installed, as one line of JSON.

It runs in the Python of a program, which may be older than ours: the standard library alone, and no import of ours.
"""

import json
import platform
import re
import sys
from importlib import metadata


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _required(distribution: metadata.Distribution) -> list[str]:
    """Return the names it requires; those of an extra count for nothing, since nobody need have asked for it."""
    requirements = (text for text in distribution.requires or [] if "extra ==" not in text)
    return sorted({_normalized(re.split(r"[^A-Za-z0-9._-]", text.strip(), maxsplit=1)[0]) for text in requirements})


def main() -> None:
    """Write `{executable, version, distributions: [{name, version, requires}]}`, sorted by name."""
    found = {}
    for distribution in metadata.distributions():
        # A broken leftover of an uninstall has no name; of two copies the first on sys.path is the one imported.
        name = distribution.metadata["Name"]
        if name and _normalized(name) not in found:
            found[_normalized(name)] = {"version": distribution.version, "requires": _required(distribution)}
    rows = [{"name": name, **found[name]} for name in sorted(found)]
    answer = {"executable": sys.executable, "version": platform.python_version(), "distributions": rows}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
