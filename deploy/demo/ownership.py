"""Would Compose change anything? Asked of the real Compose, by its dry run."""

import re

from deploy.lab.stack import Stack

_CHANGES = re.compile(r"\b(Creat|Recreat|Remov|Stopp|Start|Restart)\w*", re.IGNORECASE)


def is_owned(stack: Stack, service: str) -> bool:
    """Tell whether `up` with the present count would leave every container as it is."""
    count = len(stack.replicas(service))
    said = stack.up("--dry-run", "--scale", f"{service}={count}")
    return not changes(said, service)


def changes(said: str, service: str) -> list[str]:
    """Return the lines of Compose's output that announce a change of the service's containers."""
    return [line.strip() for line in said.splitlines() if f"-{service}-" in line and _CHANGES.search(line)]
