# Two images of the same layers. The last stage is what `docker build .` makes: it runs as uid 65532, or any other.
# `docker build --target sagemaker .` makes the one for SageMaker, which expects root and asks itself who calls.

# The tag follows security fixes of its Debian and Node. Give what never changes as NODE_IMAGE=node:24-…@sha256:….
ARG NODE_IMAGE=docker.io/library/node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Install scripts stay off: nothing here needs one.
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY scripts scripts
COPY src src
RUN npm run build
# What dist/ loads stays, and the list of what that is.
RUN node scripts/image-modules.mjs

FROM ${NODE_IMAGE} AS runtime
WORKDIR /app
# Two arenas: threads that loaded a model and ended would leave theirs to the allocator instead of the system. A fixed
# threshold: otherwise the first large body that is freed makes the allocator keep the memory of all that follow.
ENV NODE_ENV=production \
    SM_MODEL_DIR=/opt/ml/model \
    SHAPSERVE_HOST=0.0.0.0 \
    MODEL_SERVER_WORKERS=auto \
    NODE_COMPILE_CACHE=/app/.cache \
    MALLOC_ARENA_MAX=2 \
    MALLOC_MMAP_THRESHOLD_=131072
COPY --from=build /app/package.json /app/sbom.cdx.json ./
COPY --from=build /app/licenses licenses
COPY LICENSE scripts/healthcheck.mjs ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
# Compiled code is cached in the image, so that a container starts faster: what a training and a whole life of a service
# use, in one process and in two. Node keeps a cache for each uid, which only that uid may read; root's is made that of
# uid 65532, too. Under any other uid the service starts without.
RUN node -e "for (let i = 0; i < 200; i++) console.log(i ? [i % 7, i % 3 ? 'a' : 'b', i % 2].join() : 'x,c,y')" > /tmp/table.csv && \
    node dist/cli.js train /tmp/table.csv --target y --set n_estimators=5 --model-dir /tmp/model && \
    MODEL_SERVER_WORKERS=1 node dist/cli.js doctor /tmp/model && \
    MODEL_SERVER_WORKERS=2 node dist/cli.js doctor /tmp/model && \
    rm -r /tmp/table.csv /tmp/model && \
    chmod -R a+rX .cache && \
    for made in .cache/*-0; do ln -s "${made##*/}" "${made%-0}-65532" || exit 1; done
EXPOSE 8080
# For Docker and Compose, which look at nothing else; Kubernetes and SageMaker ask /ping themselves.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["node", "/app/healthcheck.mjs"]
ENTRYPOINT ["node", "/app/dist/cli.js"]
CMD ["serve"]
# Last, because another revision makes all that follows anew.
ARG NODE_IMAGE
ARG REVISION=
LABEL org.opencontainers.image.title="shapserve" \
      org.opencontainers.image.description="Trains, serves and explains tabular classifiers" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${NODE_IMAGE}"

FROM runtime AS sagemaker
LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true \
      com.amazonaws.sagemaker.capabilities.multi-models=true
# IAM asks who calls. /opt/ml is mounted for root, and a training writes below it.
ENV ALLOW_UNAUTHENTICATED=true

FROM runtime AS service
USER 65532:65532
