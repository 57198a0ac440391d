"""FORM_RENDERER: every Django form of every package is written by `ui/form.html` and `ui/field.html`."""

from __future__ import annotations

from pathlib import Path

from django import forms
from django.forms.renderers import DjangoTemplates
from django.template.backends.django import DjangoTemplates as Engine
from django.utils.functional import cached_property


class FormRenderer(DjangoTemplates):
    """Django's own widgets inside our labels, hints and errors.

    But for choices, which have templates of ours under `django/forms/widgets`: each is read in its own direction, so
    that `#general` keeps its sign in front where the page is read from the right (Unicode UAX 9, isolates).
    """

    form_template_name = "ui/form.html"
    field_template_name = "ui/field.html"
    formset_template_name = "ui/formset.html"

    @cached_property
    def engine(self) -> Engine:
        """Django's, but that our templates are found before its own."""
        folders = [Path(__file__).parent / "templates", Path(forms.__file__).parent / "templates"]
        return Engine({"APP_DIRS": True, "DIRS": folders, "NAME": "djangoforms", "OPTIONS": {}})
