"""Grafana's dashboards and all alert rules as code; `python -m deploy.grafana` writes them into config/."""
