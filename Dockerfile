FROM python:3.13-slim AS build
WORKDIR /src
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheel .

FROM python:3.13-slim
COPY --from=build /wheel /wheel
COPY .ci/constraints.txt /wheel/
RUN pip install --no-cache-dir --constraint /wheel/constraints.txt \
        "$(echo /wheel/linkboard-*.whl)[postgres]" \
    && rm -r /wheel \
    && install --directory --owner=10001 --group=10001 --mode=700 /data
ENV LINKBOARD_HOST=0.0.0.0 \
    LINKBOARD_DATA_DIR=/data \
    PYTHONUNBUFFERED=1
USER 10001:10001
VOLUME /data
EXPOSE 8000
# A loopback name is trusted, whatever LINKBOARD_TRUSTED_HOSTS says.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["python", "-c", "\
import http.client, os, sys; \
server = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('LINKBOARD_PORT') or 8000), timeout=4); \
server.request('GET', '/healthz'); \
sys.exit(server.getresponse().status != 200)"]
CMD ["linkboard", "serve"]
