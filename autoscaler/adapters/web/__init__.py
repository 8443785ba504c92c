"""The HTTP interface (starlette on uvicorn): metrics, health, decisions, and operators' interventions."""
