"""Exit codes, the same for every verb."""

from __future__ import annotations

#: Nothing failed; trouble found; the call or an input was wrong; there is trouble and its cause could not be told.
FINE, TROUBLE, USAGE, COULD_NOT_TELL = 0, 1, 2, 3
#: Stopped by Ctrl-C: 128 and the number of the signal, as shells do.
INTERRUPTED = 130
