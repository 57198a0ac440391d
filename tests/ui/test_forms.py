"""Every Django form is written alike: label, hint, errors and control belong together for a screen reader too."""

from __future__ import annotations

import re

from django import forms
from django.forms.renderers import get_default_renderer
from django.utils import translation


class Sample(forms.Form):
    name = forms.CharField(help_text="What people see.")
    goal = forms.CharField(widget=forms.Textarea, required=False)
    joining = forms.ChoiceField(choices=[("open", "Open"), ("closed", "Closed")], widget=forms.RadioSelect)
    agree = forms.BooleanField(help_text="You can change it later.")
    secret = forms.CharField(widget=forms.HiddenInput, required=False)

    def clean(self) -> None:
        raise forms.ValidationError("The whole does not fit.")


def test_a_field_has_label_and_hint_tied_to_its_control() -> None:
    html = str(Sample()["name"].as_field_group())
    assert '<label for="id_name">Name</label>' in html
    assert 'id="id_name_helptext"' in html
    assert 'aria-describedby="id_name_helptext"' in html
    assert "optional" not in html


def test_errors_are_tied_to_their_control() -> None:
    html = str(Sample({})["name"].as_field_group())
    assert 'class="field wrong"' in html
    assert 'id="id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html


def test_a_field_that_may_stay_empty_says_so() -> None:
    assert "(optional)" in str(Sample()["goal"].as_field_group())


def test_choices_are_a_fieldset_with_a_legend() -> None:
    html = str(Sample({})["joining"].as_field_group())
    assert "<fieldset" in html
    assert "<legend>Joining</legend>" in html
    assert 'aria-describedby="id_joining_error"' in html


def test_a_tick_stands_before_its_label() -> None:
    html = str(Sample()["agree"].as_field_group())
    assert html.index("<input") < html.index("<label")


def test_a_form_shows_what_is_wrong_with_the_whole_and_hides_what_is_hidden() -> None:
    html = str(Sample({}))
    assert 'role="alert"' in html
    assert "The whole does not fit." in html
    assert html.count('name="secret"') == 1


def test_several_forms_at_once() -> None:
    html = str(forms.formset_factory(Sample, extra=2)())
    assert html.count('<fieldset class="formset-row">') == 2
    assert "TOTAL_FORMS" in html


def test_choices_are_read_in_their_own_direction() -> None:
    """From the right, the sign of `#general` would stand behind its name."""
    html = str(Sample()["joining"].as_field_group())
    assert re.search(r'<label for="id_joining_0"><input type="radio"[^>]*>\s*<bdi>Open</bdi></label>', html)
    field = forms.ChoiceField(choices=[("1", "#general & more")])

    def shown() -> str:
        return str(field.widget.render("channel", "1", renderer=get_default_renderer()))

    assert '<option value="1" selected>#general &amp; more</option>' in shown()
    with translation.override("ar"):  # nothing but text can stand in an option
        assert '<option value="1" selected>\u2068#general &amp; more\u2069</option>' in shown()
