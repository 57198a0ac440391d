"""Background tasks of the kernel: reactions to happenings, and sweeping."""

from __future__ import annotations

from typing import Any

import procrastinate
from django.utils.module_loading import import_string
from procrastinate.contrib.django import app

from tertulia.kernel import limits


@app.task(queue="reactions", retry=procrastinate.RetryStrategy(max_attempts=5, exponential_wait=5))
def react(handler: str, kind: str, data: dict[str, Any]) -> None:
    """Run one `after` handler of a happening; tried again with growing pauses when it fails."""
    import_string(handler)(import_string(kind)(**data))


@app.periodic(cron="*/10 * * * *")
@app.task(queue="sweeping", queueing_lock="sweep-limits")
def sweep_limits(timestamp: int) -> None:
    """Drop spent rate-limit rows."""
    del timestamp
    limits.forget_old()


@app.periodic(cron="*/5 * * * *")
@app.task(queue="sweeping", queueing_lock="retry-stalled", pass_context=True)
async def retry_stalled(context: procrastinate.JobContext, timestamp: int) -> None:
    """Give back the jobs whose worker was killed in the middle of them; all our jobs may run more than once."""
    del timestamp
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs():
        await manager.retry_job(job)
