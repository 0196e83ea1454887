# syntax=docker/dockerfile:1
FROM rust:1.95-slim-bookworm AS build
# aws-lc (TLS) and zstd are C: a compiler is all they need.
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked && install -D target/release/tributary /out/tributary \
    && install -d -m 0700 /out/data

FROM debian:bookworm-slim
# The certificates of the authorities, for https; nothing else is needed at run time.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/tributary /usr/local/bin/tributary
COPY --from=build --chown=65532:65532 /out/data /data
COPY feeds.toml /config/feeds.toml
USER 65532:65532
ENV TRIBUTARY_CONFIG=/config/feeds.toml \
    TRIBUTARY_BIND=0.0.0.0:8080 \
    TRIBUTARY_STORE=/data
EXPOSE 8080
VOLUME /data
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["/usr/local/bin/tributary", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/tributary"]
CMD ["run"]
