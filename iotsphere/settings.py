"""Settings of the portal: defaults run on a fresh clone, everything else comes from the environment.

Every variable may also be given as NAME_FILE, the path of a file that holds the value (for secrets).
docs/operator.md lists them all.
"""

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

from celery.schedules import crontab
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy
from environ import FileAwareEnv

from iotsphere.csp_sources import origins_of_tiles
from iotsphere.observability.logs import logging_config

env = FileAwareEnv()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = env.bool("DEBUG", default=False)
# The demo project's broker takes devices without a credential, and pages show how to send to it.
DEMO = env.bool("DEMO", default=False)

KEY_OF_RUN = DATA_DIR / "secret_key"  # made by `manage.py run`, found by the commands used beside it
SECRET_KEY = env.str(
    "SECRET_KEY",
    default=KEY_OF_RUN.read_text() if KEY_OF_RUN.is_file() else "insecure-development-key" if DEBUG else "",
)
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. `make run` makes one by itself; elsewhere set SECRET_KEY or SECRET_KEY_FILE "
        "to a long random string (or DEBUG=1 on a development machine)."
    )

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = env.bool("HTTPS", default=False)

# --- Apps -------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "unfold.contrib.simple_history",
    "iotsphere.apps.IoTSphereConfig",
    "iotsphere.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "devices.apps.DevicesConfig",
    "telemetry.apps.TelemetryConfig",
    "alerts.apps.AlertsConfig",
    "mlmonitor.apps.ModelMonitoringConfig",
    "reports.apps.ReportsConfig",
    "axes",
    "channels",
    "corsheaders",
    "csp",
    "django_celery_beat",
    "django_filters",
    "django_prometheus",
    "django_structlog",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "import_export",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "simple_history",
]

MIDDLEWARE = [
    "iotsphere.observability.health.HealthMiddleware",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "iotsphere.observability.trace.TraceMiddleware",
    "iotsphere.observability.trace.RequestLogMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "iotsphere.csp.PathPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "iotsphere.pwa.headers.WhoseMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "iotsphere.accounts.preferences.PreferencesMiddleware",
    "iotsphere.accounts.sign_ins.SeenMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "iotsphere.urls"
ASGI_APPLICATION = "iotsphere.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Database, Redis, broker ------------------------------------------------------------------------------------

DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'iotsphere.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # IMMEDIATE: a transaction that reads first and writes later waits for its turn instead of failing.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA mmap_size=134217728; "
            "PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-16000;"
        ),
    }
else:
    # Under ASGI every request may run in another thread: persistent connections would exhaust PostgreSQL's.
    # Who gets none within five seconds answers 503 rather than keep its sender waiting. For as long is a server that is
    # away tried again, with growing pauses; then the next who asks has it tried anew.
    DATABASES["default"]["OPTIONS"] = {
        # For tables of many partitions PostgreSQL expects much work and compiles short queries, for seconds.
        "options": "-c jit=off",
        "pool": {
            "min_size": 1,
            "max_size": env.int("DATABASE_POOL", default=10),
            "timeout": 5,
            "reconnect_timeout": 5,
        },
        # A server whose machine vanished says nothing, not even that it is gone.
        "connect_timeout": 5,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
    }
    # After a restart of the server the connections in the pool are dead: found out before one is used.
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        # The layer waits for messages as long as redis-py would wait for any answer by default: give up later.
        "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_timeout": 15}], "prefix": "iotsphere"},
    }
}

MQTT_URL = env.str("MQTT_URL", default="mqtt://127.0.0.1:1883")
# Folder with password file, ACL and pid of a broker on this machine that the portal manages; empty for others.
BROKER_DIR = env.str("BROKER_DIR", default="")
# How the broker is told who may come in: "files" in BROKER_DIR, or "dynsec", its dynamic security plugin, over MQTT.
BROKER_ACCESS = env.str("BROKER_ACCESS", default="files")
if BROKER_ACCESS not in {"files", "dynsec"}:
    raise ImproperlyConfigured("BROKER_ACCESS must be files or dynsec.")
# Brokers that the MQTT console may connect to besides the portal's own: Name=mqtts://user:password@host,… Further
# parts of the address: ?ca=/path/to/ca.pem, &project=<slug> (for its operators alone), &network=10.0.0.0/8 (where a
# name may lead besides the public network).
MQTT_CONSOLE_BROKERS = env.list("MQTT_CONSOLE_BROKERS", default=[])

# The authority that signs devices' certificates (PEM); empty: the portal makes its own in CA_DIR at first need.
CA_CERTIFICATE = env.str("CA_CERTIFICATE", default="")
CA_KEY = env.str("CA_KEY", default="")
CA_DIR = DATA_DIR / "ca"

