"""Router rules of Traefik: what a request must have."""

import pytest

from autoscaler.loadtest.entrance import Aim, aim_of


@pytest.mark.parametrize(
    ("rule", "aim"),
    [
        ("PathPrefix(`/api/users`)", Aim(None, "/api/users")),
        ("Host(`shop.example`)", Aim("shop.example", "/")),
        ("Host(`shop.example`) && PathPrefix(`/api`)", Aim("shop.example", "/api")),
        ("PathPrefix(`/api`) && Host(`shop.example`)", Aim("shop.example", "/api")),
        ("Host(`a.example`) || Host(`b.example`)", Aim("a.example", "/")),
        ("(Host(`a.example`) || Host(`b.example`)) && (Path(`/x`) || Path(`/y`))", Aim("a.example", "/x")),
        ('Host("shop.example")', Aim("shop.example", "/")),
        ("Host( `shop.example` )", Aim("shop.example", "/")),
    ],
)
def test_the_first_host_and_the_first_path_match(rule: str, aim: Aim) -> None:
    assert aim_of(rule) == aim


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "nonsense",
        "!Host(`shop.example`)",
        "HostRegexp(`.+\\.example`)",
        "Host(`shop.example`) && Method(`POST`)",
        "Host(`shop.example`) && Header(`X-A`, `b`)",
        "PathRegexp(`^/api`)",
        "Path(`api`)",
        f"Path(`/{'x' * 5000}`)",
        "x" * 4000,
    ],
)
def test_a_rule_that_asks_for_more_is_not_guessed_at(rule: str) -> None:
    assert aim_of(rule) is None
