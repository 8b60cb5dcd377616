"""Names that the provider makes up, as Pulumi's own providers do: `network` becomes `network-3f0a9c1`.

Source: pulumi/pulumi-terraform-bridge@59de6c66 pkg/tfbridge/info/autonaming.go.
"""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from local.rehearsal.kinds import Kind
from local.rehearsal.values import DEFAULTS, Values, given

_RANDOM_LENGTH = 7
PREFIX = "Prefix"
"""What follows an input's name in the input that holds the beginning of a name: `namePrefix`."""


class TooLong(Exception):
    """A made-up name would be longer than the cloud allows."""


def named(kind: Kind, resource: str, old: Mapping[str, Any], new: Values, random_seed: bytes) -> Values:
    """Return the new inputs with a name, and a note of it where the program gives none.

    Args:
        kind: of the resource.
        resource: its name in the program.
        old: the inputs it has now, empty for a new one. A made-up name stays until the resource is replaced.
        new: the inputs that the program gives.
        random_seed: makes the name of the preview that of the update.

    Raises:
        TooLong: shorten the resource's name, or give it a name of its own.
    """
    wish = kind.named
    if wish is None or wish.property in new or f"{wish.property}{PREFIX}" in new:
        return {**given(new), DEFAULTS: []}
    if wish.property in old.get(DEFAULTS, []):
        name = old[wish.property]
    else:
        stem = resource.lower() if wish.is_lower else resource
        name = f"{wish.prefix}{stem}-{_random(random_seed)}"
        if len(name) > wish.longest:
            msg = f"{wish.property}: {name} has {len(name)} characters; needs {wish.longest} at most"
            raise TooLong(msg)
    return {**given(new), wish.property: name, DEFAULTS: [wish.property]}


def is_deleted_first(kind: Kind, new: Mapping[str, Any]) -> bool:
    """Return whether a replacement comes only when the old one has gone: they would have the same name.

    Source: nameRequiresDeleteBeforeReplace in pulumi/pulumi-terraform-bridge@59de6c66 pkg/tfbridge/schema.go.
    """
    own = kind.named is not None and kind.named.property in new and kind.named.property not in new.get(DEFAULTS, [])
    return kind.is_deleted_first or own


def _random(seed: bytes) -> str:
    digits = hashlib.sha256(seed).hexdigest() if seed else secrets.token_hex(_RANDOM_LENGTH)
    return digits[:_RANDOM_LENGTH]