# Packages of firmware, and the key that signs them. Several web processes on several machines share it.
FIRMWARE_DIR = DATA_DIR / "firmware"
FIRMWARE_MAX_BYTES = env.int("FIRMWARE_MAX_BYTES", default=64 * 1024 * 1024)

# Files of reports that were made, and for how many days they are kept. All processes share the folder.
REPORTS_DIR = DATA_DIR / "reports"
REPORTS_KEPT_DAYS = env.int("REPORTS_KEPT_DAYS", default=30)
# How many reports the workers make at the same time, all together. One may take 300 MB and a whole core.
REPORTS_AT_ONCE = env.int("REPORTS_AT_ONCE", default=1)

# --- Telemetry --------------------------------------------------------------------------------------------------

# Functions called with the stored readings inside the transaction of each batch, in this order (import strings).
INGEST_EVALUATORS = ["alerts.evaluate.evaluate_readings"]
# Folder into which readings are written before they are thrown away for their age; empty: they are just gone.
COLD_EXPORT_DIR = env.str("COLD_EXPORT_DIR", default="")
INGEST_BATCH_SIZE = env.int("INGEST_BATCH_SIZE", default=5000)
# A request body larger than this answers 413; an MQTT message larger than this is rejected and counted.
INGEST_MAX_BODY_BYTES = env.int("INGEST_MAX_BODY_BYTES", default=256 * 1024)
# A device that makes more requests than this answers 429.
INGEST_REQUESTS_PER_MINUTE = env.int("INGEST_REQUESTS_PER_MINUTE", default=600)
# The ingest workers of one portal share what devices send under this name: two portals at one broker need two.
INGEST_GROUP = env.str("INGEST_GROUP", default="ingest")
# Whether several of them take their share each, or all but one stand by.
INGEST_SHARED = env.bool("INGEST_SHARED", default=False)
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# --- Live updates -----------------------------------------------------------------------------------------------

# What people can subscribe to besides devices (import strings of telemetry.live.topics.Topic).
LIVE_TOPICS = ["alerts.live.ALERTS", "alerts.live.NOTIFICATIONS"]
# How much of each web process one account may take.
LIVE_SOCKETS_PER_USER = env.int("LIVE_SOCKETS_PER_USER", default=100)
LIVE_SUBSCRIPTIONS_PER_USER = env.int("LIVE_SUBSCRIPTIONS_PER_USER", default=500)
# Seconds in which a live socket's client has to say that it has read what it was sent; it is closed otherwise.
LIVE_PONG_WITHIN = env.int("LIVE_PONG_WITHIN", default=30)

