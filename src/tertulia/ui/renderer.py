"""FORM_RENDERER: every Django form of every package is written by `ui/form.html` and `ui/field.html`."""

from __future__ import annotations

from django.forms.renderers import DjangoTemplates


class FormRenderer(DjangoTemplates):
    """Django's own widgets inside our labels, hints and errors."""

    form_template_name = "ui/form.html"
    field_template_name = "ui/field.html"
    formset_template_name = "ui/formset.html"
