"""The OpenAPI description as a page that people read: every operation and every shape, with links between them.

Our own, because those that exist draw themselves by script in one colour scheme and cannot be used by everybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from itertools import groupby
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from ninja import NinjaAPI

from tertulia.kernel import rich_text

_SHAPES = "#/components/schemas/"
_METHODS = ("get", "post", "put", "patch", "delete")
_LIMITS = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minimum": "from {}",
    "maximum": "to {}",
    "minItems": "at least {}",
    "maxItems": "at most {}",
    "default": "otherwise {}",
}
_UNSAID: tuple[object, ...] = (None, "", False, [], {})
_UNBOUNDED = 2**53


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter of an operation or a field of a shape."""

    name: str
    type: SafeString
    required: bool
    note: SafeString


@dataclass(frozen=True, slots=True)
class Operation:
    """What can be asked. `body` and the second of each answer are types, perhaps empty."""

    id: str
    method: str
    path: str
    summary: str
    text: SafeString
    parameters: list[Field]
    body: SafeString
    answers: list[tuple[str, str, SafeString]]


@dataclass(frozen=True, slots=True)
class Shape:
    """What is sent or answered: fields, or for plain values a type."""

    name: str
    text: SafeString
    fields: list[Field]
    type: SafeString


@dataclass(frozen=True, slots=True)
class Reference:
    """The whole, operations by their tag."""

    title: str
    text: SafeString
    tags: list[tuple[str, list[Operation]]]
    shapes: list[Shape]


@cache
def reference(api: NinjaAPI) -> Reference:
    """What a page of `api` shows. It does not change while the program runs."""
    described = api.get_openapi_schema()
    shapes = described["components"]["schemas"]
    operations = sorted(_operations(described["paths"]), key=lambda found: found[0])
    return Reference(
        title=described["info"]["title"],
        text=_text(described["info"]["description"]),
        tags=[(tag, [each for _tag, each in found]) for tag, found in groupby(operations, lambda each: each[0])],
        shapes=[_shape(name, shapes[name]) for name in sorted(shapes)],
    )


def _operations(paths: Mapping[str, Any]) -> Iterator[tuple[str, Operation]]:
    for path, methods in paths.items():
        for method in _METHODS:
            if method in methods:
                yield _operation(method, path, methods[method])


def _operation(method: str, path: str, found: Mapping[str, Any]) -> tuple[str, Operation]:
    made = Operation(
        id=found["operationId"],
        method=method.upper(),
        path=path,
        summary=found["summary"],
        text=_text(found.get("description", "")),
        parameters=[
            _field(each["name"], each["schema"], required=each.get("required", False))
            for each in found.get("parameters", [])
        ],
        body=_content(found.get("requestBody", {})),
        answers=[_answer(int(status), found["responses"][status]) for status in sorted(found["responses"], key=int)],
    )
    return found["tags"][0], made


def _answer(status: int, found: Mapping[str, Any]) -> tuple[str, str, SafeString]:
    return str(status), HTTPStatus(status).phrase, _content(found)


def _content(found: Mapping[str, Any]) -> SafeString:
    for media_type, content in found.get("content", {}).items():
        if media_type.endswith("json"):
            return _type(content["schema"])
        return format_html("<code>{}</code> {}", media_type, _type(content["schema"]))
    return SafeString()


def _shape(name: str, found: Mapping[str, Any]) -> Shape:
    needed = found.get("required", [])
    properties = found.get("properties", {})
    return Shape(
        name=name,
        text=_text(found.get("description", "")),
        fields=[_field(field, schema, required=field in needed) for field, schema in properties.items()],
        type=SafeString() if properties else _type(found),
    )


def _field(name: str, schema: Mapping[str, Any], *, required: bool) -> Field:
    return Field(name, _type(schema), required, _text(schema.get("description", "")))


def _type(schema: Mapping[str, Any]) -> SafeString:
    if reference := schema.get("$ref"):
        name = reference.removeprefix(_SHAPES)
        return format_html('<a href="#shape-{}"><code>{}</code></a>', name, name)
    if one_of := schema.get("anyOf") or schema.get("allOf") or schema.get("oneOf"):
        return format_html_join(mark_safe(" or "), "{}", ((_type(each),) for each in one_of))
    if values := schema.get("enum"):
        return format_html_join(mark_safe(" or "), "<code>{}</code>", ((each,) for each in values))
    if schema.get("type") == "array":
        return format_html("list of {}", _type(schema["items"])) + _limits(schema)
    if schema.get("properties"):
        fields = ((name, _type(each)) for name, each in schema["properties"].items())
        return format_html_join(mark_safe(", "), "<code>{}</code>: {}", fields)
    kind = schema.get("format") or schema.get("type", "anything")
    return format_html("<code>{}</code>", kind) + _limits(schema)


def _limits(schema: Mapping[str, Any]) -> SafeString:
    said = [
        words.format(schema[word])
        for word, words in _LIMITS.items()
        if schema.get(word) not in _UNSAID and not _boundless(schema[word])
    ]
    return format_html(" ({})", ", ".join(said)) if said else SafeString()


def _boundless(value: Any) -> bool:
    return isinstance(value, int) and abs(value) >= _UNBOUNDED


def _text(markdown: str) -> SafeString:
    return mark_safe(rich_text.render(markdown, prefix="reference").html) if markdown else SafeString()  # noqa: S308 - sanitised by kernel.rich_text
