"""`python -m deploy.grafana`: writes the dashboards and the alert rules into config/."""

import sys

from deploy.grafana.files import ROOT, contents


def main() -> None:
    """Write every file, and name it."""
    for path, text in contents().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
