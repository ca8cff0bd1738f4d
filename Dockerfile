# The suite as an image: one static binary and nothing else. It runs as any user and writes where it is told to only.
#
# The binary is built outside, by `cargo xtask dist --with-binary` or by the release, so that an image holds the very
# file whose SHA-256 is published, and so that building one needs no network:
#
#   cargo xtask dist --with-binary && docker build --tag lw dist
#
# This file lies in the release tree as well: an action of your own may say `image: Dockerfile` in an offline tree.
FROM scratch
ARG TARGET=x86_64-unknown-linux-musl
COPY bin/${TARGET}/lw /lw
ENTRYPOINT ["/lw"]
