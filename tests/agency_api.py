"""An agency's interface over HTTP: Django, its REST framework and its OAuth2 server, with a folder of its own, on loopback.

What pages, cursors, ETags, tokens and 429 are is theirs. Run as a program it serves; imported it starts one.

`moved/` redirects to `page/`, `away/` to the address `other` of the settings, and the listing of `led/` goes on there. With
`apikey` in the settings a listing is given to nobody who does not say it in the query.

Lines of the file `churn` are statements of SQL: before each request of a listing one of them is run, so that a listing
changes exactly while it is read.
"""

import contextlib
import json
import os
import pathlib
import signal
import sqlite3
import ssl
import subprocess
import sys
import urllib.error
import urllib.request

CLIENT, SECRET = "ioc-tests", "only-f0r-tests"


def serve(folder, port):
    """Serves until it is ended. Settings stand in `settings.json`."""
    import django
    from django.conf import settings

    told = json.loads((folder / "settings.json").read_text())
    settings.configure(
        SECRET_KEY="only for tests",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "db.sqlite3"), "OPTIONS": {"timeout": 30}}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "oauth2_provider"],
        MIDDLEWARE=["django.middleware.common.CommonMiddleware", "django.middleware.gzip.GZipMiddleware", "django.middleware.http.ConditionalGetMiddleware"],
        CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        OAUTH2_PROVIDER={"ACCESS_TOKEN_EXPIRE_SECONDS": told.get("token_lives", 3600), "SCOPES": {"doc": "read", "khac": "other"}},
        REST_FRAMEWORK={
            "DEFAULT_AUTHENTICATION_CLASSES": ["oauth2_provider.contrib.rest_framework.OAuth2Authentication"],
            "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
            "DEFAULT_THROTTLE_RATES": {"anon": told.get("throttle")},
        },
    )
    django.setup()

    from django.core.management import call_command
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application
    from django.db import connection, models
    from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
    from django.urls import include, path
    from oauth2_provider.contrib.rest_framework import TokenHasScope
    from oauth2_provider.models import get_application_model
    from rest_framework import generics, pagination, serializers, throttling

    class Row(models.Model):
        ma_xa = models.CharField(max_length=5)
        ky = models.CharField(max_length=7)
        chi_tieu = models.CharField(max_length=32)
        gia_tri = models.DecimalField(max_digits=18, decimal_places=4, null=True)
        cap_nhat = models.DateTimeField(null=True)

        class Meta:
            app_label = "agency"
            db_table = "bao_cao"

    class Rows(serializers.ModelSerializer):
        class Meta:
            model = Row
            fields = "__all__"

    def churn():
        file = folder / "churn"
        lines = file.read_text().splitlines() if file.exists() else []
        if lines:
            file.write_text("\n".join(lines[1:]))
            with connection.cursor() as cursor:
                cursor.execute(lines[0])

    def log(request):
        kept = {name: request.headers.get(name) for name in ("If-None-Match", "Accept-Encoding", "X-Key")}
        with open(folder / "requests", "a") as file:
            file.write(json.dumps({"path": request.get_full_path(), **kept}) + "\n")

    class Listing(generics.ListAPIView):
        serializer_class = Rows
        permission_classes = [TokenHasScope]
        required_scopes = ["doc"]
        throttle_classes = [throttling.AnonRateThrottle] if told.get("throttle") else []

        def get_queryset(self):
            rows = Row.objects.order_by("cap_nhat", "id")
            if since := self.request.query_params.get("tu"):
                rows = rows.filter(cap_nhat__gte=since)
            if period := self.request.query_params.get("ky"):
                rows = rows.filter(ky=period)
            return rows

        def list(self, request, *arguments, **more):
            log(request)
            if told.get("apikey") and request.query_params.get("apikey") != told["apikey"]:
                return HttpResponse(status=401)
            churn()
            return super().list(request, *arguments, **more)

    class Pages(pagination.PageNumberPagination):
        page_size, page_size_query_param = 20, "n"

    class Offset(pagination.LimitOffsetPagination):
        default_limit = 20

    class Cursor(pagination.CursorPagination):
        page_size, ordering = 20, ("cap_nhat", "id")

    def listing(by):
        return type("Listing", (Listing,), {"pagination_class": by}).as_view()

    def csv(request):
        log(request)
        with connection.cursor() as cursor:
            cursor.execute("SELECT ma_xa, ky, chi_tieu, gia_tri FROM bao_cao ORDER BY id")
            lines = [",".join(map(str, row)) for row in cursor.fetchall()]
        return HttpResponse("ma_xa,ky,chi_tieu,gia_tri\n" + "\n".join(lines) + "\n", content_type="text/csv; charset=utf-8")

    def moved(request):
        log(request)
        query = request.GET.copy()
        query.pop("apikey", None)
        return HttpResponseRedirect(f"/page/?{query.urlencode()}")

    def away(request):
        log(request)
        return HttpResponseRedirect(told["other"] + request.get_full_path())

    def led(request):
        log(request)
        return JsonResponse({"results": [], "next": told["other"] + "/page/?page=2"})

    global urlpatterns
    urlpatterns = [
        path("page/", listing(Pages)),
        path("offset/", listing(Offset)),
        path("cursor/", listing(Cursor)),
        path("moved/", moved),
        path("away/", away),
        path("led/", led),
        path("whole.csv", csv),
        path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    ]
    if not (folder / "made").exists():
        call_command("migrate", verbosity=0)
        with connection.schema_editor() as editor:
            editor.create_model(Row)
        Application = get_application_model()
        Application.objects.create(
            name="ioc",
            client_id=CLIENT,
            client_secret=SECRET,
            client_type=Application.CLIENT_CONFIDENTIAL,
            authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
        )
        (folder / "made").touch()
    server = ThreadedWSGIServer(("127.0.0.1", port), WSGIRequestHandler)
    server.daemon_threads = True
    server.set_app(get_wsgi_application())
    if told.get("certificate"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(told["certificate"], told["key"])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


class AgencyApi:
    """One that serves on a port of its own."""

    def __init__(self, folder, port, **settings):
        self.folder, self.port, self.settings = pathlib.Path(folder), port, settings
        self.folder.mkdir()
        self.process = None

    @property
    def url(self):
        return f"{'https' if 'certificate' in self.settings else 'http'}://127.0.0.1:{self.port}"

    def start(self):
        from ioc import eventually

        (self.folder / "settings.json").write_text(json.dumps(self.settings))
        with open(self.folder / "log", "ab") as log:
            command = [sys.executable, __file__, str(self.folder), str(self.port)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        eventually(self._is_up, seconds=90)
        return self

    def _is_up(self):
        assert self.process.poll() is None, (self.folder / "log").read_text()[-3000:]
        context = ssl._create_unverified_context() if "certificate" in self.settings else None
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(f"{self.url}/whole.csv", timeout=5, context=context).read()
            return True
        return False

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)

    def run(self, statement, *rows):
        """Changes the agency's table behind the interface."""
        with contextlib.closing(sqlite3.connect(self.folder / "db.sqlite3", timeout=30)) as database, database:
            if rows:
                database.executemany(statement, rows)
            else:
                database.execute(statement)

    def churn(self, *statements):
        (self.folder / "churn").write_text("\n".join(statements))

    def requests(self):
        file = self.folder / "requests"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    serve(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
