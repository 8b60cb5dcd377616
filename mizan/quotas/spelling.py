"""Names in a list of granted quotas that no known quota has: else a slip of the pen would leave it unknown. Pure."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher, get_close_matches

from mizan.quotas.granted import EVERY_FAMILY, Granted, GrantedQuotas, QuotaFault, plain_name
from mizan.quotas.model import GLOBAL, QuotaNeed
from mizan.quotas.table import quota_rows

WORD = re.compile(r"[a-z0-9]+")
# So alike are two spellings of one word, and of one name.
# Source: mizan's own choice; difflib takes names for close from 0.6 on, which `CPUS` and `GPUS` are.
SAME_WORD = 0.8
CLOSE_NAME = 0.75
# A short word names a family of machines: `P` is not `F`, though all other letters are the same.
SHORT = 2


def misspelt(entries: Sequence[Granted], needs: Sequence[QuotaNeed], granted: GrantedQuotas) -> Iterator[QuotaFault]:
    """Yield the lines that clearly mean a needed quota, of which nothing else is known, and do not name it.

    Clearly: the same letters and digits with other signs between them, or as many words, all but the same: equal where
    they have digits or name a family of machines.
    """
    unknown = [need for need in needs if need.row and granted.of(need) is None]
    for entry in _written_by_hand(entries):
        if plain_name(entry.quota) in _known(entry.provider):
            continue
        for need in unknown:
            if (need.provider, need.region) == (entry.provider, entry.region) and _is_meant(entry.quota, need.name):
                yield QuotaFault(
                    entry.where,
                    entry.quota,
                    needs=f"the name as the cloud writes it, {need.name}",
                    because="what the stack needs would be unknown, and pass",
                    fix="Correct the name, or write the quota's code",
                )


def strangers(entries: Sequence[Granted]) -> Iterator[str]:
    """Yield a sentence for each line that counts for nothing here: no known quota has its name, or counts there."""
    for entry in _written_by_hand(entries):
        known = _known(entry.provider)
        scopes = known.get(plain_name(entry.quota))
        if scopes is None:
            near = get_close_matches(plain_name(entry.quota), known, n=1, cutoff=CLOSE_NAME)
            end = f"Did you mean `{_as_written(near[0], entry.provider)}`?" if near else "Other machines may have it."
            yield f"{entry.where}: {entry.quota}: no quota of {entry.provider} that mizan knows; it is not used. {end}"
        elif (entry.region == GLOBAL) not in scopes:
            place = f"`{GLOBAL}`" if True in scopes else "a region"
            yield f"{entry.where}: {entry.quota} in {entry.region}: it counts in {place} alone; it is not used."


def _written_by_hand(entries: Sequence[Granted]) -> Iterator[Granted]:
    """Yield what has a line: a cloud's own command makes no slips, and names hundreds of quotas of other things."""
    return (entry for entry in entries if entry.where)


def _known(provider: str) -> dict[str, set[bool]]:
    """Return every name and code by which a quota of a provider is found, with whether it counts all regions."""
    found: dict[str, set[bool]] = {}
    for row in quota_rows():
        metric, _, family = row.quota.partition(":")
        names = (row.quota, row.code, *((f"{metric}:{EVERY_FAMILY}",) if family else ()))
        if row.provider == provider:
            for name in names:
                found.setdefault(plain_name(name), set()).add(row.is_global)
    return found


def _as_written(plain: str, provider: str) -> str:
    """Return a name as the cloud writes it."""
    names = (name for row in quota_rows() if row.provider == provider for name in (row.quota, row.code))
    return next((name for name in names if plain_name(name) == plain), plain)


def _is_meant(written: str, name: str) -> bool:
    mine, known = WORD.findall(plain_name(written)), WORD.findall(plain_name(name))
    if "".join(mine) == "".join(known):
        return True
    return len(mine) == len(known) and all(map(_is_same_word, mine, known))


def _is_same_word(one: str, other: str) -> bool:
    if one == other:
        return True
    if min(len(one), len(other)) <= SHORT or not (one + other).isalpha() or one[0] != other[0]:
        return False
    return SequenceMatcher(a=one, b=other).ratio() >= SAME_WORD
