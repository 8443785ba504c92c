"""Answers in JSON, which a terminal shows as it is, too."""

from starlette.responses import JSONResponse

from autoscaler.formats import json_text


class Json(JSONResponse):
    """Escapes invisible characters, and halves of characters, which no encoding has."""

    def render(self, content: object) -> bytes:
        return json_text(content).encode()
