"""Instructors give a course its workspace, and choose what stands in the course."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from tertulia.channels import access as channel_access
from tertulia.channels import services as channels
from tertulia.channels.models import Channel, Visibility
from tertulia.integrations.lti import access, roles, secrets
from tertulia.integrations.lti.checking import DEEP_LINKING, LTI, VERSION
from tertulia.integrations.lti.models import Context, DeepLinking, Placement, Runner, Target
from tertulia.integrations.lti.services import keys, lists
from tertulia.kernel import audit
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tertulia.kernel.tidying import tidy
from tertulia.people.models import Person
from tertulia.posts import access as post_access
from tertulia.posts.models import Kind as PostKind
from tertulia.posts.models import Post
from tertulia.workspaces import access as workspaces
from tertulia.workspaces import services as workspace_services
from tertulia.workspaces.access import Permission
from tertulia.workspaces.models import Role, Workspace

RESPONSE_SECONDS = 300
TITLE_LENGTH = 80
MOST_GROUPS = 50


def may_make(actor: Person, context: Context) -> bool:
    """Whether this instructor may make a workspace for the course."""
    return context.platform.instructors_make_workspaces or workspaces.may_create(actor)


def set_up(*, actor: Person, context: Context, workspace: Workspace | None = None, name: str = "") -> Context:
    """Give the course a workspace that the actor runs, or a new one called `name`, of which they are the owner.

    Only for whom the platform last called an instructor of it: raises NotFound for others, Conflict if it has another
    workspace by now, Forbidden, Invalid.
    """
    with transaction.atomic():
        locked = Context.objects.select_for_update(of=("self",)).select_related("platform").get(pk=context.pk)
        if not Runner.objects.filter(context=locked, person=actor).exists():
            raise NotFound
        if locked.workspace_id is not None:
            raise Conflict(_("Somebody else has just given this course its workspace. Open it again from the course."))
        if workspace is None:
            if not may_make(actor, locked):
                raise Forbidden(_("Only owners of this installation can make workspaces. Ask one of them."))
            workspace = workspace_services.create_workspace(actor=actor, name=name, allowed=True)
        else:
            place = workspaces.workspace_by_id(actor, workspace.pk)
            workspaces.check(place, Permission.MANAGE_MEMBERS)
            workspaces.check_open(place.workspace)
        locked.workspace, locked.set_up_by = workspace, actor
        locked.save(update_fields=["workspace", "set_up_by"])
        _record(actor, locked, "connected", after={"course": str(locked), "platform": locked.platform.name})
    return locked


def change_course(
    *,
    actor: Person,
    context: Context,
    unit_channel: uuid.UUID | None,
    channel_ids: Sequence[uuid.UUID],
    groups: Sequence[str],
    role_map: Mapping[str, str],
    roster_nightly: bool = False,
    launches_admit: bool = True,
    confirmed: bool = False,
) -> Context:
    """What people of the course are given from their next launch on. Needs MANAGE_MEMBERS.

    Once launches no longer admit, who is in by launches or the roster alone leaves, but for those who run the course:
    raises Conflict `too-many-leaving` if there are any and it is not `confirmed`. Raises NotFound for channels that
    the actor does not see, Forbidden for roles above their own.
    """
    found, place = access.context(actor, context.pk)
    workspaces.check_open(place.workspace)
    for channel_id in [*channel_ids, *([unit_channel] if unit_channel else [])]:
        _own_channel(actor, place.workspace, channel_id)
    chosen: dict[str, str] = {}
    for kind, value in role_map.items():
        role = Role(value)
        if not workspaces.may_grant(place, role) or role is Role.OWNER:
            raise Forbidden(_("You can give roles up to your own only."))
        if role is not roles.DEFAULTS[roles.Kind(kind)]:
            chosen[kind] = role.value
    names = list(dict.fromkeys(filter(None, (tidy(name)[:80] for name in groups))))
    if len(names) > MOST_GROUPS:
        raise Invalid(_("At most %(most)d groups fit here.") % {"most": MOST_GROUPS}, field="groups")
    with transaction.atomic():
        locked = Context.objects.select_for_update(of=("self",)).select_related("source__workspace").get(pk=found.pk)
        wanted: dict[str, Any] = {
            "unit_channel_id": unit_channel,
            "channels": list(dict.fromkeys(channel_ids)),
            "groups": names,
            "roles": chosen,
            "roster_nightly": roster_nightly and launches_admit,
            "launches_admit": launches_admit,
        }
        changed = [name for name, value in wanted.items() if getattr(locked, name) != value]
        for name in changed:
            setattr(locked, name, wanted[name])
        if changed:
            locked.save(update_fields=changed)
            _record(actor, locked, "changed", after={"what": changed})
        if "launches_admit" in changed and not launches_admit:
            lists.hand_over(context=locked, confirmed=confirmed)
    return locked


def disconnect(*, actor: Person, context: Context) -> None:
    """The course leads to no workspace any more; people stay. Its instructor can give it another one."""
    found, _place = access.context(actor, context.pk)
    with transaction.atomic():
        locked = Context.objects.select_for_update(of=("self",)).get(pk=found.pk)
        _record(actor, locked, "disconnected", before={"course": str(locked)})
        locked.workspace, locked.unit_channel = None, None
        locked.channels, locked.groups = [], []
        locked.save(update_fields=["workspace", "unit_channel", "channels", "groups"])


def place(
    *,
    actor: Person,
    choice: DeepLinking,
    target: Target,
    channel_id: uuid.UUID | None = None,
    new_channel: str = "",
    thread_id: uuid.UUID | None = None,
    title: str = "",
) -> str:
    """Put something into the course: the signed answer (Deep Linking 2.0, 4.5) for the platform. Once per choice.

    A new channel is made if `new_channel` names one. A private channel that is put into a course, or a thread of it,
    takes in the course's people. Raises NotFound, Forbidden, Invalid, Conflict.
    """
    workspace = _check_choice(actor, choice)
    with transaction.atomic():
        _use(choice)
        channel = thread = None
        if target is Target.THREAD:
            thread, channel = _thread(actor, workspace, thread_id)
        elif target is not Target.WORKSPACE:
            channel = _channel(actor, workspace, channel_id, new_channel)
        if channel is not None and channel.visibility == Visibility.PRIVATE:
            _let_course_in(choice.context, channel)
        placement = Placement.objects.create(
            context=choice.context, target=target, channel=channel, thread=thread, by=actor
        )
        beginning = tidy(thread.text)[:TITLE_LENGTH].strip() if thread is not None else ""
        item = {
            "type": "ltiResourceLink",
            "url": f"{settings.BASE_URL}{reverse('lti:at', args=[placement.pk])}",
            "title": tidy(title)[:200] or beginning or (f"#{channel.name}" if channel else workspace.name),
        }
        _record(actor, choice.context, "put into a course", after={"target": target.value, "title": item["title"]})
    return _answer(choice, [item])


def cancel(*, actor: Person, choice: DeepLinking) -> str:
    """Choose nothing: the signed answer that says so. Raises Conflict if the choice was made."""
    _check_choice(actor, choice)
    _use(choice)
    return _answer(choice, [])


def _check_choice(actor: Person, choice: DeepLinking) -> Workspace:
    workspace = choice.context.workspace
    runs = Runner.objects.filter(context=choice.context, person=actor).exists()
    if choice.person_id != actor.pk or workspace is None or not runs:
        raise NotFound
    workspaces.check_open(workspaces.workspace_by_id(actor, workspace.pk).workspace)
    return workspace


def _use(choice: DeepLinking) -> None:
    if not DeepLinking.objects.filter(pk=choice.pk, used_at=None).update(used_at=now()):
        raise Conflict(_("This choice has been made. Go back to your course, and open the dialogue again for more."))


def _channel(actor: Person, workspace: Workspace, channel_id: uuid.UUID | None, new_channel: str) -> Channel:
    if new_channel:
        return channels.create_channel(actor=actor, workspace=workspace, name=new_channel)
    if channel_id is None:
        raise Invalid(_("Choose a channel, or name a new one."), field="channel")
    return _own_channel(actor, workspace, channel_id)


def _thread(actor: Person, workspace: Workspace, thread_id: uuid.UUID | None) -> tuple[Post, Channel]:
    if thread_id is None:
        raise Invalid(_("Choose a thread."), field="thread")
    found, seat = post_access.post(actor, thread_id)
    channel = _own_channel(actor, workspace, seat.channel.pk)
    if found.deleted_at is not None or found.kind != PostKind.MESSAGE:
        raise NotFound
    return found.root or found, channel


def _own_channel(actor: Person, workspace: Workspace, channel_id: uuid.UUID) -> Channel:
    seat = channel_access.channel(actor, channel_id)
    if seat.channel.workspace_id != workspace.pk or seat.is_direct:
        raise NotFound
    if seat.channel.visibility == Visibility.PRIVATE and not seat.may_add:
        raise Forbidden(_("Only the managers of a private channel can let a course into it."))
    return seat.channel


def _let_course_in(context: Context, channel: Channel) -> None:
    locked = Context.objects.select_for_update(of=("self",)).get(pk=context.pk)
    if channel.pk not in locked.channels:
        locked.channels = [*locked.channels, channel.pk]
        locked.save(update_fields=["channels"])


def _answer(choice: DeepLinking, items: list[dict[str, str]]) -> str:
    moment = int(now().timestamp())
    platform = choice.context.platform
    claims: dict[str, Any] = {
        "iss": platform.client_id,
        "aud": [platform.issuer],
        "iat": moment,
        "exp": moment + RESPONSE_SECONDS,
        "nonce": secrets.new_secret(),
        f"{LTI}deployment_id": choice.context.deployment_id,
        f"{LTI}message_type": "LtiDeepLinkingResponse",
        f"{LTI}version": VERSION,
        f"{DEEP_LINKING}content_items": items,
    }
    if choice.data:
        claims[f"{DEEP_LINKING}data"] = choice.data
    return keys.sign(claims)


def _record(actor: Person, context: Context, verb: str, **what: Mapping[str, Any]) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        object_kind="LTI course",
        object_id=context.pk,
        workspace_id=context.workspace_id,
        before=what.get("before"),
        after=what.get("after"),
    )
