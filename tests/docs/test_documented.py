"""The documentation says what the code does: nothing is missing in it, and nothing in it is made up."""

import re
import shlex
from pathlib import Path

import pytest
from documented_commands import every_command, options_of

from entrepot.cli import command_line, run
from entrepot.config import DECLARED, OTHER_VARIABLES, load

DOCS = Path(__file__).parents[2] / "docs"
SETTINGS = (DOCS / "settings.md").read_text(encoding="utf-8")
COMMANDS = (DOCS / "commands.md").read_text(encoding="utf-8")
SHARED = {"--data", "--database", "--storage", "--config"}


def _rows(text: str) -> dict[str, list[str]]:
    """The rows of the tables whose first cell is a name in backquotes: the other cells by that name."""
    rows = re.findall(r"^\| `([^`]+)` \|(.*)\|$", text, re.MULTILINE)
    return {name: [cell.strip() for cell in rest.split(" | ")] for name, rest in rows}


def _section(text: str, title: str) -> str:
    return text.split(f"## {title}\n")[1].split("\n## ")[0]


def test_every_setting_is_documented_as_it_is_declared() -> None:
    documented = _rows(_section(SETTINGS, "Every setting"))
    assert list(documented) == list(DECLARED)
    for name, (kind, default, description) in documented.items():
        setting = DECLARED[name]
        assert kind == setting.kind.name
        assert default == (f"`{setting.default}`" if setting.default else "")
        assert description == setting.description + (" Secret." if setting.secret else "")


def test_every_other_variable_is_documented() -> None:
    documented = _rows(_section(SETTINGS, "Variables that are no settings"))
    assert documented == {name: [description] for name, description in OTHER_VARIABLES.items()}


def test_the_example_file_is_a_right_one(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", SETTINGS, re.DOTALL)
    (tmp_path / "entrepot.toml").write_text(example)
    assert load({}, environment={}, folder=tmp_path).listen.port == 443


def test_every_value_that_is_shown_as_an_example_is_one(tmp_path: Path) -> None:
    written = _rows(_section(SETTINGS, "How values are written").replace("| duration", "| `duration`"))
    durations = re.findall(r"`([^`]+)`", written["duration"][0])
    assert len(durations) > 4
    for duration in durations:
        assert load({"lease": duration}, environment={}, folder=tmp_path).lease


def _documented_commands() -> dict[tuple[str, ...], str]:
    """The text of each command's section."""
    parts = re.split(r"^### `entrepot ([^`]+)`$", _section(COMMANDS, "Every command"), flags=re.MULTILINE)
    titles = [tuple(word for word in title.split() if not word.isupper()) for title in parts[1::2]]
    return dict(zip(titles, parts[2::2], strict=True))


def test_every_command_is_documented_and_no_other() -> None:
    assert sorted(_documented_commands()) == sorted(every_command())


@pytest.mark.parametrize("command", every_command(), ids=" ".join)
def test_every_option_is_documented_and_no_other(command: tuple[str, ...]) -> None:
    assert set(_rows(_documented_commands()[command])) == options_of(command) - SHARED


def test_the_options_of_every_command_are_documented() -> None:
    assert set(_rows(_section(COMMANDS, "Options that every command takes"))) == SHARED
    assert all(options_of(command) >= SHARED for command in every_command() if command != ("version",))


def _examples(text: str) -> list[str]:
    """What follows `entrepot` in the lines that are to be typed."""
    return re.findall(r"^ *(?:\w+=\S+ )?entrepot (.+)$", text, re.MULTILINE)


@pytest.mark.parametrize("command", every_command(), ids=" ".join)
def test_every_command_has_examples_that_can_be_typed(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run([*command, "--help"]) == 0
    shown = capsys.readouterr().out.split("Example")[-1] if command != ("version",) else ""
    in_help, in_docs = _examples(shown), _examples(_documented_commands()[command])
    assert in_docs
    assert in_help or command == ("version",)
    for example in [*in_help, *in_docs]:
        words = shlex.split(example)
        assert tuple(words[: len(command)]) == command
        command_line().parse_args(words, exit_on_error=False, print_error=False)
