import re
import struct
import sys
from html.parser import HTMLParser
from math import cos, inf, pi
from pathlib import Path

import pytest

from autoscaler.core.model import Decision, Reason, Replicas
from autoscaler.errors import ConfigError
from autoscaler.rehearse.charts.picture import check_places, write_html, write_png
from autoscaler.rehearse.charts.terminal import terminal_chart
from autoscaler.rehearse.charts.timeline import MOST_MARKS, Point, stepped, stretches, time_axis
from autoscaler.rehearse.run import Figure, Run, Sample

pytestmark = pytest.mark.xdist_group("charts")  # one worker loads what draws

NOON = 1_714_564_800.0
HOSTILE = "<script>alert(\"1\")</script> & 'x' $\\frac$ \x1b[31m"


class Page(HTMLParser):
    """Collects the elements of a page, and insists that each is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.texts.setdefault(tag, []).append("")
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts[self.open[-1]][-1] += data


def sample(
    at: float, load: float | None = 10.0, *, capacity: float | None = 40.0, replicas: int = 2, p95: float | None = None
) -> Sample:
    return Sample(at, load, capacity, replicas, replicas, p95)


def decision(at: float, before: int, desired: int, sentence: str = "") -> Decision:
    reason = Reason.ABOVE_TARGET if desired > before else Reason.BELOW_TARGET
    words = sentence or f"cpu at {at:g}: {before} -> {desired} replicas."
    return Decision("web", at, Replicas(before, before), desired, reason, words)


def run(
    *samples: Sample, title: str = "autoscaler.yaml", decisions: tuple[Decision, ...] = (), goal: float | None = None
) -> Run:
    figures = (Figure("Replica hours", "12.5"),)
    return Run(title, "web", samples, decisions, figures, goal, caveats=("Start-up time is assumed.",))


def day(title: str = "autoscaler.yaml", start: float = NOON) -> Run:
    """A day with one peak of 777 requests/s that lasts one sample of 5000, a gap, and 60 decisions."""
    samples = [
        sample(
            start + n * 17.28, None if 4000 < n < 4200 else 110 - 90 * cos(n * pi / 2500), p95=0.1, replicas=2 + n // 90
        )
        for n in range(5000)
    ]
    samples[3001] = sample(start + 3001 * 17.28, 777.0, p95=0.9)
    decisions = tuple(decision(start + n * 1400, 2 + n % 3, 3 + (n * 2) % 3) for n in range(1, 61))
    changes = tuple(made for made in decisions if made.desired != made.replicas.count)
    return run(*samples, title=title, decisions=changes, goal=0.3)


def html_of(folder: Path, *runs: Run) -> str:
    write_html(runs, folder / "chart.html")
    return (folder / "chart.html").read_text(encoding="utf-8")


def png_size(path: Path) -> tuple[int, int]:
    head = path.read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", head[16:24])
    return width, height


# --- what goes into the charts


def test_a_peak_of_one_sample_survives_the_thinning() -> None:
    made = day()
    parts = stretches(made, lambda seen: seen.load, time_axis([made], 8), 60)
    assert sum(len(part) for part in parts) <= 61
    assert max(value for part in parts for _, value in part) == 777.0


def test_unknown_and_infinite_values_are_gaps() -> None:
    made = run(sample(0, 1.0), sample(1, None), sample(2, 2.0), sample(3, inf), sample(4, 3.0))
    parts = stretches(made, lambda seen: seen.load, time_axis([made], 8), 100)
    assert parts == [[(0, 1.0)], [(2, 2.0)], [(4, 3.0)]]


def test_a_step_keeps_its_value_until_the_next() -> None:
    points: list[Point] = [(0, 2), (10, 4), (20, 4)]
    assert stepped(points) == [(0, 2), (10, 2), (10, 4), (20, 4), (20, 4)]


@pytest.mark.parametrize(
    ("start", "length", "label", "title"),
    [
        (NOON, 6 * 3600, "14:00", "time (UTC)"),
        (NOON, 3 * 86400, "05-02 12:00", "time (UTC)"),
        (NOON, 20 * 86400, "05-08", "time (UTC)"),
        (NOON, 30, "12:00:10", "time (UTC)"),
        (0, 12 * 3600, "6", "hours since the start"),
        (0, 1800, "15", "minutes since the start"),
        (0, 20, "10", "seconds since the start"),
    ],
)
def test_times_are_of_day_or_since_the_start(start: float, length: float, label: str, title: str) -> None:
    axis = time_axis([run(sample(start), sample(start + length))], 8)
    assert axis.title == title
    assert label in [words for _, words in axis.ticks]
    assert 1 < len(axis.ticks) <= 9


# --- terminal


def test_the_terminal_chart_has_the_size_asked_for_and_names_peak_time_and_policy() -> None:
    text = terminal_chart([day()], width=100, height=30, color=False)
    lines = text.splitlines()
    assert len(lines) == 30
    assert max(len(line) for line in lines) <= 100
    assert "web: requests/s" in text
    assert "peak 777" in text
    assert "autoscaler.yaml" in text
    assert "18:00" in text
    assert "▲" in text.splitlines()[-4]
    assert "▐" in lines[3]  # the peak itself, thin and at the top of its panel


def test_two_policies_are_both_in_the_legend_and_both_drawn() -> None:
    other = run(*(sample(NOON + n * 3600, replicas=9, capacity=180.0) for n in range(24)), title="steps.yaml")
    text = terminal_chart([day(), other], width=100, height=30, color=False)
    assert "• autoscaler.yaml" in text
    assert "+ steps.yaml" in text
    assert "++++++++" in text
    assert "••••" in text


def test_without_colour_there_are_no_escape_codes() -> None:
    hostile = run(sample(0), sample(60), title=HOSTILE)
    assert "\x1b" not in terminal_chart([day(), hostile], width=100, height=30, color=False)
    assert "\x1b[38;5;12m" in terminal_chart([day(), hostile], width=100, height=30, color=True)


def test_a_title_cannot_move_the_cursor_of_a_coloured_chart() -> None:
    text = terminal_chart([run(sample(0), title="a\x1b[2Jb\nc")], width=100, height=30, color=True)
    assert "\x1b[2J" not in text
    assert "b c" in text


@pytest.mark.parametrize(
    "runs",
    [[], [run()], [run(sample(5.0))], [run(sample(0, None, capacity=None))], [run(), day()]],
    ids=["no run", "no samples", "one sample", "blind", "one of two empty"],
)
def test_little_data_is_drawn_all_the_same(runs: list[Run], tmp_path: Path) -> None:
    assert len(terminal_chart(runs, width=80, height=20, color=False).splitlines()) == 20
    write_png(runs, tmp_path / "chart.png")
    assert png_size(tmp_path / "chart.png")[0] == 1500
    Page(html_of(tmp_path, *runs))


def test_an_empty_run_says_that_there_are_no_samples() -> None:
    assert "no samples" in terminal_chart([run()], width=80, height=20, color=False)
    assert "the load is not known" in terminal_chart([run(sample(0, None))], width=80, height=20, color=False)


def test_a_tiny_terminal_gets_the_smallest_chart() -> None:
    lines = terminal_chart([day(), day("b.yaml")], width=1, height=1, color=False).splitlines()
    assert (max(len(line) for line in lines), len(lines)) == (40, 16)


def test_the_size_does_not_depend_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = terminal_chart([day()], width=120, height=40, color=False)
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.setenv("LINES", "10")
    assert terminal_chart([day()], width=120, height=40, color=False) == wide


# --- PNG and HTML


def test_the_png_is_a_picture_that_grows_by_a_panel_when_p95_is_known(tmp_path: Path) -> None:
    write_png([day()], tmp_path / "three.png")
    write_png([run(sample(0), sample(60))], tmp_path / "two.png")
    width, height = png_size(tmp_path / "three.png")
    assert width == png_size(tmp_path / "two.png")[0] == 1500
    assert 900 < png_size(tmp_path / "two.png")[1] < height < 1500


def test_the_page_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    text = html_of(tmp_path, day(), day("steps.yaml"))
    page = Page(text)
    loading = [value for _, name, value in page.attributes if name in {"src", "href", "xlink:href", "data", "srcset"}]
    assert all(value.startswith("#") for value in loading)
    assert "@import" not in text
    assert all(address.startswith("#") for address in re.findall(r"url\(([^)]*)\)", text))
    assert set(re.findall(r"https?://[^\"<\s]+", text)) == {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert not {"script", "link", "img", "iframe"} & page.texts.keys()


def test_each_decision_can_be_read_on_its_marker_and_in_the_table(tmp_path: Path) -> None:
    made = day()
    page = Page(html_of(tmp_path, made))
    tooltips, cells = page.texts["title"][1:], page.texts["td"]
    assert len(tooltips) == len(made.decisions)
    for taken, tooltip in zip(made.decisions, tooltips, strict=True):
        assert taken.sentence in tooltip
        assert f"{taken.replicas.count} → {taken.desired} ({taken.reason})" in tooltip
        assert taken.sentence in cells
    assert "2024-05-01 12:23:20 UTC" in tooltips[0]


def test_the_page_shows_figures_side_by_side_and_each_caveat_once(tmp_path: Path) -> None:
    text = html_of(tmp_path, day(), day("steps.yaml"))
    page = Page(text)
    assert "<td>12.5</td><td>12.5</td>" in text
    assert page.texts["li"] == ["Start-up time is assumed."]
    assert page.texts["h1"] == ["Rehearsal of web: autoscaler.yaml against steps.yaml"]


def test_a_screen_reader_finds_language_names_and_scopes(tmp_path: Path) -> None:
    page = Page(html_of(tmp_path, day()))
    assert ("html", "lang", "en") in page.attributes
    assert ("meta", "name", "viewport") in page.attributes
    assert ("svg", "role", "img") in page.attributes
    assert any(tag == "svg" and name == "aria-label" and "web" in value for tag, name, value in page.attributes)
    scopes = [value for tag, name, value in page.attributes if (tag, name) == ("th", "scope")]
    assert len(scopes) == len(page.texts["th"])


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    taken = decision(30, 2, 3, HOSTILE)
    hostile = Run(HOSTILE, HOSTILE, (sample(0), sample(60)), (taken,), (Figure(HOSTILE, HOSTILE),), None, (HOSTILE,))
    text = html_of(tmp_path, hostile, hostile)
    page = Page(text)
    assert "<script" not in text
    assert "\x1b" not in "".join(page.texts["title"])
    assert any('<script>alert("1")</script>' in words for words in page.texts["title"])
    write_png([hostile, hostile], tmp_path / "hostile.png")


def test_of_thousands_of_decisions_the_first_are_shown_and_the_page_says_so(tmp_path: Path) -> None:
    many = tuple(decision(float(n), 2, 3) for n in range(MOST_MARKS + 5))
    page = Page(html_of(tmp_path, run(sample(0), sample(3000), decisions=many)))
    assert len(page.texts["title"]) == MOST_MARKS + 1
    assert f"Only the first {MOST_MARKS} of {MOST_MARKS + 5} decisions are marked." in page.texts["figcaption"][0]
    assert f"the first {MOST_MARKS} of {MOST_MARKS + 5} decisions" in page.texts["summary"][0]


def test_the_same_runs_give_the_same_page(tmp_path: Path) -> None:
    assert html_of(tmp_path, day(), day("b.yaml")) == html_of(tmp_path, day(), day("b.yaml"))


@pytest.mark.parametrize("write", [write_png, write_html])
def test_a_missing_folder_is_named(write: object, tmp_path: Path) -> None:
    assert callable(write)
    path = tmp_path / "absent" / "chart"
    with pytest.raises(ConfigError, match=rf"cannot write {re.escape(str(path))}: No such file or directory"):
        write([run(sample(0))], path)


@pytest.mark.parametrize("write", [write_png, write_html])
def test_without_matplotlib_the_error_names_the_extra(
    write: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(write)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ConfigError, match=r"need matplotlib; install traefik-autoscaler\[charts\]"):
        write([run(sample(0))], tmp_path / "chart")


@pytest.mark.parametrize("write", [write_png, write_html, lambda _, path: check_places(path)])
def test_a_link_is_not_followed(write: object, tmp_path: Path) -> None:
    """In a folder of all users, another user may have put it there."""
    assert callable(write)
    other = tmp_path / "other"
    other.write_bytes(b"not ours")
    (tmp_path / "chart").symlink_to(other)
    with pytest.raises(ConfigError, match=r"chart: it is a symbolic link; name the file itself"):
        write([run(sample(0))], tmp_path / "chart")
    assert other.read_bytes() == b"not ours"


def test_places_are_checked_without_a_trace(tmp_path: Path) -> None:
    present, absent = tmp_path / "present.png", tmp_path / "absent.html"
    present.write_bytes(b"a chart of before")
    check_places(present, absent, None)
    assert [path.name for path in tmp_path.iterdir()] == ["present.png"]
    assert present.read_bytes() == b"a chart of before"


def test_a_place_that_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match=r"absent/a\.png: No such file or directory"):
        check_places(None, tmp_path / "absent" / "a.png")
    with pytest.raises(ConfigError, match=r"Is a directory"):
        check_places(tmp_path, None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ConfigError, match=r"need matplotlib; install traefik-autoscaler\[charts\]"):
        check_places(tmp_path / "a.png")
