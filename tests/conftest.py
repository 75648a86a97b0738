"""What all tests stand on."""

from __future__ import annotations

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts background commands deaf to Ctrl-C, and they start theirs so: here some are
    # tested to hear it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
