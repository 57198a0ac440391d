"""The product's settings, with one more page (urls.py beside this)."""

from tertulia.config.settings import *  # noqa: F403 - all of them

ROOT_URLCONF = "bench.limits.urls"
