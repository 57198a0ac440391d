"""Browser modules: which bare names (`ui/dom`, `htmx.org`) the import map of every page leads where."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.templatetags.static import static

# Names as npm packages call themselves, so that `tsc` and the browser resolve the same imports.
THIRD_PARTY = {
    "htmx.org": "vendor/htmx/htmx.esm.js",
    "@github/hotkey": "vendor/hotkey/index.js",
    "@github/combobox-nav": "vendor/combobox-nav/index.js",
    "@github/text-expander-element": "vendor/text-expander/index.js",
    "@github/markdown-toolbar-element": "vendor/markdown-toolbar/index.js",
    "cropperjs": "vendor/cropper/cropper.esm.js",
}


def import_map() -> str:
    """The import map as JSON that is safe inside `<script>`. Made once per process (each time when debugging)."""
    if settings.DEBUG:
        own_modules.cache_clear()
        _made.cache_clear()
    return _made()


@lru_cache(maxsize=1)
def own_modules() -> dict[str, str]:
    """`package/file` -> static path, for each `static/<package>/js/<file>.js` (or without `js/`) of our packages."""
    found = {}
    for app in apps.get_app_configs():
        if not app.name.startswith("tertulia."):
            continue
        folder = Path(app.path) / "static"
        for path in sorted((folder / app.label).rglob("*.js")):
            inside = path.relative_to(folder).as_posix()
            name = inside.removeprefix(f"{app.label}/").removeprefix("js/").removesuffix(".js")
            found[f"{app.label}/{name}"] = inside
    return found


@lru_cache(maxsize=1)
def _made() -> str:
    imports = {name: static(path) for name, path in {**THIRD_PARTY, **own_modules()}.items()}
    return json.dumps({"imports": imports}).replace("<", "\\u003c")
