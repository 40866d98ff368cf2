"""The command `entrepot`, also as `python -m entrepot`."""

import atexit
import gc
import sys


def main() -> None:
    """Runs the command that the process was started with, and exits."""
    # Whatever is imported stays. Looking through it for what may go, while it is imported and again at the end, would
    # be a third of what a short command takes.
    gc.disable()
    from entrepot.cli import run

    gc.freeze()
    gc.enable()
    atexit.register(gc.freeze)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
