"""Somebody claims what a placeholder of an import said: its posts, reactions and all else become theirs."""

from __future__ import annotations

from uuid import UUID

from tertulia.kernel import bus
from tertulia.people.models import Person
from tertulia.posts import sql
from tertulia.posts.states import profile_url

# Rows of which one person has only one each: where both have one, the person's stays.
_ONE_EACH = {
    "posts_reaction": ("post_id", "emoji"),
    "posts_mention": ("post_id",),
    "posts_threadfollow": ("root_id",),
    "posts_savedpost": ("post_id",),
    "posts_draft": ("channel_id", "root_id"),
}
_OTHERS = {
    "posts_post": ("author_id", "deleted_by_id", "pinned_by_id"),
    "posts_postversion": ("replaced_by_id",),
    "posts_file": ("uploader_id",),
    "posts_scheduledpost": ("author_id",),
}
_TOUCHED = """
SELECT p.id, p.channel_id FROM posts_post p WHERE p.author_id = %(old)s
UNION SELECT r.id, r.channel_id FROM posts_post p JOIN posts_post r ON r.id = p.root_id WHERE p.author_id = %(old)s
UNION SELECT p.id, p.channel_id FROM posts_reaction x JOIN posts_post p ON p.id = x.post_id WHERE x.person_id = %(old)s
UNION SELECT p.id, p.channel_id FROM posts_post p JOIN channels_channel c ON c.id = p.channel_id
      WHERE c.workspace_id IN (SELECT workspace_id FROM workspaces_membership WHERE person_id IN (%(old)s, %(new)s))
        AND p.html LIKE %(mention)s
"""


def claim(*, placeholder: Person, person: Person) -> None:
    """Make over everything, inside the transaction of the claim. Posts that look otherwise now count as changed."""
    mark = f'data-person="{placeholder.pk}"'
    where = {"old": placeholder.pk, "new": person.pk, "mention": f"%{mark}%"}
    touched = sql.fetch(_TOUCHED, where)
    channel_ids = sorted({channel_id for _post_id, channel_id in touched})
    sql.lock_channels(channel_ids)
    for table, columns in _ONE_EACH.items():
        same = " AND ".join(f"theirs.{column} IS NOT DISTINCT FROM mine.{column}" for column in columns)
        sql.run(
            f"DELETE FROM {table} theirs USING {table} mine"  # noqa: S608 - names of our own
            f" WHERE theirs.person_id = %(old)s AND mine.person_id = %(new)s AND {same}",
            where,
        )
        sql.run(f"UPDATE {table} SET person_id = %(new)s WHERE person_id = %(old)s", where)  # noqa: S608 - as above
    for table, columns in _OTHERS.items():
        for column in columns:
            sql.run(f"UPDATE {table} SET {column} = %(new)s WHERE {column} = %(old)s", where)  # noqa: S608 - as above
    ids = [post_id for post_id, _channel_id in touched]
    sql.run(
        "UPDATE posts_post SET html = replace(replace(html, %s, %s), %s, %s) WHERE id = ANY(%s) AND html LIKE %s",
        [
            *(mark, f'data-person="{person.pk}"'),
            *(f'href="{profile_url(placeholder.handle)}"', f'href="{profile_url(person.handle)}"'),
            *(ids, where["mention"]),
        ],
    )
    _touch(ids)


def _touch(post_ids: list[UUID]) -> None:
    """Count a change of each of these posts; their channels are locked."""
    rows = sql.fetch(
        """
        WITH counted AS (
            SELECT id, channel_id, row_number() OVER (PARTITION BY channel_id ORDER BY seq) AS place,
                   count(*) OVER (PARTITION BY channel_id) AS total
            FROM posts_post WHERE id = ANY(%s)
        ), bumped AS (
            UPDATE channels_channel c SET revision = c.revision + n.total
            FROM (SELECT DISTINCT channel_id, total FROM counted) n WHERE n.channel_id = c.id
            RETURNING c.id, c.revision
        ), stamped AS (
            UPDATE posts_post p SET revision = b.revision - n.total + n.place
            FROM counted n JOIN bumped b ON b.id = n.channel_id WHERE n.id = p.id
        )
        SELECT id, revision FROM bumped
        """,
        [post_ids],
    )
    bus.notify_posts((channel_id, revision) for channel_id, revision in rows)
