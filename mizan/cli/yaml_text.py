"""Manifests as YAML text that every reader understands alike."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import RoundTripRepresenter

# kubectl reads YAML 1.1, in which a team named `no` is a boolean; ruamel writes 1.2, in which it is text.
# Source: https://yaml.org/type/bool.html, read 2026-11-22.
BOOLEAN_IN_YAML_1_1 = re.compile(r"y|yes|n|no|on|off", re.IGNORECASE)

# ruamel writes these as line breaks, which every reader folds into something else; escapes are read as they are.
# Source: https://yaml.org/spec/1.2.2/#54-line-break-characters, read 2026-11-22.
BREAK_IN_YAML_1_1 = re.compile("[\x85\u2028\u2029]")


class _Representer(RoundTripRepresenter):
    """ruamel's own, with quotes where the two versions differ."""

    def text(self, value: str) -> ScalarNode:
        style = "'" if BOOLEAN_IN_YAML_1_1.fullmatch(value) else '"' if BREAK_IN_YAML_1_1.search(value) else None
        return self.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Representer.add_representer(str, _Representer.text)


def write_yaml(documents: Iterable[Mapping[str, Any]], to: TextIO) -> None:
    """Write plain documents, each behind its `---`."""
    yaml = YAML()
    yaml.Representer = _Representer
    yaml.default_flow_style = False
    yaml.explicit_start = True
    yaml.width = 4096
    for document in documents:
        yaml.dump(document, to)
