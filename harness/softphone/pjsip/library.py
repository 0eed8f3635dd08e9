"""The pjsua2 that is loaded here, asked what it was made of: its version tells neither its OpenSSL nor its limits."""

from __future__ import annotations

import ctypes

import pjsua2 as pj

from harness.softphone.library import Library


def loaded() -> Library:
    """What this process has loaded."""
    return Library(openssl=_openssl(), most_calls=int(pj.EpConfig().uaConfig.maxCalls))


def _openssl() -> int | None:
    """Ask the OpenSSL that pjsua2 is linked with, which need not be the one of Python's `ssl`.

    dlsym on a library's own handle looks through that library and what it was linked with, nothing else.
    """
    linked = ctypes.CDLL(pj._pjsua2.__file__ or "")
    for name in ("OpenSSL_version_num", "SSLeay"):  # since 1.1.0, before
        try:
            ask = getattr(linked, name)
        except AttributeError:
            continue
        ask.restype, ask.argtypes = ctypes.c_ulong, []
        return int(ask())
    return None
