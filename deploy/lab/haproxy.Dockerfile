# Stand-in for the public image: Debian's package of the same release line, laid out as upstream's image.
FROM python:3.13-slim
LABEL org.opencontainers.image.description="stand-in, built from packages where no registry answers"
RUN apt-get update -q \
 && apt-get install -q -y --no-install-recommends haproxy \
 && rm -rf /var/lib/apt/lists/* \
 && mkdir -p /usr/local/etc/haproxy \
 && ln -s /usr/sbin/haproxy /usr/local/sbin/haproxy
STOPSIGNAL SIGUSR1
USER haproxy
ENTRYPOINT ["haproxy", "-W", "-db"]
CMD ["-f", "/usr/local/etc/haproxy/haproxy.cfg"]
