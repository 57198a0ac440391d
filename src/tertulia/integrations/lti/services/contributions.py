"""Counting what people contributed: read now and then, set by set, never while somebody posts.

A reaction to `PostsCreated` would tell at once, and would take the fast lane from everybody (docs/decisions/fast-lane).
So a job looks every few minutes which channels have changed (their revision), who has changed something there, and
counts these people's contributions anew.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, transaction

from tertulia.channels.models import Channel
from tertulia.integrations.lti.models import Grade, Learner, Link
from tertulia.kernel.clock import now
from tertulia.people.models import Person

MOST_NAMED = 50

# No query of `posts` counts by author. A contribution is a message that is not deleted, of enough words; the same
# words again count once; a unit's first post is ours. What is written without spaces (Chinese, Japanese, Thai, …)
# counts as a word for every two letters.
_WORDS = (
    "regexp_count(regexp_replace(p.text, '[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]{1,2}',"
    " ' x ', 'g'), '\\S+')"
)
_COUNTS = f"""
kind = 'message' AND p.deleted_at IS NULL AND {_WORDS} >= %(words)s
AND (%(until)s::timestamptz IS NULL OR p.created_at <= %(until)s::timestamptz)
AND p.channel_id = ANY(%(channels)s) AND (NOT %(in_threads)s OR p.root_id = ANY(%(threads)s))
AND NOT EXISTS (SELECT FROM lti_link k WHERE k.thread_id = p.id)
"""
# One person at a time by the index of authors, never a whole channel, which may hold millions.
_COUNT = f"""
WITH news AS (
    SELECT DISTINCT n.author_id FROM unnest(%(channels)s::uuid[], %(revisions)s::bigint[]) AS w (channel_id, revision)
    JOIN posts_post n ON n.channel_id = w.channel_id AND n.revision > w.revision
    WHERE NOT %(whole)s
)
SELECT l.person_id, l.subject, c.counted FROM lti_learner l
CROSS JOIN LATERAL (
    SELECT count(DISTINCT lower(btrim(p.text))) AS counted FROM posts_post p
    WHERE p.author_id = l.person_id AND p.{_COUNTS.strip()}
) c
WHERE l.context_id = %(context)s
AND (%(whole)s OR l.since >= %(since)s OR l.person_id IN (SELECT author_id FROM news))
"""  # noqa: S608 - constants
_SET = """
INSERT INTO lti_score AS s (grade_id, person_id, subject, counted, due, problem, attempts)
SELECT %(grade)s, v.person, v.subject, v.counted, true, '', 0
FROM unnest(%(people)s::uuid[], %(subjects)s::text[], %(counts)s::int[]) AS v (person, subject, counted)
WHERE v.counted > 0 OR EXISTS (SELECT FROM lti_score o WHERE o.grade_id = %(grade)s AND o.person_id = v.person)
ON CONFLICT (grade_id, person_id) DO UPDATE
SET counted = EXCLUDED.counted, subject = EXCLUDED.subject, attempts = 0, not_before = NULL,
    due = CASE WHEN s.sent_counted IS NULL THEN EXCLUDED.counted > 0
          ELSE s.due OR LEAST(EXCLUDED.counted, %(wanted)s) <> LEAST(s.sent_counted, %(wanted)s) END
