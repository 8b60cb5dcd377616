"""Granted quotas from text in whichever of the known forms it is. Pure."""

from mizan.quotas.granted import Granted, granted_of_csv
from mizan.quotas.granted_json import granted_of_json


def granted_of(text: str, file: str) -> tuple[Granted, ...]:
    """Return what a file says is granted: our own CSV, or JSON as `gcloud` or `aws` prints it.

    Args:
        text: of the file.
        file: its name, for messages.

    Raises:
        QuotaFault: naming file, line where there is one, and fix.
    """
    read = granted_of_json if text.lstrip().startswith(("{", "[")) else granted_of_csv
    return tuple(read(text, file))
