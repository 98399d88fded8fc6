# syntax=docker/dockerfile:1

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Install scripts stay off: nothing here needs one.
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY scripts scripts
COPY src src
RUN npm run build
# The same lockfile again, without what only builds and tests need.
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-slim
WORKDIR /app
LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true \
      com.amazonaws.sagemaker.capabilities.multi-models=true
# IAM asks who calls on SageMaker. Elsewhere give AUTH_TOKEN_FILE, or unset ALLOW_UNAUTHENTICATED.
# Two arenas: threads that loaded a model and ended would leave theirs to the allocator instead of the system. A fixed
# threshold: otherwise the first large body that is freed makes the allocator keep the memory of all that follow.
ENV NODE_ENV=production \
    SM_MODEL_DIR=/opt/ml/model \
    SHAPSERVE_HOST=0.0.0.0 \
    MODEL_SERVER_WORKERS=auto \
    ALLOW_UNAUTHENTICATED=true \
    NODE_COMPILE_CACHE=/app/.cache \
    MALLOC_ARENA_MAX=2 \
    MALLOC_MMAP_THRESHOLD_=131072
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
# Compiled code is cached in the image, so that a container starts faster: what a training and a whole life of a service
# use, in one process and in two.
RUN node -e "for (let i = 0; i < 200; i++) console.log(i ? [i % 7, i % 3 ? 'a' : 'b', i % 2].join() : 'x,c,y')" > /tmp/table.csv && \
    node dist/cli.js train /tmp/table.csv --target y --set n_estimators=5 --model-dir /tmp/model && \
    MODEL_SERVER_WORKERS=1 node dist/cli.js doctor /tmp/model && \
    MODEL_SERVER_WORKERS=2 node dist/cli.js doctor /tmp/model && \
    rm -r /tmp/table.csv /tmp/model
EXPOSE 8080
# Root, because SageMaker runs its containers so: /opt/ml is mounted for root, and a training writes below it.
# Elsewhere: docker run --user node --read-only -v "$PWD/model:/opt/ml/model:ro" -p 8080:8080 shapserve serve
ENTRYPOINT ["node", "/app/dist/cli.js"]
CMD ["serve"]
