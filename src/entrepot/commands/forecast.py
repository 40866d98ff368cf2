"""What a deletion would take, as commands tell it and ask back."""

import sys

from entrepot.registry.forecast import Forecast


def told_forecast(found: Forecast) -> dict[str, object]:
    """The forecast as JSON."""
    return {
        "kind": found.kind.value,
        "name": found.name,
        "counts": found.counts,
        "freed_bytes": found.freed,
        "shared_bytes": found.shared,
        "window_seconds": found.window,
        "pulled_by": [{"name": pull.name, "last": pull.last, "times": pull.times} for pull in found.pulled_by],
        "pulled_at": found.pulled_at,
        "refused": found.refused,
    }


def in_words(found: Forecast) -> str:
    """What would go, in words."""
    return ", ".join(f"{count} {what}" for what, count in found.counts.items() if count)


def confirmed(question: str) -> bool:
    """Whether somebody at the terminal said yes; nobody there says no."""
    if not sys.stdin.isatty():
        return False
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
