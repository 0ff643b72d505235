# syntax=docker/dockerfile:1
# The images can be replaced where the defaults cannot be reached:
#   docker build --build-arg BUILD_IMAGE=… --build-arg GOPROXY=… .
ARG BUILD_IMAGE=golang:1.26
FROM ${BUILD_IMAGE} AS build
ARG GOPROXY
ARG VERSION=dev
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/xunjia ./cmd/xunjia \
    && mkdir -p /out/data

# Nothing but the binary: it carries its time zone, its root certificates and
# its pages, and it is its own health check.
FROM scratch
COPY --from=build /out/xunjia /xunjia
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
ENV XUNJIA_ENV=production XUNJIA_LISTEN=0.0.0.0:8080 XUNJIA_DATA_DIR=/data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=3s --start-period=10s CMD ["/xunjia", "healthcheck"]
ENTRYPOINT ["/xunjia"]
