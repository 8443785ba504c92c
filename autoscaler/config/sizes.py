"""The limits of what a policy may hold: no file and no label costs more than a moment of work."""

MOST_BYTES = 2**20  # of a file
MOST_LINE_CHARACTERS = 32_768
MOST_VALUES = 50_000  # of a file, keys included
MOST_SERVICES = 1000  # of a file, and of file and labels together
MOST_ENTRIES = 50  # of the rules, schedules, steps, rate policies or words of one place
MOST_CHARACTERS = 16_384  # of a text
MOST_KEY_CHARACTERS = 128
MOST_DIGITS = 1000  # of a number as it is written
DEEPEST = 16  # mappings and lists within each other

MOST_LABELS = 500  # of a service
MOST_NAME_CHARACTERS = 256  # of a label's name
MOST_LABEL_VALUES = 2000  # of a label
MOST_LABEL_CHARACTERS = 32_768  # of all labels of a service, names and values

MOST_PROBLEMS = 100  # reported of a file or a service
MOST_PROBLEM_CHARACTERS = 1000


class TooMuchError(ValueError):
    """The text exceeds a limit; the message has what was seen and what is allowed. `line` is from 1, 0: none."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


def some(problems: list[str], most: int = MOST_PROBLEMS) -> str:
    """Return the problems, one a line, and how many more there are beyond the limit."""
    more = [f"and {len(problems) - most} more problems"] if len(problems) > most else []
    return "\n".join([*problems[:most], *more])


def cut(text: str, most: int = MOST_PROBLEM_CHARACTERS) -> str:
    """Return the text, shortened to so many characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
