"""A headless Chromium, and the status page of a daemon's web server that is fed by hand."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Reading
from autoscaler.events import ServicesChanged
from deploy.lab.browser import ensure
from tests.support.builders import LATENCY, NOW, THROUGHPUT, policy, seen
from tests.support.web_site import Site

# What a desktop browser would do besides showing the page: asking its maker, mostly.
QUIET = ("background-networking", "component-update", "sync", "default-apps", "extensions")


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    ensure()
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    profile: Path = tmp_path_factory.mktemp("chromium")
    for flag in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", f"user-data-dir={profile}"):
        options.add_argument(f"--{flag}")
    for feature in QUIET:
        options.add_argument(f"--disable-{feature}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
    yield driver
    driver.quit()


class Shown:
    """The page in the browser, and the daemon behind it."""

    def __init__(self, browser: webdriver.Chrome, site: Site) -> None:
        self.browser = browser
        self.site = site
        self.at = NOW
        self.policy = policy(THROUGHPUT, LATENCY)

    def services(self, *names: str, **refused: str) -> None:
        self.site.emit(ServicesChanged(dict.fromkeys(names, self.policy), refused))

    def decided(self, load: float | Reading, replicas: int = 2, service: str = "userservice") -> None:
        """Evaluate a service five seconds after the last time."""
        self.at += 5
        decision, _ = decide(
            replace(self.policy, service=service),
            seen(replicas, {"throughput": load, "p95": 0.1}),
            Memory(),
            self.at,
        )
        self.site.decided(decision)

    def open(self) -> None:
        self.browser.get(self.site.url)

    def text(self, selector: str) -> str:
        return "\n".join(self.texts(selector))

    def texts(self, selector: str) -> list[str]:
        """The visible texts of all elements that match."""
        script = "return [...document.querySelectorAll(arguments[0])].map((each) => each.innerText)"
        found: list[str] = self.browser.execute_script(script, selector)
        return found

    def until(self, selector: str, text: str) -> None:
        """Wait until the text stands there."""
        WebDriverWait(self.browser, 20).until(lambda _: text in self.text(selector), f"{text!r} in {selector}")

    @property
    def complaints(self) -> list[str]:
        """What the browser's console has to say, but for networks of other tests that come and go."""
        found = [entry["message"] for entry in self.browser.get_log("browser")]  # type: ignore[no-untyped-call]
        return [message for message in found if "ERR_NETWORK_CHANGED" not in message]


@pytest.fixture
def shown(browser: webdriver.Chrome) -> Iterator[Shown]:
    site = Site(policy(THROUGHPUT, LATENCY))
    site.start()
    page = Shown(browser, site)
    page.services("userservice")
    assert page.complaints is not None  # what earlier tests left is not ours
    yield page
    browser.get("about:blank")
    site.server.stop(2)