# --- Celery -----------------------------------------------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL
# Longer than the longest task: a task unacknowledged for this long is given to another worker.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 2 * 60 * 60}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # however long Redis is away
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 60 * 60
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
# What devices are waiting for is sent by the ingest worker, where no long task stands in front of it.
CELERY_TASK_ROUTES = {"devices.tasks.work_off_outbox": {"queue": "ingest"}}
CELERY_BEAT_SCHEDULE = {
    "work off the outbox": {
        "task": "devices.tasks.work_off_outbox",
        "schedule": timedelta(seconds=5),
        "options": {"expires": 5},
    },
    "keep broker informed": {"task": "devices.tasks.keep_broker_informed", "schedule": timedelta(minutes=1)},
    "roll firmware out": {
        "task": "devices.tasks.roll_firmware_out",
        "schedule": timedelta(seconds=5),
        "options": {"expires": 5},
    },
    "go on with purges": {"task": "devices.tasks.go_on_with_purges", "schedule": timedelta(minutes=1)},
    "warn of expiring credentials": {
        "task": "devices.tasks.warn_of_expiring_credentials",
        "schedule": crontab(hour=6, minute=11),
    },
    "prune presence spans": {"task": "devices.tasks.prune_presence_spans", "schedule": timedelta(hours=6)},
    "sweep presence": {"task": "telemetry.tasks.sweep_presence", "schedule": timedelta(seconds=10)},
    "roll up": {"task": "telemetry.tasks.roll_up", "schedule": timedelta(seconds=20)},
    "recut days": {"task": "telemetry.tasks.recut_days", "schedule": timedelta(minutes=1)},
    "maintain partitions": {"task": "telemetry.tasks.maintain_partitions", "schedule": timedelta(hours=1)},
    "enforce retention": {"task": "telemetry.tasks.enforce_retention", "schedule": crontab(hour=3, minute=17)},
    "send notifications": {"task": "alerts.tasks.send_notifications", "schedule": timedelta(seconds=5)},
    "sweep alert rules": {"task": "alerts.tasks.sweep_rules", "schedule": timedelta(seconds=5)},
    "begin due reports": {
        "task": "reports.tasks.begin_due_schedules",
        "schedule": timedelta(seconds=10),
        "options": {"expires": 10},
    },
    "make reports": {
        "task": "reports.tasks.make_reports",
        "schedule": timedelta(seconds=10),
        "options": {"expires": 10},
    },
    "send reports": {"task": "reports.tasks.send_reports", "schedule": timedelta(seconds=5), "options": {"expires": 5}},
    "throw reports away": {"task": "reports.tasks.throw_reports_away", "schedule": timedelta(hours=1)},
    "remake performance": {"task": "mlmonitor.tasks.remake_performance", "schedule": timedelta(minutes=1)},
    "check models": {"task": "mlmonitor.tasks.check_models", "schedule": timedelta(minutes=10)},
    "read telemetry for models": {"task": "mlmonitor.tasks.read_telemetry", "schedule": crontab(minute=7)},
    "foretell": {"task": "mlmonitor.tasks.foretell_devices", "schedule": timedelta(minutes=2)},
    "forget old features": {"task": "mlmonitor.tasks.forget_old_features", "schedule": crontab(hour=4, minute=23)},
    "retry evaluators": {"task": "telemetry.tasks.retry_evaluators", "schedule": timedelta(seconds=30)},
    "prune rejected items": {"task": "telemetry.tasks.prune_rejected_items", "schedule": timedelta(minutes=10)},
    "prune kept answers": {"task": "devices.tasks.prune_kept_answers", "schedule": timedelta(hours=1)},
    "prune dashboards": {"task": "iotsphere.tasks.prune_dashboards", "schedule": timedelta(days=1)},
    "prune sign-ins": {"task": "iotsphere.tasks.prune_sign_ins", "schedule": timedelta(days=1)},
    "prune expired tokens": {"task": "iotsphere.tasks.prune_expired_tokens", "schedule": timedelta(days=1)},
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
DJANGO_STRUCTLOG_CELERY_ENABLED = True  # tasks log with the ID of the request that started them

# --- Accounts ---------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "iotsphere.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "fleet"
LOGOUT_REDIRECT_URL = "login"

AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "iotsphere.accounts.lockout.locked_out"
AXES_RESET_ON_SUCCESS = True

# --- API --------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework_simplejwt.authentication.JWTAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["iotsphere.api.media.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": [
        "iotsphere.api.media.JSONRenderer",
        "rest_framework.renderers.BrowsableAPIRenderer",
    ],
    "DEFAULT_FILTER_BACKENDS": [
        "iotsphere.api.filters.KnownParameters",
        "iotsphere.api.filters.Filters",
        "iotsphere.api.filters.Search",
        "iotsphere.api.filters.Ordering",
    ],
    "DEFAULT_PAGINATION_CLASS": "iotsphere.api.pagination.Pages",
    "DEFAULT_SCHEMA_CLASS": "iotsphere.api.schema.OperationSchema",
    "EXCEPTION_HANDLER": "iotsphere.api.problems.problem_response",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=7),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "CHECK_REVOKE_TOKEN": True,
    "UPDATE_LAST_LOGIN": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "IoTSphere",
    "DESCRIPTION": "Devices, telemetry, and all that stands on them. Times are ISO 8601; errors are problem+json.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    # All operations at once take a browser many seconds.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "docExpansion": "none", "filter": True},
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "DriftVerdict": "mlmonitor.models.check.Verdict",
        "AlertEventKind": "alerts.models.EventKind",
        "AlertStatus": "alerts.models.alert.AlertStatus",
        "BacktestStatus": "alerts.models.backtest.BacktestStatus",
        "MinimumSeverity": "alerts.models.notification.MinimumSeverity",
        "NotificationStatus": "alerts.models.NotificationStatus",
        "Severity": "alerts.models.alert.Severity",
        "Transport": "alerts.models.Transport",
        "DashboardFileFormat": "iotsphere.boards.api.serializers.FORMAT_CHOICES",
        "WidgetKind": "iotsphere.boards.api.serializers.KIND_CHOICES",
        "TransportOfPeople": "alerts.models.notification.OF_PEOPLE",
        "TransportTried": "alerts.models.notification.TRIED",
        "CommandReply": "telemetry.api.device.REPLY_CHOICES",
        "CommandStatus": "devices.command_states.CommandStatus",
        "FirmwareCampaignStatus": "devices.models.CampaignStatus",
        "FirmwareUpdateStatus": "devices.firmware.states.UpdateStatus",
        "CredentialKind": "devices.models.CredentialKind",
        "MetricKind": "devices.models.MetricKind",
        "Presence": "devices.models.Presence",
        "ReportFormat": "reports.models.Format",
        "ReportFrequency": "reports.models.Frequency",
        "ReportRunStatus": "reports.models.RunStatus",
        "ReportDeliveryPurpose": "reports.models.Purpose",
        "RoleEnum": "devices.permissions.Role",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "iotsphere.api.schema.add_problems",
    ],
}
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_URLS_REGEX = r"^/api/"

