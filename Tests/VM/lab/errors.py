class LabError(Exception):
    """The harness cannot do what was asked; the text says what failed and what to do about it."""
