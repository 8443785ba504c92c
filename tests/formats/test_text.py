"""Foreign text in sentences and JSON: it is shown, and no terminal obeys it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.errors import TargetRefused
from autoscaler.formats import json_text, one_line, visible

ANY_TEXT = st.text(st.characters(codec=None) | st.sampled_from("\x1b\x9b\x9d\x07[];m0\\"), max_size=200)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("plain, 猫 é 🙂", "plain, 猫 é 🙂"),
        ("two\nlines", "two\nlines"),
        ("a\tb\rc\x00d\x7fe", "a b c d e"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[2J\x1b[1;1Hgone", "gone"),
        ("\x9b2Jgone", "gone"),
        ("\x1b]0;a title\x07text", "text"),
        ("\x1b]8;;http://evil.example\x1b\\a link\x1b]8;;\x1b\\", "a link"),
        ("\x1b]52;c;ZXZpbA==\x07copied", "copied"),
        ("\x1b(B\x1bcreset", "reset"),
        ("\x1b", " "),
        ("\x1b]an end that never comes", "an end that never comes"),
        ("\u202egpj.exe", " gpj.exe"),
        ("a\u2066b\u2028c\u200bd\ufeffe\ud800f", "a b c d e f"),
        ("[red]<b>{x=`1`}", "[red]<b>{x=`1`}"),
    ],
)
def test_what_a_terminal_would_obey_is_left_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (" a\n\x1b[1m b\t\tc ", "a b c"),
        ("0123456789", "0123456789"),
        ("0123456789a", "0123456789… (11 characters)"),
        ("x" * 1_000_000, "xxxxxxxxxx… (1,000,000 characters)"),
    ],
)
def test_foreign_text_takes_one_line_of_a_sentence_and_says_how_long_it_was(text: str, shown: str) -> None:
    assert one_line(text, 10) == shown


def test_the_end_of_a_log_matters_more_than_its_beginning() -> None:
    assert one_line("a" * 1000 + "why", 3, end=True) == "… (1,003 characters) why"


@given(ANY_TEXT)
def test_nothing_invisible_is_left_and_all_that_is_visible_stays_visible(text: str) -> None:
    assert visible(text).replace("\n", "").isprintable()
    assert visible(visible(text)) == visible(text)
    assert one_line(text).isprintable()


@given(st.dictionaries(ANY_TEXT, ANY_TEXT | st.integers() | st.none(), max_size=5), st.sampled_from([None, 2]))
def test_json_stays_what_it_was_and_shows_every_character(value: dict[str, object], indent: int | None) -> None:
    text = json_text(value, indent=indent)
    assert text.replace("\n", "").isprintable()
    assert json.loads(text.encode()) == json.loads(json.dumps(value))


@pytest.mark.parametrize("part", ["\x1b]", "\x1b[0", "\x9b", "\x9d", "\x1b(", "\x9d\x1b", "\u202e", "\ue000"])
def test_a_megabyte_is_cleaned_in_one_go(part: str) -> None:
    """What grows with the square of the length would take minutes."""
    assert len(one_line(part * 1_000_000)) < 500


def test_no_error_carries_what_a_terminal_obeys() -> None:
    assert str(TargetRefused("it mounts /\x1b[31m\u202edata")) == "it mounts / data"
