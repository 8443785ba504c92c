# syntax is plain on purpose: the classic builder must be able to build this file, too.
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS build
WORKDIR /build
RUN python -m venv /opt/autoscaler
COPY requirements.lock ./
RUN /opt/autoscaler/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
RUN /opt/autoscaler/bin/pip uninstall --yes --quiet pip
COPY autoscaler /opt/autoscaler/app/autoscaler
RUN printf '#!/opt/autoscaler/bin/python\nfrom autoscaler.cli import main\nmain()\n' > /opt/autoscaler/bin/autoscaler \
 && chmod 755 /opt/autoscaler/bin/autoscaler \
 && /opt/autoscaler/bin/python -m compileall -q /opt/autoscaler/app /opt/autoscaler/lib

FROM ${PYTHON_IMAGE}
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="traefik-autoscaler" \
      org.opencontainers.image.description="An autoscaler daemon for Docker Compose services behind Traefik" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      io.traefik-autoscaler.role="daemon"
COPY --from=build /opt/autoscaler /opt/autoscaler
RUN install -d -o 65532 -g 65532 /var/lib/autoscaler
ENV PATH=/opt/autoscaler/bin:$PATH \
    PYTHONPATH=/opt/autoscaler/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    AUTOSCALER_LISTEN=0.0.0.0:9595
USER 65532:65532
EXPOSE 9595
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s --retries=3 \
    CMD ["python", "-S", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 9595, timeout=4); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["autoscaler"]
CMD ["run"]
