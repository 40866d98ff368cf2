"""What people are told about jobs whose own task could not tell it."""


def program_error(name: str) -> str:
    """That the program is at fault, with what kind of exception it was."""
    return f"an error of the program ({name}); the server's log has the details"


def died_each_time(starts: int) -> str:
    """That the job was given up after so many starts."""
    return f"it was begun {starts} times, and each time its process died"


def left_out(lines: int) -> str:
    """That the log lacks so many lines."""
    return f"{lines} lines were left out: they came too quickly"
