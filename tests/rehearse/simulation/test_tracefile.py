"""CSV files of loads: what is read, and for everything else file, line, value and what is allowed."""

import re
from pathlib import Path

import pytest

from autoscaler.errors import ConfigError
from autoscaler.rehearse.simulation.tracefile import read_trace

GOOD = "timestamp_s,requests_per_s\n0,10\n10,30\n30,20\n"


def file(folder: Path, text: str | bytes) -> Path:
    path = folder / "load.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_rate_stays_until_the_next_row_and_the_last_as_long_as_the_one_before(tmp_path: Path) -> None:
    load = read_trace(file(tmp_path, GOOD))
    assert list(load.rates) == [10.0] * 10 + [30.0] * 20 + [20.0] * 20
    assert (load.words, load.start) == ("load.csv, 10 to 30 requests/s", None)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("0,10\n10,30\n30,20\n", id="no header"),
        pytest.param("requests_per_s,host,timestamp_s\n10,a,0\n30,b,10\n20,c,30\n", id="columns in another order"),
        pytest.param(
            "\ufefftimestamp_s, requests_per_s\r\n0,10\r\n\r\n10,30\r\n30,20\r\n", id="of Excel, with blank lines"
        ),
    ],
)
def test_other_spellings_of_the_same_load_are_read_alike(tmp_path: Path, text: str) -> None:
    assert read_trace(file(tmp_path, text)).rates == read_trace(file(tmp_path, GOOD)).rates


def test_unix_times_are_the_loads_own_time(tmp_path: Path) -> None:
    load = read_trace(file(tmp_path, "1714564800,10\n1714564860,30\n"))
    assert (load.start, len(load.rates)) == (1714564800.0, 120)


def test_rows_closer_than_a_second_are_read_at_whole_seconds(tmp_path: Path) -> None:
    load = read_trace(file(tmp_path, "0,1\n0.5,2\n1.5,3\n2,4\n2.5,5\n"))
    assert list(load.rates) == [1.0, 2.0, 4.0]


def test_a_load_is_cut_and_scaled_as_asked(tmp_path: Path) -> None:
    load = read_trace(file(tmp_path, GOOD), duration=12.0, peak=300.0)
    assert list(load.rates) == [100.0] * 10 + [300.0] * 2


def test_a_duration_beyond_the_file_is_the_whole_file_and_a_load_of_zero_cannot_be_scaled(tmp_path: Path) -> None:
    load = read_trace(file(tmp_path, "0,0\n60,0\n"), duration=1e6, peak=300.0)
    assert list(load.rates) == [0.0] * 120


ROW = "must be a header with timestamp_s and requests_per_s, or two numbers"
RATE = "requests_per_s must be a number from 0 to 1,000,000"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "{}: must have at least 2 rows of timestamp_s,requests_per_s, not 0", id="empty"),
        pytest.param("timestamp_s,requests_per_s\n", "{}: must have at least 2 rows", id="a header only"),
        pytest.param("0,1\n", "{}: must have at least 2 rows of timestamp_s,requests_per_s, not 1", id="one row"),
        pytest.param("time,load\n0,1\n", "{}:1: " + ROW + ", not 'time,load'", id="another header"),
        pytest.param("1,2,3\n", "{}:1: " + ROW + ", not '1,2,3'", id="three columns"),
        pytest.param("5\n", "{}:1: " + ROW + ", not '5'", id="one column"),
        pytest.param("0,1\n10,fast\n", "{}:2: " + RATE + ", not 'fast'", id="a word for a rate"),
        pytest.param("0,nan\n", "{}:1: " + RATE + ", not 'nan'", id="NaN"),
        pytest.param("0,inf\n", "{}:1: " + RATE + ", not 'inf'", id="infinite"),
        pytest.param("0,1\n10,-3\n", "{}:2: " + RATE + ", not '-3'", id="negative"),
        pytest.param("0,1\n10,1e9\n", "{}:2: " + RATE + ", not '1e9'", id="huge"),
        pytest.param("0,1\n10,\n", "{}:2: " + RATE + ", not ''", id="nothing for a rate"),
        pytest.param(
            "0,1\nsoon,3\n", "{}:2: timestamp_s must be a number of seconds, not 'soon'", id="a word for a time"
        ),
        pytest.param("nan,1\n", "{}:1: timestamp_s must be a number of seconds, not 'nan'", id="NaN for a time"),
        pytest.param("0,1\n10\n", "{}:2: must have 2 columns, not '10'", id="a short row"),
        pytest.param(
            "0,1\n20,2\n\n10,3\n",
            "{}:4: timestamp_s must be above that of the row before, 20, not 10",
            id="times out of order",
        ),
        pytest.param("0,1\n0,2\n", "{}:2: timestamp_s must be above", id="the same time twice"),
        pytest.param("0,1\n9e9,2\n", "{}: must last 1 s to 31 days, not 1.8e+10 s; --duration cuts it", id="ages"),
        pytest.param("0,1\n0.1,2\n", "{}: must last 1 s to 31 days, not 0.2 s", id="an instant"),
        pytest.param("0," + "x" * 90, "{}:1: " + RATE + ", not '" + "x" * 39 + "…", id="a long value is cut"),
        pytest.param(b"0,\xff\xfe\n", "cannot read {}: it is not a text file in UTF-8", id="not text"),
        pytest.param("0," + "1" * 200_000, "cannot read {}: field larger than field limit", id="a cell without end"),
    ],
)
def test_a_wrong_file_is_refused_with_line_value_and_what_is_allowed(
    tmp_path: Path, text: str | bytes, message: str
) -> None:
    path = file(tmp_path, text)
    with pytest.raises(ConfigError, match="^" + re.escape(message.format(path))):
        read_trace(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"cannot read {tmp_path}/none\.csv: No such file or directory"):
        read_trace(tmp_path / "none.csv")
    with pytest.raises(ConfigError, match=f"cannot read {tmp_path}: Is a directory"):
        read_trace(tmp_path)


def test_a_peak_that_cannot_be_simulated_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--peak: must be 0 to 1,000,000 requests/s, not -5"):
        read_trace(file(tmp_path, GOOD), peak=-5.0)
