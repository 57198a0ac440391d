"""Django's settings, derived from the `TERTULIA_*` settings of `config.environment`. Nothing is set here by hand."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF

from tertulia.config import derive
from tertulia.config.environment import LANGUAGES as OUR_LANGUAGES
from tertulia.config.environment import read_environment
from tertulia.config.sign_in import read_sign_in
from tertulia.kernel.logging import logging_config

ENVIRONMENT = read_environment()
ROOT = Path(__file__).resolve().parents[3]
VAR = ENVIRONMENT.var.expanduser().resolve()
VERSION = version("tertulia")

SECRET_KEY = derive.secret_key(ENVIRONMENT.secret_key, VAR)
DEBUG = ENVIRONMENT.debug
DEMO = ENVIRONMENT.demo
SIGN_UP = ENVIRONMENT.sign_up
SIGN_IN = read_sign_in(ENVIRONMENT.sign_in)
LOCAL_SIGN_IN = ENVIRONMENT.local_sign_in
BASE_URL = ENVIRONMENT.url
_HTTPS = BASE_URL.startswith("https://")
_HOST = urlsplit(BASE_URL).hostname or "localhost"
ALLOWED_HOSTS = ["*"] if DEMO or DEBUG else sorted({_HOST, "localhost", "127.0.0.1", "[::1]"})
CSRF_TRUSTED_ORIGINS = [BASE_URL]
MAX_FILE_BYTES = ENVIRONMENT.max_file_mb * 1024 * 1024
MAX_FORM_BYTES = 4 * 1024 * 1024
MAX_LIST_BYTES = 16 * 1024 * 1024  # 10,000 people of an enrolment, all in a script that JSON writes as \u0000
WEB_THREADS = ENVIRONMENT.threads
FAST_LANE = ENVIRONMENT.fast_lane == "on"
LIMITS = ENVIRONMENT.limits
PROXIES = ENVIRONMENT.behind_proxy

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
    "tertulia.enrolments",
    "tertulia.integrations",
    "tertulia.integrations.lti",
    "tertulia.integrations.openedx",
    "tertulia.integrations.scim",
    "tertulia.live",
    *(["tertulia.demo"] if DEMO else []),
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.saml",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.idp.oidc",
    "procrastinate.contrib.django",
    "ninja",
    "django_htmx",
    "csp",
]

MIDDLEWARE = [
    "tertulia.config.middleware.GuardMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "tertulia.integrations.lti.middleware.FrameMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tertulia.config.middleware.SessionActivityMiddleware",
    "tertulia.ui.middleware.PersonMiddleware",
    "tertulia.workspaces.middleware.LastWorkspaceMiddleware",
    "tertulia.config.middleware.AddressLimitMiddleware",
    "tertulia.ui.middleware.RefusalMiddleware",
]

ROOT_URLCONF = "tertulia.config.urls"
WSGI_APPLICATION = "tertulia.config.wsgi.application"
APPEND_SLASH = False
SUBSCRIPTIONS = "tertulia.config.subscriptions.SUBSCRIPTIONS"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Without a URL the program starts the private server and hands its URL down in the environment.
DATABASES = {"default": derive.database(ENVIRONMENT.database_url)}
BUS_URL = ENVIRONMENT.bus_url
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "kernel_cache"}}

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 60
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
SESSION_COOKIE_NAME = "tertulia_session"
CSRF_COOKIE_NAME = "tertulia_csrf"
CSRF_FAILURE_VIEW = "tertulia.ui.errors.csrf_failed"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if _HTTPS else 0
X_FRAME_OPTIONS = "DENY"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "src/tertulia/config/templates"],
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

FORM_RENDERER = "tertulia.ui.renderer.FormRenderer"

AUTH_USER_MODEL = "people.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "handle", "display_name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "tertulia.people.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if _HTTPS else "http"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Tertulia"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not _HTTPS  # browsers themselves allow it on localhost only
USERSESSIONS_ADAPTER = "tertulia.people.adapter.SessionsAdapter"
USERSESSIONS_TRACK_ACTIVITY = True
ACCOUNT_FORMS = {
    "signup": "tertulia.people.forms.SignUpForm",
    "request_login_code": "tertulia.people.forms.RequestCodeForm",
}
MFA_FORMS = {"authenticate": "tertulia.people.forms.SecondFactorForm"}
ACCOUNT_RATE_LIMITS = {"login": "", "request_login_code": ""}  # people limits these, and says how long to wait
SOCIALACCOUNT_ADAPTER = "tertulia.people.adapter.SocialAccountAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = True  # a form's way to other sites is what our content policy closes; the state guards it
SOCIALACCOUNT_PROVIDERS = {"saml": {"provider_class": "tertulia.people.sign_in.saml.SamlProvider"}}
IDP_OIDC_ADAPTER = "tertulia.people.tools.adapter.ToolAdapter"
IDP_OIDC_REFRESH_TOKEN_EXPIRES_IN = 60 * 60 * 24 * 30
SIGN_UP_DOORS = ["tertulia.workspaces.access.invited"]
INVITATION_CHANNELS = "tertulia.channels.doors.invitation_channels"

LANGUAGE_CODE = ENVIRONMENT.language
LANGUAGES = list(OUR_LANGUAGES.items())
LOCALE_PATHS = [ROOT / "src/tertulia/ui/locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
NODE_MODULES = ROOT / "node_modules"
STATICFILES_DIRS = [
    ("vendor/htmx", NODE_MODULES / "htmx.org/dist"),
    ("vendor/hotkey", NODE_MODULES / "@github/hotkey/dist"),
    ("vendor/combobox-nav", NODE_MODULES / "@github/combobox-nav/dist"),
    ("vendor/text-expander", NODE_MODULES / "@github/text-expander-element/dist"),
    ("vendor/markdown-toolbar", NODE_MODULES / "@github/markdown-toolbar-element/dist"),
    ("vendor/cropper", NODE_MODULES / "cropperjs/dist"),
]
STORAGES = {
    "default": derive.file_storage(ENVIRONMENT.storage_url, VAR),
    "staticfiles": {"BACKEND": "tertulia.config.staticfiles.StaticFiles"},
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_FORM_BYTES

EMAIL_BACKEND, _mail = derive.mail(ENVIRONMENT.mail_url)
EMAIL_HOST = _mail.get("host", "localhost")
EMAIL_PORT = int(_mail.get("port", "25"))
EMAIL_HOST_USER = _mail.get("user", "")
EMAIL_HOST_PASSWORD = _mail.get("password", "")
EMAIL_USE_TLS = _mail.get("security") == "starttls"
EMAIL_USE_SSL = _mail.get("security") == "tls"
EMAIL_FILE_PATH = _mail.get("folder")
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENVIRONMENT.mail_from

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
PROCRASTINATE_ON_APP_READY = None
PROCRASTINATE_WORKER_DEFAULTS = {"concurrency": 2, "delete_jobs": "successful", "shutdown_graceful_timeout": 8}

LOGGING_CONFIG = None  # configured below: structlog speaks for Django too
logging_config(level=ENVIRONMENT.log_level)

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
