"""An interrupted run is not an answer, even where a library returns what it has so far."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType

DROPPED = "sampling was interrupted; the draws made so far are not the posterior that was asked for, and are dropped"


@contextmanager
def interruption_raised() -> Iterator[Callable[[], None]]:
    """Raise KeyboardInterrupt where Ctrl-C was pressed within, also if a library caught it and went on.

    What it gives raises again at each call from then on, for a library that catches one and begins another chain.
    Only the main thread of a process is interrupted; elsewhere nothing is watched.
    """
    pressed: list[int] = []

    def check() -> None:
        if pressed:
            raise KeyboardInterrupt(DROPPED)

    before = signal.getsignal(signal.SIGINT)
    if current_thread() is not main_thread() or not callable(before):
        yield check
        return

    def note(number: int, frame: FrameType | None) -> None:
        try:
            before(number, frame)
        except KeyboardInterrupt:
            pressed.append(number)
            raise

    signal.signal(signal.SIGINT, note)
    try:
        yield check
    except Exception as error:
        if pressed:
            raise KeyboardInterrupt(DROPPED) from error
        raise
    finally:
        signal.signal(signal.SIGINT, before)
    check()
