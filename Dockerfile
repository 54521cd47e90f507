# The gateway's image: Node.js builds the console, Python the wheel; the image keeps neither toolchain.

FROM node:22.21.1-bookworm-slim AS console
WORKDIR /console
COPY gateway/console/package.json gateway/console/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY gateway/console/ ./
RUN npm run build

FROM python:3.11.14-slim-bookworm AS wheel
WORKDIR /source
COPY requirements-dev.txt ./
RUN pip install --no-cache-dir --require-hashes --only-binary=:all: -r requirements-dev.txt
COPY pyproject.toml README.md LICENSE ./
COPY datasources/ datasources/
COPY resolvers/ resolvers/
COPY schema/ schema/
COPY gateway/ gateway/
COPY --from=console /console/dist/ gateway/console/dist/
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheel .

FROM python:3.11.14-slim-bookworm AS environment
WORKDIR /source
RUN python -m venv /environment
COPY requirements.txt ./
RUN /environment/bin/pip install --no-cache-dir --require-hashes --only-binary=:all: -r requirements.txt
COPY --from=wheel /wheel/ /wheel/
RUN /environment/bin/pip install --no-cache-dir --no-deps --no-index --find-links /wheel pricing-gateway

FROM python:3.11.14-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin gateway
COPY --from=environment /environment/ /environment/
ENV PATH=/environment/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
ENTRYPOINT ["gateway"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
