"""What one evaluation may use. Every limit ends in BudgetExceeded, never in a hang."""

from app.feel.errors import error

TEXT = 20_000  # characters of an expression
DEPTH = 120  # nesting of an expression
CALLS = 60  # nesting of function calls while evaluating
STEPS = 100_000  # nodes evaluated inside loops, items touched by built-in functions
ITEMS = 100_000  # items of a list
CHARACTERS = 200_000  # characters of a string
MAGNITUDE = 60  # powers of ten
REGEX_SECONDS = 0.05


class Run:
    """One evaluation: what is left of its budget, and how it treats what is missing."""

    calls = CALLS
    steps = STEPS
    __slots__ = ("__dict__", "strict", "text")

    def __init__(self, text: str, strict: bool) -> None:
        self.text = text
        self.strict = strict

    def spend(self, steps: int) -> None:
        """Takes `steps` off the budget; raises BudgetExceeded when nothing is left."""
        self.steps = left = self.steps - steps
        if left < 0:
            raise error("steps", text=self.text)


def check_items(count: int) -> None:
    if count > ITEMS:
        raise error("size", limit=ITEMS)


def check_characters(count: int) -> None:
    if count > CHARACTERS:
        raise error("size", limit=CHARACTERS)
