"""`python -m stress`: exit code 0 if every promise was kept, 1 if not."""

import sys

from stress.options import parse
from stress.run import run


def main() -> int:
    """Runs, prints what was found, and gives the exit code."""
    options = parse(sys.argv[1:])
    report = run(options)
    print(report.as_json() if options.json else report.as_table(), flush=True)
    return 1 if report.broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
