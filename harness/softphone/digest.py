"""The answer to a digest challenge (RFC 7616; MD5 as RFC 3261 §22.4 asks for), for the one request we send by hand."""

from __future__ import annotations

import hashlib
import re
import secrets


def answer_challenge(challenge: str, *, method: str, uri: str, user: str, secret: str) -> str:
    """Give the credentials of a WWW- or Proxy-Authenticate header; empty for an algorithm other than MD5."""
    asked = {name.lower(): value.strip('"') for name, value in re.findall(r'(\w+)\s*=\s*("[^"]*"|[^,\s]+)', challenge)}
    if asked.get("algorithm", "MD5").upper() != "MD5" or "nonce" not in asked or not user:
        return ""
    nonce, realm = asked["nonce"], asked.get("realm", "")
    first, second = _md5(f"{user}:{realm}:{secret}"), _md5(f"{method}:{uri}")
    parts = f'username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", algorithm=MD5'
    if "auth" in re.split(r"[,\s]+", asked.get("qop", "")):
        own = secrets.token_hex(8)
        response = _md5(f"{first}:{nonce}:00000001:{own}:auth:{second}")
        parts += f', qop=auth, nc=00000001, cnonce="{own}"'
    else:
        response = _md5(f"{first}:{nonce}:{second}")
    opaque = f', opaque="{asked["opaque"]}"' if "opaque" in asked else ""
    return f'Digest {parts}, response="{response}"{opaque}'


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
