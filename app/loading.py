"""Loading code and tables that stay for as long as the process lives.

Loading makes a million objects and hardly any garbage. To walk them all again and again while more
come takes Python longer than half of the start.
"""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Nobody looks for garbage while this loads."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@contextlib.contextmanager
def for_good() -> Iterator[None]:
    """The same for something large that is loaded late: nobody looks through it later, either."""
    with undisturbed():
        yield
        gc.freeze()
