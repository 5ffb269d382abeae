"""Run one target: under libFuzzer with options (see ``run.py``), or once for each file given.

python -m tests.fuzz.one mot FILE           # again what was found
python -m tests.fuzz.one mot CORPUS -max_total_time=60
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Take the target's name from the command line, and leave the rest to libFuzzer."""
    name, arguments = sys.argv[1], sys.argv[2:]
    if arguments and all(Path(one).is_file() for one in arguments):
        from tests.fuzz.targets import targets

        for one in arguments:
            targets()[name].run(Path(one).read_bytes())
        return
    import atheris

    with atheris.instrument_imports(include=["reid_solve.tracklets", "reid_solve.solver", "pickle", "configparser"]):
        from tests.fuzz.targets import targets
    atheris.Setup([sys.argv[0], *arguments], targets()[name].run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
