"""What proves that a service without series is idle, and what the note says where nothing does."""

from dataclasses import replace

import pytest

from autoscaler.adapters.prometheus.known import Known, known_services, nearest
from autoscaler.adapters.prometheus.samples import Sample

API = "api@docker"
WEB = "web@docker"
SEEN = Known(seen=frozenset({API}), accounted=frozenset({API, WEB}))


@pytest.mark.parametrize(
    ("known", "loaded", "entry"),
    [
        pytest.param(Known(), set(), 0.0, id="no entry point had a request"),
        pytest.param(SEEN, set(), None, id="it was named within a day, and nothing carries load"),
        pytest.param(SEEN, {WEB}, 9.0, id="it was named within a day, and only known services carry load"),
        pytest.param(
            Known(listed=frozenset({API, "other@docker"})),
            {"other@docker"},
            9.0,
            id="Traefik lists both",
        ),
        pytest.param(SEEN, {"dashboard@internal"}, 9.0, id="Traefik's own services are accounted for"),
        pytest.param(
            replace(SEEN, seen=frozenset(), families=frozenset({(API, "router")})), {WEB}, 9.0, id="a router names it"
        ),
    ],
)
def test_it_is_idle_when(known: Known, loaded: set[str], entry: float | None) -> None:
    assert known.why_unseen(API, loaded, entry) is None


@pytest.mark.parametrize(
    ("known", "loaded", "entry", "words"),
    [
        pytest.param(Known(), set(), None, "nor had it any within a day; it knows no other", id="a fresh install"),
        pytest.param(Known(), set(), 9.0, "addServicesLabels may be off", id="no series has a service"),
        pytest.param(SEEN, set(), 9.0, "addServicesLabels may be off", id="they have lost it since"),
        pytest.param(SEEN, {"api"}, 9.0, "its load may be counted as api", id="a name that no policy has carries load"),
        pytest.param(
            Known(listed=frozenset({API})), {"api"}, 9.0, "counted as api", id="Traefik lists it, but not what has load"
        ),
        pytest.param(Known(listed=frozenset({API})), set(), 9.0, "may be off", id="nothing is named"),
        pytest.param(SEEN, {""}, None, "its load may be counted as (no name)", id="a series without a name does"),
        pytest.param(
            Known(exported=frozenset({API}), families=frozenset({("traefik", "requests")})),
            {"traefik"},
            60.0,
            "exported_service has api@docker: set honor_labels: true in the job, or prometheus.service_label",
            id="the scrape job has a label of that name",
        ),
        pytest.param(
            Known(seen=frozenset({"zebra@docker", "api-shop@docker", "ap@docker"})),
            set(),
            None,
            "it knows ap@docker, api-shop@docker, zebra@docker",
            id="another name",
        ),
    ],
)
def test_it_is_unseen_when(known: Known, loaded: set[str], entry: float | None, words: str) -> None:
    why = known.why_unseen(API, loaded, entry)
    assert why is not None
    assert why.startswith("Prometheus has no series of api@docker; ")
    assert words in why


def test_a_long_list_of_names_is_cut() -> None:
    why = Known(seen=frozenset(f"s{number}@docker" for number in range(9))).why_unseen(API, set(), None)
    assert why is not None
    assert why.endswith(" and 4 more")


def test_the_nearest_name_comes_first_and_internal_ones_not_at_all() -> None:
    assert nearest(API, {WEB, "api@file", API, "api@internal"}) == ["api@file", WEB]


def test_names_come_from_the_configured_label() -> None:
    samples = [
        Sample({"family": "requests", "exported_service": API}, 0.0, 1.0),
        Sample({"family": "router", "exported_service": WEB}, 0.0, 1.0),
    ]
    assert known_services(samples, "exported_service").families == {(API, "requests"), (WEB, "router")}
