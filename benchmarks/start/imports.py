"""What `python -X importtime` says, by module."""

import re
from typing import Any

_LINE = re.compile(r"^import time: +(\d+) \| +(\d+) \| +(\S+)$", re.MULTILINE)


def heaviest(report: str, count: int) -> list[dict[str, Any]]:
    """Return the modules that took longest, with what they import in turn (`total_ms`) and without it (`own_ms`)."""
    found = [(int(total), int(own), module) for own, total, module in _LINE.findall(report)]
    return [
        {"module": module, "total_ms": total / 1000, "own_ms": own / 1000}
        for total, own, module in sorted(found, reverse=True)[:count]
    ]
