-- Fills the tables from what seed.py has put into bench_room and bench_body. Every fifth post answers the one before it.
-- Ids are made of time and place, so that a reply knows its root's; in form they are UUIDs of version 7 (RFC 9562).

CREATE FUNCTION bench_id(at timestamptz, room int, seq bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(hash, 1, 3) || '8'
            || substr(hash, 4, 15))::uuid
    FROM md5(room || ':' || seq) AS hash
$$;

INSERT INTO posts_post (id, channel_id, seq, revision, root_id, author_id, kind, body, html, text, client_id,
                        created_at, reply_count, last_reply_at)
SELECT bench_id(place.at, room.number, place.seq), room.channel_id, place.seq,
       CASE WHEN place.seq % 5 = 4 AND place.seq < room.posts THEN (place.seq + 1) / 5 * 6
            WHEN place.seq % 5 = 0 THEN place.seq / 5 * 6 - 1
            ELSE place.seq + place.seq / 5 END,
       CASE WHEN place.seq % 5 = 0 THEN bench_id(place.before, room.number, place.seq - 1) END,
       room.hands[1 + (place.seq * 7 + place.seq / 3 + room.number) % cardinality(room.hands)],
       'message', body.body, body.html, body.text, md5(room.number || '/' || place.seq)::uuid, place.at,
       (place.seq % 5 = 4 AND place.seq < room.posts)::int,
       CASE WHEN place.seq % 5 = 4 AND place.seq < room.posts THEN place.after END
FROM (
    SELECT number, seq, %(start)s::timestamptz + %(days)s * interval '1 day' * (seq::float8 / posts) AS at,
           %(start)s::timestamptz + %(days)s * interval '1 day' * ((seq - 1)::float8 / posts) AS before,
           %(start)s::timestamptz + %(days)s * interval '1 day' * ((seq + 1)::float8 / posts) AS after
    FROM bench_room CROSS JOIN LATERAL generate_series(1, posts) AS seq
    ORDER BY at, number
) AS place
JOIN bench_room AS room USING (number)
JOIN bench_body AS body ON body.number = (place.seq * 31 + place.seq / 7 + place.number) % %(bodies)s;

INSERT INTO posts_reaction (post_id, person_id, emoji)
SELECT post.id, who.id, (ARRAY['👍', '🎉', '❤️'])[1 + post.seq % 3]
FROM posts_post AS post
JOIN bench_room AS room USING (channel_id)
CROSS JOIN LATERAL unnest(room.hands[1:1 + (post.seq / 16 % 3)::int]) AS who(id)
WHERE post.seq % 16 = 0 AND post.seq > room.posts - 5000;

UPDATE channels_channel AS channel
SET last_seq = room.posts, root_count = room.posts - room.posts / 5, revision = room.posts + room.posts / 5,
    last_root_seq = room.posts - (room.posts % 5 = 0)::int, last_post_at = %(start)s::timestamptz + %(days)s * interval '1 day'
FROM bench_room AS room WHERE room.channel_id = channel.id;

-- Some have read everything, the others have a few posts before them.
UPDATE channels_channelmembership AS seat
SET last_read_seq = state.whole - 5 * state.late, read_roots = (state.whole - 5 * state.late) / 5 * 4, last_read_at = now()
FROM (
    SELECT own.id, room.posts - room.posts % 5 AS whole, abs(hashtext(own.person_id::text)) % 3 AS late
    FROM channels_channelmembership AS own JOIN bench_room AS room USING (channel_id)
) AS state
WHERE state.id = seat.id;