# --- Security ---------------------------------------------------------------------------------------------------

SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=HTTPS)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = False  # the pages' scripts send it with their requests
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Where maps come from, such as https://tile.example.org/{z}/{x}/{y}.png; empty: the portal's own outlines of countries.
MAP_TILE_URL = env.str("MAP_TILE_URL", default="")
MAP_ATTRIBUTION = env.str("MAP_ATTRIBUTION", default="")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", *origins_of_tiles(MAP_TILE_URL)],
        "connect-src": [SELF],
        "worker-src": [SELF],
        "manifest-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
# Unfold's Alpine evaluates expressions and sets styles; these two exceptions hold for its pages alone.
ADMIN_CONTENT_SECURITY_POLICY = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}

# --- Language, time, files --------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
# A second one needs its messages in locale/; then people choose on their profile.
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = ["iotsphere.formats"]

STATIC_URL = "static/"
# Where collectstatic puts files in production; empty: they are served from where they lie, found once at start.
STATIC_ROOT = env.str("STATIC_ROOT", default="") or None
NODE_MODULES = BASE_DIR / "node_modules"
STATICFILES_DIRS: list[Path | tuple[str, Path]] = [BASE_DIR / "static"]
VENDOR_FILES = {
    "chart.js": "chart.js/dist",
    "chartjs-adapter-date-fns": "chartjs-adapter-date-fns/dist",
    "chartjs-plugin-zoom": "chartjs-plugin-zoom/dist",
    "hammerjs": "hammerjs",
    "leaflet": "leaflet/dist",
    "world-atlas": "world-atlas",
}
STATICFILES_DIRS += [
    (f"vendor/{name}", NODE_MODULES / folder)
    for name, folder in VENDOR_FILES.items()
    if (NODE_MODULES / folder).is_dir()
]
WHITENOISE_USE_FINDERS = STATIC_ROOT is None
WHITENOISE_AUTOREFRESH = DEBUG
if not WHITENOISE_USE_FINDERS and not DEBUG:
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }

EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
# Where people and webhooks find this portal, for links in what is sent.
PORTAL_URL = env.str("PORTAL_URL", default=f"http://localhost:{env.int('PORT', default=8000)}").rstrip("/")
# Private networks that webhooks may lead into all the same, such as 10.1.0.0/16.
WEBHOOK_PRIVATE_NETWORKS = [ip_network(network) for network in env.list("WEBHOOK_PRIVATE_NETWORKS", default=[])]
# By which the makers of browsers know this portal (PEM); empty: one is made in DATA_DIR when a browser asks for it.
VAPID_KEY = env.str("VAPID_KEY", default="")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="iotsphere@localhost")

# --- Logs -------------------------------------------------------------------------------------------------------

LOGGING_CONFIG = None
LOG_FORMAT = env.str("LOG_FORMAT", default="console")
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
logging_config(LOG_FORMAT, LOG_LEVEL)
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True  # TraceMiddleware has looked at it
# Who sends it as a bearer token may read /metrics. Superusers may, and in the demo this machine.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

# --- Admin site -------------------------------------------------------------------------------------------------

UNFOLD = {
    "SITE_TITLE": "IoTSphere",
    "SITE_HEADER": "IoTSphere",
    "SITE_SUBHEADER": "Administration",
    "SITE_ICON": lambda request: static("img/favicon.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("img/favicon.svg")}],
    "SITE_URL": reverse_lazy("fleet"),
    "SHOW_BACK_BUTTON": True,
    "DASHBOARD_CALLBACK": "iotsphere.overview.admin_overview",
    "SIDEBAR": {"navigation": "iotsphere.admin_navigation.sidebar", "show_search": True, "command_search": True},
    "SCRIPTS": [lambda request: static("js/admin-scheme.js")],
    "STYLES": [
        lambda request: static("css/tokens.css"),
        lambda request: static("css/components.css"),
        lambda request: static("css/admin.css"),
    ],
}
