"""Waiting for the jobs that filling a registry asked for: a page must not change while it is looked at."""

import asyncio

from furnish import Made
from house import Client

SECONDS = 60.0
ENDED = ("Success", "Error", "Stopped", "Succeed")


async def settled(admin: Client, made: Made) -> Made:
    """What was made, once its run of retention and its collection have ended."""
    runs = f"/retentions/{made.facts['retention']}/executions"
    async with asyncio.timeout(SECONDS):
        while {one["status"] for one in await admin.get(runs)} - {*ENDED}:
            await asyncio.sleep(0.1)
        while {one["job_status"] for one in await admin.get("/system/gc")} - {*ENDED}:
            await asyncio.sleep(0.1)
    return made
