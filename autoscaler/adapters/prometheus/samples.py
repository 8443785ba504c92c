"""Parses the answers of Prometheus into samples: of one instant, or of each instant of a span. Pure."""

from dataclasses import dataclass

from autoscaler.ports.metrics import Span


@dataclass(frozen=True, slots=True)
class Sample:
    """One series at one instant, or a scalar (no labels): its value may be NaN or infinite."""

    labels: dict[str, str]
    at: float
    value: float


def parse_result(result: object) -> list[Sample]:
    """Return the samples of a vector or scalar result of the library.

    Raises:
        ValueError, KeyError, TypeError, IndexError: it is neither.
    """
    if not isinstance(result, list):
        raise TypeError("neither a vector nor a scalar")
    if len(result) == 2 and not isinstance(result[0], dict):  # noqa: PLR2004  a scalar: [time, "value"]
        return [Sample({}, float(result[0]), float(result[1]))]
    return [Sample(dict(series["metric"]), float(series["value"][0]), float(series["value"][1])) for series in result]


def parse_matrix(result: object, span: Span) -> list[list[Sample]]:
    """Return the samples at each instant of the span, from a range result of the library.

    Raises:
        ValueError, KeyError, TypeError, IndexError: it is no matrix, or has samples of other instants.
    """
    if not isinstance(result, list):
        raise TypeError("no matrix")
    found: list[list[Sample]] = [[] for _ in range(len(span))]
    for series in result:
        labels = dict(series["metric"])
        for at, value in series["values"]:
            index = round((float(at) - span.start) / span.step_seconds)
            if index < 0:
                raise ValueError("a sample before the span")
            found[index].append(Sample(labels, float(at), float(value)))
    return found


def parse_texts(result: object) -> frozenset[str]:
    """Return the texts of a list.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(result, list) or not all(isinstance(each, str) for each in result):
        raise TypeError("no list of texts")
    return frozenset(result)
