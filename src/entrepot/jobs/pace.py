"""How quickly workers notice things."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds, all of them."""

    look: float = 0.5
    """How often a worker looks for jobs that are due, schedules, and jobs that are to stop."""
    beat: float = 4.0
    """How often a worker tells that it lives."""
    dead_after: float = 13.0
    """A worker that was not heard of for so long is dead, and what it did is put back."""
    strayed_after: float = 60.0
    """A job that the engine should have, and that no worker has, is looked for after so long."""
    stop: float = 5.0
    """How long a job may take to end by itself, at its next step, when it is stopped; then it is cut off."""

    @property
    def lease(self) -> float:
        """How long a worker leads without having beaten again."""
        return self.dead_after
