# Stand-in for the public image: Debian's build, laid out as upstream's image.
FROM python:3.13-slim AS build
WORKDIR /package
RUN apt-get update -q && apt-get download -q prometheus-alertmanager \
 && dpkg -x ./*.deb . && rm -rf /var/lib/apt/lists/*

FROM python:3.13-slim
LABEL org.opencontainers.image.description="stand-in, built from packages where no registry answers"
COPY --from=build /package/usr/bin/prometheus-alertmanager /bin/alertmanager
COPY --from=build /package/usr/share/prometheus/alertmanager /usr/share/prometheus/alertmanager
RUN mkdir -p /etc/alertmanager /alertmanager && chown -R 65534:65534 /etc/alertmanager /alertmanager
USER 65534:65534
EXPOSE 9093
WORKDIR /alertmanager
ENTRYPOINT ["/bin/alertmanager"]
CMD ["--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/alertmanager"]
