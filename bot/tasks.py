"""The end of a task that would go on for ever."""

import asyncio


async def cancel(task: "asyncio.Task[None]") -> None:
    """Cancel it and wait until it is gone, however it ends."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
