"""A call in a thread of its own that does not keep the process from ending."""

import threading
from collections.abc import Callable


class Errand:
    """Runs a call beside others; `wait` waits for its end and returns what went wrong, if anything did."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait(self) -> Exception | None:
        self._thread.join()
        return self._error

    def _run(self) -> None:
        try:
            self._call()
        except Exception as error:  # noqa: BLE001  whoever waits gets it
            self._error = error
