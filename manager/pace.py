"""How the interpreter shares its time: what makes one long request delay the short ones beside it."""

import gc
import sys

# So many more objects than before, until the collector looks at the newest of them. Ten thousand workers are some
# hundred thousand, all of which are still there at each of the looks that it would take at them otherwise.
NEW_OBJECTS = 20_000

# How long a thread computes while others wait, in seconds. One that asks the database lets go at every statement.
TURN = 0.001


def keep() -> None:
    """Set it for the process; what has been loaded by now stays, and is not looked at any more."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 20, 20)
    sys.setswitchinterval(TURN)
