"""What a source of a figure looks like: a page with the day it was read, or a file of a repository's version."""

import re

PAGE = r"https://[^\s,;]+, (?:read|quoted) 20\d\d-\d\d-\d\d"
FILE = r"[\w.-]+/[\w.-]+@[\w.-]+:[\w./-]+"
# A cloud or a maker of GPUs on its own product, and Karpenter's provider, which AWS generates from its interface.
MAKERS = re.compile(
    r"https://(docs\.nvidia\.com|www\.nvidia\.com|developer\.nvidia\.com|docs\.cloud\.google\.com|docs\.aws\.amazon\.com"
    r"|d1\.awsstatic\.com)/|(NVIDIA|ai-dynamo|GoogleCloudPlatform|googleapis|aws)/"
)
SECOND_HAND = "second-hand: "


def names_its_place(source: str) -> bool:
    """Return whether a source begins with a page and its day, or with a file and its version, and dates every page."""
    begins = re.match(rf"({SECOND_HAND}|none: not in )?({PAGE}|{FILE})", source)
    return bool(begins) and source.count("https://") == len(re.findall(PAGE, source))


def is_the_maker_s(source: str) -> bool:
    """Return whether who makes the product says it himself; a source that others are must say `second-hand`."""
    return bool(MAKERS.match(source.removeprefix("none: not in ")))
