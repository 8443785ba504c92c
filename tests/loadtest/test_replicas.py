"""By what replicas are told apart: marks in an answer, values of sticky cookies."""

import pytest

from autoscaler.loadtest.replicas import KnownReplica, Recogniser, cookie_values

ONE = KnownReplica(
    "shop-web-1", frozenset({"shop-web-1", "0123456789ab", "172.18.0.5"}), frozenset({"http://172.18.0.5:80"})
)
TWO = KnownReplica(
    "shop-web-2", frozenset({"shop-web-2", "ba9876543210", "172.18.0.50"}), frozenset({"http://172.18.0.50:80"})
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("0123456789ab", "shop-web-1"),
        ("Hostname: ba9876543210\nIP: 127.0.0.1", "shop-web-2"),
        ('{"host":"172.18.0.50"}', "shop-web-2"),
        ("http://172.18.0.5:8000/", "shop-web-1"),
        ("shop-web-1, shop-web-1", "shop-web-1"),
        ("shop-web-11", None),
        ("0123456789abcdef", None),
        ("1172.18.0.5", None),
        ("my.shop-web-1", None),
        ("shop-web-1 and shop-web-2", None),
        ("", None),
    ],
)
def test_an_answer_is_of_the_one_replica_that_it_names(text: str, name: str | None) -> None:
    assert Recogniser([ONE, TWO]).by_mark([text]) == name


def test_what_several_replicas_have_in_common_names_none_of_them() -> None:
    same = [KnownReplica(f"web-{number}", frozenset({"web", f"web-{number}"})) for number in (1, 2)]
    assert Recogniser(same).by_mark(["web"]) is None
    assert Recogniser(same).by_mark(["web-2"]) == "web-2"


def test_nothing_is_recognised_where_nothing_is_known() -> None:
    assert Recogniser([]).by_mark(["anything"]) is None


def test_the_hashes_are_those_of_their_published_test_vectors() -> None:
    """That Traefik takes the first of the server's URL, the tests with a real Traefik show."""
    assert cookie_values("abc")[0] == "ba7816bf8f01cfea"  # FIPS 180
    assert cookie_values("a")[1] == "af63bd4c8601b7be"  # FNV-1, not FNV-1a


@pytest.mark.parametrize("number", range(4))
def test_a_sticky_cookie_of_any_version_names_its_replica(number: int) -> None:
    recogniser = Recogniser([ONE, TWO])
    value = cookie_values("http://172.18.0.50:80")[number]
    assert recogniser.sticky({"other": "x", "whatever": value}) == value
    assert recogniser.by_cookie(value) == "shop-web-2"


def test_a_sticky_cookie_of_an_unknown_server_still_tells_it_from_others() -> None:
    recogniser = Recogniser([], cookie="shop")
    assert recogniser.sticky({"session": "s", "shop": "f00ba4"}) == "f00ba4"
    assert recogniser.by_cookie("f00ba4") != recogniser.by_cookie("f00ba5")


def test_a_cookie_that_traefik_named_itself_is_known_by_its_name_and_others_are_not() -> None:
    assert Recogniser([]).sticky({"_1d52e": "f00ba4"}) == "f00ba4"
    assert Recogniser([]).sticky({"_ga": "x", "session": "y"}) is None
