# The portal as one image; web, worker and beat differ only in their command (docker-compose.yml).
ARG BASE=python:3.11-slim-bookworm
# sha256:… of exactly that image (docs/deploy.md); without it nothing is built.
ARG BASE_DIGEST

FROM ${BASE}@${BASE_DIGEST} AS packages
# As requirements/install.sh: the lock names every package, so none is looked up, and then all must fit together.
COPY requirements/base.lock /requirements/base.lock
RUN python -m venv /venv \
 && /venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
        --no-deps --require-hashes --only-binary :all: -r /requirements/base.lock \
 && /venv/bin/python -m pip check

FROM ${BASE}@${BASE_DIGEST}
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=migdata.settings \
    PRIVATE_ROOT=/data/private \
    TMPDIR=/receiving
RUN groupadd --gid 10001 portal \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin portal \
 && install -d -o portal -g portal -m 700 /data/private /receiving
COPY --from=packages /venv /venv
WORKDIR /app
COPY manage.py ./
COPY locale locale
COPY static static
COPY templates templates
COPY migdata migdata
COPY standards standards
COPY jobs jobs
COPY agencies agencies
COPY records records
COPY reports reports
# Neither needs a database; what they write belongs to root, so the running portal cannot change it.
RUN TMPDIR=/tmp python -m migdata.catalogs && TMPDIR=/tmp python manage.py collectstatic --no-input -v0
USER 10001:10001
VOLUME /data /receiving
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
    CMD ["python", "-m", "migdata.probe"]
CMD ["python", "-m", "migdata.server", "--host", "0.0.0.0"]
