"""A line between two parts of a system, with somebody at its end who repeats what is said."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.chaos.link import CUT, HOST, PASSES, RUBBISH, TALKS_RUBBISH, Link


async def _repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while said := await reader.read(100):
        writer.write(said)
    writer.close()


@pytest.fixture
async def link() -> AsyncIterator[Link]:
    server = await asyncio.start_server(_repeat, HOST, 0)
    async with server, Link(server.sockets[0].getsockname()[1]).listening() as line:
        yield line


@asynccontextmanager
async def caller(link: Link) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(HOST, link.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, said: bytes) -> bytes:
    writer.write(said)
    return await reader.read(100)


async def is_lost(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> bool:
    try:
        return await reader.read(100) == b""
    except ConnectionResetError:
        return True


async def test_a_line_carries_what_is_said(link: Link) -> None:
    async with caller(link) as line:
        assert await answer(*line, b"one") == b"one"
        assert await answer(*line, b"two") == b"two"


async def test_a_line_that_is_cut_is_lost_and_so_is_the_next_until_it_passes_again(link: Link) -> None:
    async with caller(link) as line:
        await answer(*line, b"one")
        link.mode = CUT
        assert await is_lost(*line)
    async with caller(link) as line:
        assert await is_lost(*line)
    link.mode = PASSES
    async with caller(link) as line:
        assert await answer(*line, b"three") == b"three"


async def test_a_line_that_is_spoilt_answers_rubbish_asked_or_not(link: Link) -> None:
    async with caller(link) as line:
        await answer(*line, b"one")
        link.mode = TALKS_RUBBISH
        assert await line[0].read(100) == RUBBISH
        assert await answer(*line, b"two") == RUBBISH
        link.mode = PASSES
        assert await answer(*line, b"three") == b"three"
