"""Makes sure of a browser for the tests of the status page: Chromium with its driver."""

from deploy.lab.packages import ensure_commands


def ensure() -> None:
    """Install Chromium and its driver where they are missing.

    Raises:
        LabError: they are missing and cannot be installed.
    """
    ensure_commands({"chromium": "chromium", "chromedriver": "chromium-driver"})
