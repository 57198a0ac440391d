"""Django's settings, derived from the `TERTULIA_*` settings of `config.environment`. Nothing is configured here by hand."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from urllib.parse import unquote, urlsplit

from csp.constants import NONCE, NONE, SELF

from tertulia.config.environment import read_environment

ENVIRONMENT = read_environment()
ROOT = Path(__file__).resolve().parents[3]
VAR = ENVIRONMENT.var.expanduser().resolve()
VERSION = "0.1.0"


def _secret_key() -> str:
    if ENVIRONMENT.secret_key is not None:
        return ENVIRONMENT.secret_key.get_secret_value()
    path = VAR / "secret-key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(64))
        except FileExistsError:
            pass  # another process of this start was quicker
    return path.read_text()


def _database() -> dict[str, object]:
    # Without a URL the program starts the private server and hands its URL down in the environment.
    url = ENVIRONMENT.database_url.get_secret_value() if ENVIRONMENT.database_url else ""
    parts = urlsplit(url)
    query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "tertulia",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(query.pop("host", "") or parts.hostname or ""),
        "PORT": str(parts.port or query.pop("port", "")),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {name: unquote(value) for name, value in query.items()},
        "TEST": {"TEMPLATE": "template0"},
    }


SECRET_KEY = _secret_key()
DEBUG = ENVIRONMENT.debug
DEMO = ENVIRONMENT.demo
BASE_URL = ENVIRONMENT.url
_HTTPS = BASE_URL.startswith("https://")
_HOST = urlsplit(BASE_URL).hostname or "localhost"
ALLOWED_HOSTS = ["*"] if DEMO or DEBUG else sorted({_HOST, "localhost", "127.0.0.1", "[::1]"})
CSRF_TRUSTED_ORIGINS = [BASE_URL]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "tertulia.kernel",
    "tertulia.ui",
    "tertulia.people",
    "tertulia.workspaces",
    "tertulia.channels",
    "tertulia.posts",
    "tertulia.integrations",
    "tertulia.live",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.mfa",
    "allauth.usersessions",
    "procrastinate.contrib.django",
    "ninja",
    "django_htmx",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "tertulia.ui.middleware.PersonMiddleware",
    "tertulia.ui.middleware.RefusalMiddleware",
]

ROOT_URLCONF = "tertulia.config.urls"
WSGI_APPLICATION = "tertulia.config.wsgi.application"
DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "kernel_cache"}}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 60
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
SESSION_COOKIE_NAME = "tertulia_session"
CSRF_COOKIE_NAME = "tertulia_csrf"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "tertulia.ui.context.page",
            ],
            "builtins": ["tertulia.ui.templatetags.ui"],
        },
    }
]

AUTH_USER_MODEL = "people.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = ENVIRONMENT.language
TIME_ZONE = "UTC"
USE_TZ = True
LOCALE_PATHS = [ROOT / "src/tertulia/ui/locale"]

STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
NODE_MODULES = ROOT / "node_modules"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": VAR / "files"}},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "media-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "manifest-src": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

SUBSCRIPTIONS = "tertulia.config.subscriptions.SUBSCRIPTIONS"
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
