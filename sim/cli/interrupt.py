"""Ctrl-C and termination: noticed even where a compiled kernel swallows the exception."""

from __future__ import annotations

import signal
import sys
import threading
import warnings
from types import FrameType
from typing import Any

_received: list[int] = []


def install() -> None:
    """Turn SIGINT and SIGTERM into `KeyboardInterrupt`, and remember that they came."""
    _received.clear()
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _note)
    sys.unraisablehook = _quiet_unraisable


def received() -> bool:
    """Return whether the process was asked to stop."""
    return bool(_received)


def check() -> None:
    """Raise `KeyboardInterrupt` if the process was asked to stop and the exception got lost."""
    if _received:
        raise KeyboardInterrupt


def _note(number: int, frame: FrameType | None) -> None:
    _received.append(number)
    # Libraries that are being loaded would warn of what they could not finish.
    warnings.simplefilter("ignore")
    raise KeyboardInterrupt


def _quiet_unraisable(lost: Any) -> None:
    """Say nothing once an interrupt came: callbacks lose it (`check` finds it), and what was torn
    out of a library halfway complains when it is deleted.
    """
    if not _received:
        sys.__unraisablehook__(lost)
