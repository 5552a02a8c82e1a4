"""How settings say no."""


class SettingsError(Exception):
    """The settings make no sense, so nothing was started.

    Each problem is one sentence that begins with the file and line, the variable or the option to change, and none
    holds the value of a secret. The text of the error is all of them, one a line.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
