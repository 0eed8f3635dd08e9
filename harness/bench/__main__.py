"""`make bench`: prints one line a figure."""

from __future__ import annotations

import sys

from harness.bench.listening import listening_speed

speed = listening_speed()
sys.stdout.write(
    f"listen: {speed.ear_x:.0f} x real time, one call of {speed.call_s:.0f} s\n"
    f"webrtcvad mode 2 alone, same sound: {speed.vad_x:.0f} x real time\n"
    f"ratio ear / webrtcvad: {speed.ear_x / speed.vad_x:.3f}\n"
)
