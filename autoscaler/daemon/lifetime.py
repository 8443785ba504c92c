"""The daemon's end: a signal (wanted), or the end of its web server (not wanted)."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator


class Stop:
    """The first cause of the end."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.cause = ""
        self.wanted = False

    def wait(self) -> None:
        self._event.wait()

    def web_ended(self) -> None:
        self._end("the web server ended", wanted=False)

    def _end(self, cause: str, *, wanted: bool) -> None:
        if not self._event.is_set():
            self.cause, self.wanted = cause, wanted
            self._event.set()

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
