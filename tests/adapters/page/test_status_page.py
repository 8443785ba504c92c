"""The status page in a real browser: what an operator sees, and that it goes on seeing it."""

from dataclasses import replace

import pytest

from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Reading, ReadingKind
from autoscaler.events import LeadershipChanged
from tests.adapters.page.conftest import Shown
from tests.support.builders import seen

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("browser")]

NOTHING = "\N{EN DASH}"
MARKUP = "<img src=x onerror=alert(1)>'\"{}/é"


def test_each_service_is_told_with_counts_sentence_rules_and_chart(shown: Shown) -> None:
    shown.decided(200.0)
    shown.open()
    shown.until(".sentence", "throughput 200 req/s at 50 req/s per replica wants 4; 2 → 4")
    assert shown.texts("h2") == ["userservice"]
    assert shown.text(".count") == "2 ready of 2, wants 4, allowed 1 to 10"
    throughput, p95 = "throughput\ndecides\n\t200 req/s\t50 req/s each\t200 %\t4", "p95\t100 ms\t300 ms\t33 %\t1"
    assert shown.texts("tbody tr") == [throughput, p95]
    assert shown.complaints == []


def test_a_change_appears_by_itself_and_is_said_to_a_screen_reader(shown: Shown) -> None:
    shown.decided(100.0)
    shown.open()
    shown.until(".count", "2 ready of 2, wants 2")
    shown.decided(200.0)
    shown.until(".count", "wants 4")
    assert shown.texts("#news") == ["userservice: 2 to 4 replicas"]
    shown.decided(200.0, replicas=4)
    shown.until(".count", "4 ready of 4")
    shown.until("figcaption", "load 100 req/s to 200 req/s, 2 to 4 replicas")
    assert shown.complaints == []


def test_the_chart_begins_with_what_was_before_the_page_was_opened(shown: Shown) -> None:
    for load in (100.0, 300.0, Reading(ReadingKind.STALE), 200.0):
        shown.decided(load)
    shown.open()
    shown.until("figcaption", "load 100 req/s to 300 req/s")
    assert shown.browser.execute_script("return document.querySelectorAll('svg path').length") == 2


def test_a_missing_reading_is_named_and_never_shown_as_zero(shown: Shown) -> None:
    shown.decided(Reading(ReadingKind.ERROR, note="connection refused"))
    shown.open()
    shown.until("tr.unusable", "no reading (error)")
    assert shown.texts("tr.unusable td")[1:] == ["no reading (error)", "50 req/s each", NOTHING, NOTHING]


@pytest.mark.parametrize("name", [MARKUP, "shop/users"])
def test_a_name_is_never_markup(shown: Shown, name: str) -> None:
    shown.services(name)
    shown.decided(200.0, service=name)
    shown.open()
    shown.until(".sentence", "wants 4")
    assert shown.texts("h2") == [name]
    assert shown.texts("img") == []
    assert shown.complaints == []


def test_services_come_and_go_without_a_reload(shown: Shown) -> None:
    shown.open()
    shown.until("h2", "userservice")
    shown.services("music", mail="labels of shop/mail: autoscaler.replicas.min: must be a whole number")
    shown.until("article.trouble .notes", "autoscaler.replicas.min: must be a whole number")
    assert shown.texts("h2") == ["mail", "music"]  # the worst first


def test_a_blind_service_stands_first_in_red_with_its_word_and_in_the_headline(shown: Shown) -> None:
    shown.services("music", "userservice")
    shown.decided(100.0, service="music")
    shown.open()
    shown.until(".condition", "ok")
    policy = replace(shown.policy, service="userservice")
    shown.site.decided(decide(policy, seen(2, {}), Memory(), shown.at + 5)[0])
    shown.until("#state.bad", "blind: userservice · ready")
    assert shown.texts("h2")[0] == "userservice"
    assert shown.texts("article.trouble .condition.bad") == ["blind"]


def test_what_is_not_as_usual_stands_at_the_top(shown: Shown) -> None:
    shown.decided(100.0)
    shown.site.emit(LeadershipChanged("shop", leads=False, why="the daemon on host a leads"))
    shown.open()
    shown.until("#state", "ready · standing by for shop: the daemon on host a leads")


def test_a_daemon_that_is_gone_is_said_and_what_was_last_known_stays(shown: Shown) -> None:
    shown.decided(200.0)
    shown.open()
    shown.until(".count", "wants 4")
    shown.site.server.stop(2)
    shown.until("#state", "the daemon does not answer")
    assert "wants 4" in shown.text(".count")


def test_a_page_that_stays_open_for_a_day_does_not_grow(shown: Shown) -> None:
    shown.decided(100.0)
    shown.open()
    shown.until(".count", "2 ready")
    script = """
      const done = arguments[0];
      import("/page/chart.js").then(({addPoint}) => {
        const points = [];
        for (let second = 0; second < 86400; second += 5) addPoint(points, [second, 1, 1, 1, 1]);
        done(points.length);
      });
    """
    assert shown.browser.execute_async_script(script) == 361


@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_is_wider_than_the_screen(shown: Shown, width: int) -> None:
    shown.services("userservice", "a-service-with-a-very-long-name-that-somebody-has-really-given-to-it")
    shown.decided(200.0)
    shown.browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    )
    shown.open()
    shown.until(".count", "wants 4")
    wide = shown.browser.execute_script("return document.documentElement.scrollWidth")
    shown.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert wide <= width


def test_everything_a_screen_reader_needs_has_a_name(shown: Shown) -> None:
    shown.decided(200.0)
    shown.open()
    shown.until(".count", "wants 4")
    tree = shown.browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    roles = {(node["role"]["value"], node.get("name", {}).get("value", "")) for node in tree if not node["ignored"]}
    assert {role for role, name in roles if not name} & {"image", "img", "link", "button", "heading"} == set()
    assert ("heading", "userservice") in roles
    shown.until("figcaption", "no history yet")
    assert any(role in {"image", "img"} and name == "no history yet" for role, name in roles), roles
