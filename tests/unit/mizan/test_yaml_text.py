"""Manifests as YAML: every reader gets back what was written."""

import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from mizan.cli.yaml_text import write_yaml


@given(st.text())
@example("\x85")
@example("a\u2028b")
@example("line\n\u2029")
@example("no")
def test_text_comes_back_as_it_was(text):
    written = io.StringIO()
    write_yaml([{"command": [text], "name": text}], written)
    assert YAML(typ="safe").load(written.getvalue()) == {"command": [text], "name": text}


@pytest.mark.parametrize("text", ["\x85", "\u2028", "\u2029"])
def test_a_line_break_that_only_some_readers_know_is_escaped(text):
    written = io.StringIO()
    write_yaml([{"command": [f"a{text}b"]}], written)
    assert text not in written.getvalue()