WHERE s.counted <> EXCLUDED.counted OR s.subject <> EXCLUDED.subject
"""
_OUTSIDE = f"""
SELECT m.person_id FROM workspaces_membership m
WHERE m.workspace_id = %(workspace)s AND m.role = 'learner'
AND NOT EXISTS (SELECT FROM lti_learner l WHERE l.context_id = %(context)s AND l.person_id = m.person_id)
AND EXISTS (SELECT FROM posts_post p WHERE p.author_id = m.person_id AND p.{_COUNTS.strip()})
ORDER BY m.person_id LIMIT {MOST_NAMED + 1}
"""  # noqa: S608 - constants


def count(grade: Grade) -> int:
    """Count anew what has changed since it was last counted; returns how many scores are due. Three statements or so.

    A score follows what stands: it falls only when something that counted was taken away or emptied by an edit, or
    when an instructor changes what counts. Who has left the course keeps what was sent.
    """
    channels, threads = places(grade)
    began = now()
    revisions = dict(Channel.objects.filter(pk__in=channels).values_list("pk", "revision"))
    seen = {uuid.UUID(channel): int(revision) for channel, revision in grade.seen.items()}
    # Who is new in the course may have written before.
    whole, since = grade.counted_at is None, grade.counted_at or began
    newcomers = Learner.objects.filter(context=grade.context_id, since__gte=since).exists()
    moved = any(revision != seen.get(channel, 0) for channel, revision in revisions.items())
    if channels and (whole or newcomers or moved):
        parameters = {
            **_parameters(grade, channels, threads),
            "revisions": [seen.get(channel, 0) for channel in channels],
            "whole": whole,
            "since": since,
        }
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_COUNT, parameters)
            _set(grade, cursor.fetchall())
            known = {str(channel): revision for channel, revision in revisions.items()}
            Grade.objects.filter(pk=grade.pk).update(seen=known, counted_at=began, threads=threads)
    return grade.scores.filter(due=True).count()


def forget(grade: Grade) -> None:
    """What counts has changed: next time everybody is counted from the beginning, and every score is sent again."""
    Grade.objects.filter(pk=grade.pk).update(seen={}, counted_at=None)
    grade.scores.exclude(sent_at=None).update(due=True, attempts=0, not_before=None)


def places(grade: Grade) -> tuple[list[uuid.UUID], list[uuid.UUID]]:
    """The channels in which contributions count, and the threads; no threads: everywhere in these channels."""
    if grade.channels:
        return list(grade.channels), []
    link = Link.objects.select_related("placement").filter(pk=grade.link_id).first() if grade.link_id else None
    thread_id = thread_of(link) if link is not None else None
    new = [thread_id] if thread_id is not None else []
    threads = list(dict.fromkeys([*grade.threads, *new]))
    found = Channel.objects.filter(posts__in=threads).distinct().values_list("pk", flat=True) if threads else []
    return list(found), threads


def thread_of(link: Link) -> uuid.UUID | None:
    """The thread to which a place in a course leads: one that somebody chose, or its own."""
    chosen = link.placement.thread_id if link.placement is not None else None
    return chosen or link.thread_id


def outside(grade: Grade) -> tuple[list[Person], bool]:
    """Learners of the workspace who contributed, but whom the platform has never called learners of its course.

    At most 50, and whether there are more. Two queries.
    """
    channels, threads = places(grade)
    with connection.cursor() as cursor:
        cursor.execute(_OUTSIDE, {**_parameters(grade, channels, threads), "workspace": grade.context.workspace_id})
        ids = [row[0] for row in cursor.fetchall()]
    people = Person.objects.filter(pk__in=ids[:MOST_NAMED], is_active=True).order_by("display_name", "pk")
    return list(people), len(ids) > MOST_NAMED


def _parameters(grade: Grade, channels: Sequence[uuid.UUID], threads: Sequence[uuid.UUID]) -> Mapping[str, Any]:
    return {
        "context": grade.context_id,
        "channels": list(channels),
        "threads": list(threads),
        "in_threads": not grade.channels,
        "words": grade.fewest_words,
        "until": grade.until,
    }


def _set(grade: Grade, rows: Sequence[tuple[Any, ...]]) -> None:
    parameters: dict[str, Any] = {
        "grade": grade.pk,
        "wanted": grade.wanted,
        "people": [row[0] for row in rows],
        "subjects": [row[1] for row in rows],
        "counts": [row[2] for row in rows],
    }
    with connection.cursor() as cursor:
        cursor.execute(_SET, parameters)
