# An image with the server alone.
#
#   docker build -t ochre .
#   docker run -p 127.0.0.1:6379:6379 -v ochre-data:/data ochre --requirepass "a long random text"
#
# Arguments are directives and override /etc/ochre/ochre.conf. Connections come from outside of the container,
# so protected mode refuses them until there is a password (or `--protected-mode no`).

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked -p ochre-server

FROM debian:bookworm-slim
RUN groupadd --system --gid 999 ochre \
    && useradd --system --uid 999 --gid ochre --no-create-home --home-dir /data --shell /usr/sbin/nologin ochre \
    && install -d -o ochre -g ochre -m 750 /data
COPY --from=build /src/target/release/ochre-server /usr/bin/ochre-server
RUN ln -s ochre-server /usr/bin/ochre-check-aof && ln -s ochre-server /usr/bin/ochre-check-rdb
COPY ochre.conf /etc/ochre/ochre.conf
USER 999:999
WORKDIR /data
VOLUME /data
EXPOSE 6379
# SIGTERM writes a snapshot if there are save points; give `docker stop` the time for it with --time.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/ochre-server", "/etc/ochre/ochre.conf", "--daemonize", "no"]
CMD []
