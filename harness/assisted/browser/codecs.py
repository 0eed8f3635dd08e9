"""What a browser's leg may be carried in: wide band where the line has it, else one of the two that everybody has."""

from __future__ import annotations

from aiortp.codecs.base import Codec

from harness.assisted.browser.g711 import G711, PCMA, PCMU
from harness.assisted.browser.g722 import G722, Wide

KNOWN = (G722, PCMA, PCMU)
"""Payload types that are taken; which of them it is says the offer, the first that is known."""


def codec_of(payload: int) -> Codec:
    """A codec for one call: what it has heard and said so far is in it, for each direction by itself."""
    return Wide() if payload == G722 else G711(payload)
