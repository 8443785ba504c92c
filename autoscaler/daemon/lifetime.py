"""The daemon's end: a signal (wanted), or the end of its web server (not wanted). It comes in time, whatever hangs."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator

import structlog

EXIT_SECONDS = 2.0  # after AUTOSCALER_STOP_TIMEOUT
LAST_WORDS_SECONDS = 0.3  # at most, to log that it ends: the output may be what hangs


def within(seconds: float, call: Callable[[], object]) -> bool:
    """Call in a daemon thread; return whether it has ended in time. Without a thread left, nothing is called."""
    thread = threading.Thread(target=call, name="step", daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return False
    thread.join(max(0.0, seconds))
    return not thread.is_alive()


def exit_within(seconds: float, code: int, last_words: Callable[[], object] = lambda: None) -> None:
    """End the process after so many seconds, if it has not ended: the interpreter waits for threads without limit."""

    def leave() -> None:
        time.sleep(max(0.0, seconds - LAST_WORDS_SECONDS))
        within(LAST_WORDS_SECONDS, last_words)
        os._exit(code)

    with contextlib.suppress(RuntimeError):  # no thread left
        threading.Thread(target=leave, name="exit", daemon=True).start()


def did_not_end(steps: Iterable[str]) -> str:
    return f"{', '.join(steps)} did not end in time; the process ends without it"


class Stop:
    """The first cause of the end. The process ends `most_seconds` later, whatever it is at."""

    def __init__(self, most_seconds: float | None = None) -> None:
        self._most_seconds = most_seconds
        self._event = threading.Event()
        self.cause = ""
        self.wanted = False
        self.step = "start"  # what the daemon is at; empty after its last word

    @property
    def code(self) -> int:
        """The exit code of the process."""
        return 0 if self.wanted else 1

    def wait(self) -> None:
        self._event.wait()

    def web_ended(self) -> None:
        self._end("the web server ended", wanted=False)

    def _log_step(self) -> None:
        if not self.step:
            return
        log = structlog.stdlib.get_logger("autoscaler")
        log.warning("stopped", problem=did_not_end([self.step]))

    def _end(self, cause: str, *, wanted: bool) -> None:
        if not self._event.is_set():
            self.cause, self.wanted = cause, wanted
            self._event.set()
            if self._most_seconds is not None:
                exit_within(self._most_seconds, self.code, self._log_step)

    @contextlib.contextmanager
    def on_signals(self, hangup: Callable[[], object] = lambda: None) -> Iterator[None]:
        """End on SIGTERM and SIGINT, at once on the second one; call `hangup` in a thread on SIGHUP."""
        numbers = (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.getsignal(number) for number in (*numbers, signal.SIGHUP)}

        def handle(number: int, _: object) -> None:
            for each in numbers:
                signal.signal(each, signal.SIG_DFL)
            self._end(signal.Signals(number).name, wanted=True)

        for number in numbers:
            signal.signal(number, handle)
        signal.signal(signal.SIGHUP, lambda *_: threading.Thread(target=hangup, name="reload", daemon=True).start())
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
