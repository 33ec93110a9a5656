# The bot in an image: everything that it writes goes to /data, so the rest may be read-only.
#   docker build -t uagbot .
#   docker run --rm -it -v uagbot:/data uagbot setup
#   docker run -d --name uagbot --read-only --cap-drop ALL --restart on-failure -v uagbot:/data uagbot

FROM python:3.11-slim AS build
RUN python -m venv /opt/uagbot
ENV PATH=/opt/uagbot/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY requirements.lock ./
RUN pip install --require-hashes --no-deps -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY storage storage
COPY commands commands
COPY bot bot
RUN pip install --no-deps .

FROM python:3.11-slim
COPY --from=build /opt/uagbot /opt/uagbot
RUN useradd --system --uid 10001 --home-dir /data --no-create-home uagbot \
    && install -d -o uagbot -g uagbot -m 0700 /data
ENV PATH=/opt/uagbot/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/data UAGBOT_CONFIG=/data/config.toml
USER 10001
WORKDIR /data
VOLUME /data
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ.get(\"UAGBOT_WEB__PORT\", \"8090\")}/readyz', timeout=4)"]
ENTRYPOINT ["uagbot"]
CMD ["run"]
