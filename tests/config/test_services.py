"""Labels and the policy file together: the file goes before labels, and a mistake stops its own service only."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from autoscaler.config.load import PolicyFile, load_file
from autoscaler.config.services import ResolvedServices, by_labels, resolve, services_behind, signal_requests
from autoscaler.config.settings import Settings
from autoscaler.errors import ConfigError
from autoscaler.ports.fleet import Fleet, ServiceRef, ServiceState
from autoscaler.ports.metrics import Share

USERS, MUSIC = ServiceRef("users", "shop"), ServiceRef("music", "shop")
FILE = """
limits: {max_replicas_total: 20}
defaults:
  replicas: {min: 2, max: 10}
services:
  web:
    target: {compose: music}
    rules: {throughput: {signal: requests, per_replica: 50}}
"""
COMPLETE = {
    "autoscaler.enable": "true",
    "autoscaler.rules.throughput.signal": "requests",
    "autoscaler.rules.throughput.per_replica": "80",
}


@pytest.fixture
def file(tmp_path: Path) -> PolicyFile:
    return written(tmp_path, FILE)


def written(tmp_path: Path, text: str, **settings: object) -> PolicyFile:
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return load_file(path, Settings.model_validate(settings))


def resolved(file: PolicyFile, labelled: Mapping[ServiceRef, Mapping[str, str]]) -> ResolvedServices:
    return resolve(file, labelled)


def test_labels_are_a_full_policy_above_the_file_s_defaults(file: PolicyFile) -> None:
    service = resolved(file, {USERS: {**COMPLETE, "autoscaler.replicas.max": "5"}}).services["users"]
    assert service.target == USERS
    assert (service.policy.min_replicas, service.policy.max_replicas) == (2, 5)
    assert service.policy.rules[0].target == 80


def test_the_file_goes_before_labels_key_by_key(file: PolicyFile) -> None:
    labels = {
        **COMPLETE,
        "autoscaler.replicas.max": "5",
        "autoscaler.rules.p95.signal": "latency",
        "autoscaler.rules.p95.target": "300ms",
    }
    service = resolved(file, {MUSIC: labels}).services["web"]
    assert {rule.name: rule.target for rule in service.policy.rules} == {"throughput": 50, "p95": 0.3}
    assert service.policy.max_replicas == 5


@pytest.mark.parametrize("enable", [{}, {"autoscaler.enable": "false"}])
def test_labels_count_only_where_they_are_enabled(file: PolicyFile, enable: Mapping[str, str]) -> None:
    labels = {key: value for key, value in COMPLETE.items() if key != "autoscaler.enable"}
    found = resolved(file, {USERS: {**labels, **enable}, MUSIC: {"autoscaler.replicas.max": "5", **enable}})
    assert set(found.services) == {"web"}
    assert found.services["web"].policy.max_replicas == 10
    assert not found.refused


@pytest.mark.parametrize(
    ("labels", "problem"),
    [
        pytest.param(
            {"autoscaler.replicas.min": "many"},
            "labels of shop/users: autoscaler.replicas.min: must be a whole number, not 'many'",
            id="a bad value",
        ),
        pytest.param(
            {"autoscaler.rules.throughput.perreplica": "5"},
            "labels of shop/users: autoscaler.rules.throughput.perreplica: unknown key `perreplica`; did you mean "
            "`per_replica`? allowed here: ",
            id="an unknown key",
        ),
        pytest.param(
            {"autoscaler.replicas.min": "11"},
            "labels of shop/users: autoscaler.replicas: min 11 is above max 10",
            id="bounds that do not fit those of the defaults",
        ),
        pytest.param(
            {"autoscaler.replicas.min": "19", "autoscaler.replicas.max": "20"},
            "labels of shop/users: autoscaler.replicas.min: 19 is more than the 18 that limits.max_replicas_total 20 "
            "leaves",
            id="beyond the limits of the file",
        ),
        pytest.param(
            {"autoscaler.target.compose": "other"},
            "labels of shop/users: autoscaler.target: cannot be set by a label: the labels are those of the service",
            id="another target",
        ),
        pytest.param(
            {"autoscaler.replicas..min": "1"},
            "labels of shop/users: autoscaler.replicas..min: must be keys",
            id="syntax",
        ),
        pytest.param(
            {"autoscaler.burst.window": "10m"},
            "labels of shop/users: autoscaler.burst.window: must be shorter than the window of the rule throughput",
            id="parts that do not fit",
        ),
    ],
)
def test_a_mistake_in_labels_stops_that_service_alone(
    file: PolicyFile, labels: Mapping[str, str], problem: str
) -> None:
    found = resolved(file, {USERS: {**COMPLETE, **labels}})
    assert set(found.services) == {"web"}
    assert found.refused["users"].startswith(problem)


def test_a_mistake_in_the_labels_of_a_service_of_the_file_stops_it_too(file: PolicyFile) -> None:
    found = resolved(file, {MUSIC: {"autoscaler.enable": "true", "autoscaler.replicas.max": "0"}, USERS: COMPLETE})
    assert set(found.services) == {"users"}
    assert found.refused == {"web": "labels of shop/music: autoscaler.replicas.max: must be at least 1, not 0"}


def test_what_labels_leave_out_is_named_with_the_labels(tmp_path: Path) -> None:
    file = written(tmp_path, "limits: {}")
    found = resolved(file, {USERS: COMPLETE})
    assert found.refused == {"users": "labels of shop/users: autoscaler.replicas: is missing; it is required"}


def test_a_mistake_of_the_defaults_is_named_where_it_is_written(tmp_path: Path) -> None:
    file = written(tmp_path, "defaults: {replicas: {min: 2, max: x}}")
    found = resolved(file, {USERS: COMPLETE})
    assert found.refused["users"].endswith("policy.yaml:1: defaults.replicas.max: must be a whole number, not 'x'")


def test_two_projects_with_a_labelled_service_of_one_name_are_told_apart(file: PolicyFile) -> None:
    other = ServiceRef("users", "shop2")
    found = resolved(file, {USERS: COMPLETE, other: COMPLETE})
    assert {name: service.target for name, service in found.services.items() if name != "web"} == {
        "users": USERS,
        "shop2/users": other,
    }


def test_labels_of_other_projects_are_not_ours(tmp_path: Path) -> None:
    file = written(tmp_path, FILE, compose_project="shop")
    assert set(resolved(file, {USERS: COMPLETE, ServiceRef("mail", "other"): COMPLETE}).services) == {"web", "users"}


@pytest.mark.parametrize("name", ["music", "web"])
def test_labels_of_another_project_never_reach_a_service_of_the_file(tmp_path: Path, name: str) -> None:
    """`music` is the Compose service that the file's `web` scales, and `web` is what the file calls it."""
    file = written(tmp_path, FILE, compose_project="shop")
    called = resolved(file, {ServiceRef(name, "other"): {**COMPLETE, "autoscaler.replicas.max": "7"}})
    assert called == ResolvedServices(file.config.services)


