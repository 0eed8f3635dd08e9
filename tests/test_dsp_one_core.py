"""The ear works in the thread that asks it, and wakes no others."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
SPENT = """
import time
import numpy as np
from dsp.detector import Detector
from dsp.voices.silero import CHUNK, CONTEXT, network
from dsp.tone_plan import load_plan

Detector(sr=8000, plan=load_plan("tw"))
chunks = np.random.default_rng(1).uniform(-0.3, 0.3, (320, CONTEXT + CHUNK)).astype(np.float32)
whole, mine = time.process_time(), time.thread_time()
for _ in range(20):
    network().encode(chunks)
print(time.process_time() - whole, time.thread_time() - mine)
"""


def test_no_other_thread_works_for_the_ear():
    done = subprocess.run([sys.executable, "-c", SPENT], capture_output=True, text=True, check=True, cwd=ROOT)
    whole, mine = map(float, done.stdout.split())
    assert whole < 1.2 * mine
