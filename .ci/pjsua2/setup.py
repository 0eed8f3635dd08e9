"""Makes the wheel `pjsua2-python` of a pjproject that was built; run by `.ci/pjsua2/build` beside `pjsua2_wrap.cpp`.

It has the name of the wheel that it takes the place of, so that pip knows the one from the other by their versions.
"""

import os
import subprocess

from setuptools import Extension, setup


def told(what):
    """What pjproject's own makefiles say of its flags."""
    return subprocess.check_output(["make", "-s", "-f", "helper.mak", what], text=True).split()


setup(
    name="pjsua2-python",
    version=os.environ["PJSUA2_VERSION"],
    license="GPL-2.0-or-later",
    packages=["pjsua2"],
    ext_modules=[
        Extension(
            "pjsua2._pjsua2",
            ["pjsua2_wrap.cpp"],
            # The wrapper is glue, not sound: more than O1 only takes minutes.
            extra_compile_args=[*told("cflags"), "-w", "-g0", "-O1"],
            # Symbols stay ours: Python's own ssl may have another OpenSSL in the same process.
            extra_link_args=[
                *told("ldflags"),
                *(f"-l{name}" for name in (*told("libs"), "speexdsp")),
                "-Wl,--exclude-libs,ALL",
                "-s",
            ],
        )
    ],
)
