"""The command that a failing run prints asks for the same decisions again."""

from pathlib import Path

import pytest
from stress.options import Options, parse
from stress.universe import Universe, chance


@pytest.mark.parametrize(
    "options",
    [
        Options(seed=12, seconds=30.0, folder=Path("/dev/shm")),
        Options(database="postgresql", storage="s3", seed=7, pushes=100, folder=Path("/var/tmp"), lease=0.5, json=True),
    ],
)
def test_the_command_gives_the_options_back(options: Options) -> None:
    words = options.command().split()
    assert words[:3] == ["python", "-m", "stress"]
    assert parse([*words[3:], "--folder", str(options.folder)]) == options


def test_a_seed_gives_the_same_contents_and_decisions() -> None:
    one, same, other = (Universe(seed, 24) for seed in (1, 1, 2))
    assert one.contents == same.contents
    assert one.contents != other.contents
    drawn = [[universe.image(chance(5, "worker"), "x") for _ in range(3)] for universe in (one, same)]
    assert drawn[0] == drawn[1]


def test_a_seed_is_chosen_if_none_is_given() -> None:
    assert len({parse([]).seed for _ in range(8)}) > 1


@pytest.mark.parametrize("wrong", [["--database", "oracle"], ["--lease", "0"], ["--blobs", "3"]])
def test_what_makes_no_sense_is_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        parse(wrong)
    assert exit_.value.code == 2
    assert wrong[0] in capsys.readouterr().err
