"""Features about what the image brings along, and what the service changes of it."""

from tests.adapters.compose.features.feature import Feature

DOCKERFILE = """\
FROM python:3.13-slim
ENV OF_IMAGE=1 ALSO_OF_IMAGE=2
WORKDIR /srv
VOLUME /of-image
EXPOSE 8080 9090/udp
STOPSIGNAL SIGINT
USER nobody
LABEL of.image=yes
HEALTHCHECK --interval=2s --retries=9 CMD ["true"]
ENTRYPOINT ["sleep"]
CMD ["600"]
"""
OF_IMAGE = {"image": "(image)", "command": None}

IMAGE = [
    Feature(
        "an image with everything of its own",
        OF_IMAGE,
        (
            "Config.Entrypoint",
            "Config.Cmd",
            "Config.Healthcheck.Test",
            "Config.ExposedPorts",
            "Config.StopSignal",
            "Config.User",
            "Config.Volumes",
            "Mounts./of-image.Name",
        ),
    ),
    Feature(
        "an image's entrypoint cleared", {**OF_IMAGE, "entrypoint": [], "command": ["sleep", "600"]}, ("Config.Cmd",)
    ),
    Feature(
        "an image's entrypoint replaced, its command gone",
        {**OF_IMAGE, "entrypoint": ["sleep", "600"]},
        ("Config.Entrypoint",),
    ),
    Feature("an image's command cleared", {**OF_IMAGE, "command": []}, ("Config.Entrypoint",)),
    Feature("an image's variable removed", {**OF_IMAGE, "environment": {"OF_IMAGE": None}}, ("Config.Env",)),
    Feature(
        "an image's healthcheck changed in part",
        {**OF_IMAGE, "healthcheck": {"interval": "1s"}},
        ("Config.Healthcheck.Test",),
    ),
    Feature(
        "an image's healthcheck disabled", {**OF_IMAGE, "healthcheck": {"disable": True}}, ("Config.Healthcheck.Test",)
    ),
    Feature(
        "a named volume where the image has one",
        {**OF_IMAGE, "volumes": ["shared:/of-image"]},
        ("Mounts./of-image.Name",),
    ),
]