def test_a_labelled_service_that_has_the_name_of_another_in_the_file_is_told_apart(file: PolicyFile) -> None:
    called = resolved(file, {ServiceRef("web", "shop"): COMPLETE})
    assert called.services["web"] == file.config.services["web"]
    assert called.services["shop/web"].target == ServiceRef("web", "shop")


def test_a_labelled_service_keeps_its_name_whether_its_namesake_is_right_or_not(file: PolicyFile) -> None:
    wrong = {**COMPLETE, "autoscaler.replicas.max": "many"}
    called = resolved(file, {USERS: wrong, ServiceRef("users", "shop2"): COMPLETE})
    assert set(called.refused) == {"users"}
    assert set(called.services) == {"web", "shop2/users"}


def test_without_a_file_everything_is_left_to_labels() -> None:
    file = load_file(Settings().config, Settings())
    assert file.config.services == {}
    labels = {**COMPLETE, "autoscaler.replicas.min": "1", "autoscaler.replicas.max": "3"}
    assert set(resolved(file, {USERS: labels}).services) == {"users"}


def test_a_file_that_somebody_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_file(tmp_path / "none.yaml", Settings(config=tmp_path / "none.yaml"))


def test_labels_are_read_from_what_is_seen(file: PolicyFile) -> None:
    called = by_labels(file)
    assert set(called(Fleet()).services) == {"web"}
    fleet = Fleet({USERS: ServiceState(USERS, 2, 2, labels=COMPLETE), MUSIC: ServiceState(MUSIC, 2, 2)})
    assert set(called(fleet).services) == {"web", "users"}
    assert called(fleet) is called(fleet)
    assert set(called(Fleet()).services) == {"web"}


def test_what_labels_describe_is_kept_while_its_engine_does_not_answer(file: PolicyFile) -> None:
    """A service that cannot be seen has not gone: what is remembered of it must not be lost."""
    resolver = by_labels(file)
    resolver(Fleet({USERS: ServiceState(USERS, 1, 1, labels=COMPLETE)}))
    assert "users" in resolver(Fleet(unavailable={"compose": "away"})).services
    assert "users" in resolver(Fleet(unknown={USERS: "malformed"})).services
    assert "users" not in resolver(Fleet()).services


BLUE, GREEN = ServiceRef("blue", "shop"), ServiceRef("green", "shop")


def test_services_behind_one_name_share_it_by_their_ready_replicas(file: PolicyFile) -> None:
    blue, green = ServiceState(BLUE, 3, 2, "api@docker"), ServiceState(GREEN, 1, 1, "api@docker")
    stopped = ServiceState(ServiceRef("api", "old"), 0, 0, "api@docker")
    behind = services_behind(Fleet({each.ref: each for each in (blue, green, stopped)}), [])
    request, *_ = signal_requests(file.config.services["web"], blue, behind).values()
    assert request.shares == (Share("api@docker", 2, 3, ("shop/green",)),)


def test_a_name_that_a_policy_states_counts_instead_of_the_labels(tmp_path: Path) -> None:
    text = FILE.replace("{compose: music}", "{compose: blue}") + "    traefik_services: [api@file, old@file]\n"
    web = written(tmp_path, text).config.services["web"]
    blue = ServiceState(BLUE, 1, 1, "blue@docker")
    green = ServiceState(GREEN, 1, 1, "api@file", further_traefik_services=("blue@docker",))
    behind = services_behind(Fleet({BLUE: blue, GREEN: green}), [web])
    request, *_ = signal_requests(web, blue, behind).values()
    assert request.traefik_services == ("api@file", "old@file")
    assert request.shares == (Share("api@file", 1, 2, ("shop/green",)),)
    assert [state.ref for state in behind["blue@docker"]] == [GREEN]


def test_several_names_of_the_labels_are_all_asked_for(file: PolicyFile) -> None:
    state = ServiceState(MUSIC, 1, 1, "api@docker", further_traefik_services=("admin@docker",))
    request, *_ = signal_requests(file.config.services["web"], state).values()
    assert (request.traefik_services, request.shares) == (("api@docker", "admin@docker"), ())


def test_names_are_stated_in_one_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="exclude each other"):
        written(tmp_path, FILE + "    traefik_service: a@docker\n    traefik_services: [a@docker]\n")
