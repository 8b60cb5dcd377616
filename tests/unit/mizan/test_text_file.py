"""Text from files: within a limit, whoever wrote it, and what is no text is told as what it is."""

import gzip
import os
import threading
import zipfile

import pytest

from mizan.prices.text_file import NoText, read_text

LIMIT = 1000


@pytest.fixture
def file(tmp_path):
    return tmp_path / "file"


def refused(path, **options):
    with pytest.raises(NoText) as caught:
        read_text(path, LIMIT, **options)
    return caught.value


@pytest.mark.parametrize(
    "data", [b"\xc3\xa4\nb\n", b"\xef\xbb\xbf\xc3\xa4\nb\n", b"\xc3\xa4\r\nb\r\n", b"\xc3\xa4\rb\r"]
)
def test_text_is_the_same_with_a_mark_at_its_begin_and_with_any_line_ends(file, data):
    file.write_bytes(data)
    assert read_text(file, LIMIT) == "ä\nb\n"


def test_a_file_of_the_size_of_the_limit_is_read_and_a_larger_one_is_not(file):
    file.write_bytes(b"x" * LIMIT)
    assert read_text(file, LIMIT) == "x" * LIMIT
    file.write_bytes(b"x" * (LIMIT + 1))
    error = refused(file)
    assert (error.observed, error.needs) == ("1,001 bytes or more", "at most 1,000 bytes")


def test_a_file_that_is_too_large_is_not_read(file, monkeypatch):
    with file.open("wb") as hole:
        hole.truncate(2**40)
    assert refused(file).observed == "1,099,511,627,776 bytes or more"


@pytest.mark.parametrize(
    ("data", "observed", "fix"),
    [
        ("text".encode("utf-16"), "UTF-16", "Out-File -Encoding utf8"),
        (b"\xfe\xff\x00t", "UTF-16", "Save it as UTF-8"),
        (gzip.compress(b"text", mtime=0), "compressed with gzip", "gunzip"),
        (b"te\x00xt", "binary data", "Name a text file"),
        ("Gebühr".encode("latin-1"), "not UTF-8", "Save it as UTF-8"),
    ],
)
def test_what_is_no_utf_8_text_is_told_as_what_it_is(file, data, observed, fix):
    file.write_bytes(data)
    error = refused(file)
    assert error.observed == observed
    assert fix in error.fix


def test_a_spreadsheet_is_told_as_one(file):
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", "")
    assert refused(file).observed == "a zip archive or a spreadsheet"


@pytest.mark.parametrize(
    ("name", "observed"),
    [
        ("none", "No such file or directory"),
        ("x" * 300, "File name too long"),
        ("a\0b", "embedded null byte"),
        (".", "a folder"),
    ],
)
def test_a_path_without_a_file_is_told(tmp_path, name, observed):
    assert refused(tmp_path / name).observed == observed


def test_a_pipe_is_read_only_where_that_is_asked_for(file):
    os.mkfifo(file)
    assert refused(file).observed == "no regular file"
    for text, told in ((b"text", "text"), (b"x" * (LIMIT + 1), None)):
        writer = threading.Thread(target=file.write_bytes, args=(text,))
        writer.start()
        if told:
            assert read_text(file, LIMIT, may_be_pipe=True) == told
        else:
            assert refused(file, may_be_pipe=True).needs == "at most 1,000 bytes"
        writer.join(timeout=10)
