"""Run as a program of its own by harness.spreadsheets: reads a spreadsheet with little memory and time, then ends.

A file of a kilobyte may say that its last cell is the 17 thousand millionth: the reader then asks for memory for all
of them and takes its process down, which must not be the one that calls.
"""

from __future__ import annotations

import pickle
import resource
import sys

MOST_MEMORY, MOST_CPU_S, MOST_CELLS = 1 << 30, 20, 4_000_000


def main(path: str) -> int:
    """Write the sheets, pickled, to the standard output; 1 and a sentence on the other one where it cannot."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_S, MOST_CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from python_calamine import CalamineError, CalamineWorkbook

    found: dict[str, list[list[object]]] = {}
    try:
        with CalamineWorkbook.from_path(path) as book:
            for name in book.sheet_names:
                sheet = book.get_sheet_by_name(name)
                if sheet.total_height * sheet.total_width > MOST_CELLS:
                    raise ValueError(f"more than {MOST_CELLS} cells")
                found[name] = [list(row) for row in sheet.to_python(skip_empty_area=False)]
    except (CalamineError, OSError, ValueError) as error:
        sys.stderr.write(str(error))
        return 1
    sys.stdout.buffer.write(pickle.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
