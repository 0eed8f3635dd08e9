"""Prints what the pjsua2 that is loaded was made of, as one line of JSON (`harness.softphone.library` asks)."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict

from harness.softphone.pjsip.library import loaded

if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(loaded())) + "\n")
    sys.stdout.flush()
    os._exit(0)  # nothing of pjsua2's is torn down
