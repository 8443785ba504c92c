"""How much memory a value holds, each object counted once."""

import sys
from collections.abc import Iterable
from dataclasses import fields, is_dataclass


def footprint_bytes(value: object, shared: Iterable[object] = ()) -> int:
    """Return the bytes of everything reachable from `value`, but not of what is reachable from `shared`."""
    seen: set[int] = set()
    for each in shared:
        _size(each, seen)
    return _size(value, seen)


def _size(value: object, seen: set[int]) -> int:
    if id(value) in seen or isinstance(value, type):
        return 0
    seen.add(id(value))
    return sys.getsizeof(value) + sum(_size(each, seen) for each in _parts(value))


def _parts(value: object) -> Iterable[object]:
    if is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, field.name) for field in fields(value)]
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return value if isinstance(value, list | tuple | set | frozenset) else ()
