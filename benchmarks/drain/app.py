"""A replica that answers each request after so long, and knows two ways to end on SIGTERM.

WORK_SECONDS how long an answer takes; ON_SIGTERM `die` (at once, as most programs do that were never told otherwise) or
`finish` (as Go's Shutdown: listen no more, close idle connections, finish the answers); KEEP_ALIVE `no` closes the
connection after each answer.
"""

import asyncio
import contextlib
import os
import signal
import socket

WORK_SECONDS = float(os.environ["WORK_SECONDS"])
FINISHES = os.environ["ON_SIGTERM"] == "finish"
KEEP_ALIVE = os.environ["KEEP_ALIVE"] == "yes"
REPLICA = socket.gethostname()

idle: set[asyncio.Task[None]] = set()
connections: set[asyncio.Task[None]] = set()
stopping = asyncio.Event()


async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    task = asyncio.current_task()
    assert task is not None
    connections.add(task)
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
        while await answered(task, reader, writer):
            pass
    connections.discard(task)
    writer.close()


async def answered(task: "asyncio.Task[None]", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Answer one request; say whether the connection stays."""
    idle.add(task)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    idle.discard(task)
    length = head.partition(b"content-length:")[2].partition(b"\r\n")[0].strip()
    await reader.readexactly(int(length or b"0"))
    if b" /health " not in head:
        await asyncio.sleep(WORK_SECONDS)
    stays = KEEP_ALIVE and not stopping.is_set()
    connection = "keep-alive" if stays else "close"
    writer.write(
        f"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: {connection}\r\nX-Replica: {REPLICA}\r\n\r\nok".encode()
    )
    await writer.drain()
    return stays


async def main() -> None:
    server = await asyncio.start_server(connected, "0.0.0.0", 8000, backlog=1024)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set if FINISHES else lambda: os._exit(0))
    await stopping.wait()
    server.close()
    for task in idle:
        task.cancel()
    if connections:
        await asyncio.wait(connections)


asyncio.run(main())
