# medialift in an image that holds nothing else: the static program, CA certificates
# and time zones, run by a user who is not root. docs/kubernetes.md says how to use it.
#
#   docker build --build-arg VERSION="$(git describe --tags --always)" -t medialift .

FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=devel
ARG TARGETOS
ARG TARGETARCH
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION" -o /out/medialift ./cmd/medialift
# A volume takes the owner of the directory that it covers.
RUN mkdir -p /out/state

FROM gcr.io/distroless/static-debian12:nonroot
ARG VERSION=devel
LABEL org.opencontainers.image.title="medialift" \
      org.opencontainers.image.description="Moves FiftyOne datasets and their media to the cloud" \
      org.opencontainers.image.source="https://github.com/medialift/medialift" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION"
COPY --from=build /out/medialift /usr/local/bin/medialift
COPY --from=build --chown=65532:65532 /out/state /state
COPY LICENSE /usr/share/doc/medialift/LICENSE
# What undo and a resumed run need; it must outlive the container.
ENV XDG_STATE_HOME=/state
VOLUME /state
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/medialift"]
