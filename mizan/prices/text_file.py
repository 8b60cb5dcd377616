"""Text from a file or a commit: UTF-8 within a limit, or what it is instead, with the fix."""

import codecs
import os
from pathlib import Path

MIB = 2**20

# Text that Windows marks as UTF-16 is not UTF-8, and an archive is no text at all: each has its own fix.
# Source: https://www.unicode.org/faq/utf_bom.html, RFC 1952 and PKWARE's APPNOTE.TXT 4.3, read 2026-11-22.
BEGINNINGS = (
    (codecs.BOM_UTF16_LE, "UTF-16", "Save it as UTF-8; in PowerShell, write it with `| Out-File -Encoding utf8 FILE`"),
    (codecs.BOM_UTF16_BE, "UTF-16", "Save it as UTF-8"),
    (b"\x1f\x8b", "compressed with gzip", "Unpack it first, with `gunzip`"),
    (b"PK\x03\x04", "a zip archive or a spreadsheet", "Unpack it first, or export it as CSV"),
)


class NoText(Exception):
    """What is no text that can be read; whoever reads it says what needs it and why.

    Attributes:
        observed: what it is instead.
        needs: the rule, where it is another than a readable file.
        fix: what to do, None where only the reader knows.
    """

    def __init__(self, observed: str, *, needs: str | None = None, fix: str | None = None) -> None:
        """Keep the parts of the message."""
        super().__init__(observed)
        self.observed, self.needs, self.fix = observed, needs, fix


def read_text(path: Path, most_bytes: int, *, may_be_pipe: bool = False) -> str:
    """Return the text of a file, without a mark at its begin and with one kind of line ends.

    Args:
        path: to read.
        most_bytes: a larger one is refused before it fills the memory.
        may_be_pipe: whether what a command prints may be read straight from it.

    Raises:
        NoText: it is a folder, cannot be opened, is too large, or holds no UTF-8 text.
    """
    try:
        if path.is_dir():
            raise NoText("a folder", fix="Name a file in it")
        if path.exists() and not path.is_file() and not may_be_pipe:
            raise NoText("no regular file", fix="Name a text file")
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > most_bytes:
                raise too_large(size, most_bytes)
            # A pipe has no size, and what has none may never end.
            data = file.read(most_bytes + 1)
    except OSError as error:
        raise NoText(error.strerror or str(error)) from error
    # No path holds a character of 0.
    except ValueError as error:
        raise NoText(str(error)) from error
    if len(data) > most_bytes:
        raise too_large(len(data), most_bytes)
    return decoded(data)


def decoded(data: bytes) -> str:
    """Return bytes as text, without a mark at its begin and with one kind of line ends.

    Raises:
        NoText: they are no UTF-8 text.
    """
    for begin, observed, fix in BEGINNINGS:
        if data.startswith(begin):
            raise NoText(observed, fix=fix)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NoText("not UTF-8", fix="Save it as UTF-8") from error
    if "\0" in text:
        raise NoText("binary data", fix="Name a text file")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def too_large(size: int, most_bytes: int) -> NoText:
    """Return that something is larger than may be read."""
    return NoText(f"{size:,} bytes or more", needs=f"at most {most_bytes:,} bytes")
