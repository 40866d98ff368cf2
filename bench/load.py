"""The load process: reads one job from its input, does it, writes the outcome. `launch` runs it and waits."""

import subprocess
import sys
from pathlib import Path

import msgspec

from bench.bodies import run_down, run_up
from bench.errors import WrongAnswer
from bench.small import run_small
from bench.work import Done, Failed, Job, Outcome, Small, Up

ROOT = Path(__file__).resolve().parent.parent


def launch(job: Job, timeout: float) -> Done:
    """What the job's own process tells. Raises WrongAnswer when an answer was wrong or `timeout` seconds were over."""
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "bench.load"],
            input=msgspec.json.encode(job),
            stdout=subprocess.PIPE,
            cwd=ROOT,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise WrongAnswer(f"not done after {timeout:.0f} s") from error
    if ended.returncode:
        raise WrongAnswer(f"the load process ended with status {ended.returncode}")
    outcome: Outcome = msgspec.json.decode(ended.stdout, type=Outcome)
    if isinstance(outcome, Failed):
        raise WrongAnswer(outcome.why)
    return outcome


def perform(job: Job) -> Outcome:
    """The job's outcome, done in this process."""
    try:
        if isinstance(job, Small):
            return run_small(job)
        return run_up(job) if isinstance(job, Up) else run_down(job)
    except (WrongAnswer, OSError) as error:
        return Failed(why=str(error) or type(error).__name__)


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(perform(msgspec.json.decode(sys.stdin.buffer.read(), type=Job))))
