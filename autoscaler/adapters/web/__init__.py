"""The HTTP face (starlette on uvicorn): metrics, health, the services' decisions, and what operators say about them."""
