"""The fast lane: the hot routes of the REST interface, answered before Django is asked.

It answers only what goes well. Whatever is unusual or refused - a wrong token, an unknown field, a post into an
archived channel - it hands to Django untouched, so that there is one place that says no, and the fast lane is never a
second truth. Both lanes call the same services and encode by `posts.wire`.
"""

from tertulia.live.lane.lane import Lane

__all__ = ["Lane"]
