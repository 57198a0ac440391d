"""Background tasks: sending what was scheduled, emptying what was deleted, sweeping up unused files."""

from __future__ import annotations

from procrastinate.contrib.django import app

from tertulia.posts import services


@app.periodic(cron="* * * * *")
@app.task(queue="sending", queueing_lock="send-scheduled-posts")
def send_scheduled(timestamp: int) -> None:
    """Send the posts whose time has come."""
    del timestamp
    services.send_due()


@app.periodic(cron="*/5 * * * *")
@app.task(queue="sweeping", queueing_lock="empty-deleted-posts")
def empty_deleted(timestamp: int) -> None:
    """Empty the posts that were deleted so long ago that nobody can bring them back."""
    del timestamp
    services.empty_deleted()


@app.periodic(cron="17 * * * *")
@app.task(queue="sweeping", queueing_lock="sweep-unused-files")
def sweep_unused_files(timestamp: int) -> None:
    """Forget uploads that no post took."""
    del timestamp
    services.sweep_unused()
