# Stand-in for the public image: Debian's build of the same release line, laid out as upstream's image.
FROM python:3.13-slim AS build
ARG SUITE=sid
WORKDIR /package
RUN sed -i "s/ trixie / ${SUITE} /" /etc/apt/sources.list \
 && apt-get update -q -o Acquire::Check-Valid-Until=false \
 && apt-get download -q prometheus \
 && { apt-get download -q promtool || true; } \
 && for package in *.deb; do dpkg -x "$package" . || exit 1; done \
 && rm -rf /var/lib/apt/lists/*

FROM python:3.13-slim
LABEL org.opencontainers.image.description="stand-in, built from packages where no registry answers"
COPY --from=build /package/usr/bin/ /bin/
RUN mkdir -p /etc/prometheus /prometheus \
 && printf 'global: {}\n' > /etc/prometheus/prometheus.yml \
 && chown -R 65534:65534 /etc/prometheus /prometheus
USER 65534:65534
EXPOSE 9090
WORKDIR /prometheus
ENTRYPOINT ["/bin/prometheus"]
CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]
