"""What workspaces must ask of a package above them, by the dotted path that a setting names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string

from tertulia.workspaces.access import Place


@dataclass(frozen=True, slots=True)
class ChannelChoice:
    """A channel that can be given with an invitation."""

    id: str
    name: str


def channel_choices(place: Place) -> Sequence[ChannelChoice]:
    """The channels that this member may give to people they invite (`settings.INVITATION_CHANNELS`)."""
    ask: Callable[[Place], Sequence[ChannelChoice]] = import_string(settings.INVITATION_CHANNELS)
    return ask(place)
