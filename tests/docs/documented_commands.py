"""Every command there is, taken from the parser itself."""

from cyclopts import App

from entrepot.cli import command_line


def every_command() -> list[tuple[str, ...]]:
    """The words of every command that does something, as `("project", "create")`."""
    return _below(command_line(), ())


def options_of(command: tuple[str, ...]) -> set[str]:
    """Every option of the command, with its dashes."""
    app = command_line()
    for word in command:
        app = app[word]
    return {name for argument in app.assemble_argument_collection() for name in argument.names if name.startswith("--")}


def _below(app: App, words: tuple[str, ...]) -> list[tuple[str, ...]]:
    if app.default_command is not None:
        return [words]
    found = []
    for name in app:
        if not name.startswith("-"):
            found += _below(app[name], (*words, name))
    return found
