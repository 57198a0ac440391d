"""How the browser's files are kept: named by content, so that browsers keep them for ever, and compressed already."""

from __future__ import annotations

from typing import Any

import brotli
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

# Not for browsers: types, source maps, other shapes of the same module, references that we do not show.
LEFT_OUT = ["*.map", "*.d.ts", "*.cjs.js", "*.amd.js", "*.gz", "redoc*", "swagger*", "cropper.common.js"]


class QuickCompressor(Compressor):  # type: ignore[misc]  # whitenoise ships no types
    """The last level of Brotli takes ten times longer than this one for two percent."""

    @staticmethod
    def compress_brotli(data: bytes) -> bytes:
        return bytes(brotli.compress(data, quality=9))


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # as above
    """Whitenoise's storage, without following `sourceMappingURL` to maps that are not gathered."""

    patterns = tuple(
        (kind, tuple(found for found in patterns if "sourceMappingURL" not in str(found)))
        for kind, patterns in CompressedManifestStaticFilesStorage.patterns
    )

    def create_compressor(self, **kwargs: Any) -> Compressor:
        return QuickCompressor(**kwargs)
