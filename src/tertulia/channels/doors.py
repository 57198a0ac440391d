"""What the packages below ask of channels, through the dotted paths that settings name."""

from __future__ import annotations

from django.db.models.functions import Lower

from tertulia.channels.queries import visible
from tertulia.workspaces.access import Place
from tertulia.workspaces.doors import ChannelChoice


def invitation_channels(place: Place) -> list[ChannelChoice]:
    """`settings.INVITATION_CHANNELS`: what a member can give with an invitation, the channels they see. One query."""
    rows = visible(place).filter(archived_at=None).order_by(Lower("name"), "pk")
    return [ChannelChoice(id=str(channel_id), name=name) for channel_id, name in rows.values_list("pk", "name")]
