"""The forms of posts, as they work with scripts off."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from tertulia.kernel.ids import new_id
from tertulia.posts.services import MAX_BODY, MAX_FILES


class SeveralFiles(forms.FileInput):
    """A file input that takes several."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files up to `MAX_FILES`; cleans to a list."""

    widget = SeveralFiles

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[bytes]]:
        files = data if isinstance(data, list | tuple) else [data] if data else []
        if len(files) > MAX_FILES:
            raise forms.ValidationError(
                _("A post takes %(most)s files at most; these are %(count)s."),
                params={"most": MAX_FILES, "count": len(files)},
            )
        return [super(FilesField, self).clean(file, initial) for file in files]


class PostForm(forms.Form):
    """What the composer sends."""

    body = forms.CharField(label=_("Message"), required=False, strip=True, max_length=MAX_BODY, widget=forms.Textarea)
    # `files` is what a form calls what was sent to it, so the field has another name than the attribute of the class.
    uploads = FilesField(label=_("Files"), required=False)
    client_id = forms.UUIDField(widget=forms.HiddenInput, initial=new_id, required=False)


class EditForm(forms.Form):
    """A post's words, changed."""

    body = forms.CharField(
        label=_("Message"), required=False, strip=True, max_length=MAX_BODY, widget=forms.Textarea({"rows": 5})
    )
