"""A real Chromium without a window, driven by its DevTools protocol: open a page, press keys, look at it."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import aiohttp
import pyte
from support import PATIENCE_S

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
WINDOW = (1400, 900)
COUNT_COLOURED = """new Promise((done) => {
    const picture = new Image(), [left, top, right, bottom] = %(area)s;
    picture.onload = () => {
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [picture.width, picture.height];
        const context = canvas.getContext("2d"), {width, height} = picture;
        context.drawImage(picture, 0, 0);
        const area = [left * width, top * height, (right - left) * width, (bottom - top) * height];
        const bytes = context.getImageData(...area.map(Math.round)).data;
        let found = 0;
        for (let at = 0; at < bytes.length; at += 4) {
            const [red, green, blue] = bytes.subarray(at, at + 3);
            found += Math.max(red, green, blue) - Math.min(red, green, blue) > 60;
        }
        done(found);
    };
    picture.src = "data:image/png;base64," + %(shot)s;
})"""


def chromium() -> str:
    """Where a Chromium is; empty where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), "")


class Page:
    """One open page. What its web socket received is on `screen`, as a terminal shows it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.screen = pyte.Screen(80, 24)
        self.requested: list[str] = []
        self.problems: list[str] = []
        self._stream = pyte.ByteStream(self.screen)
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reader = asyncio.create_task(self._read())

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        return await asyncio.wait_for(answer, PATIENCE_S)

    async def open(self, address: str) -> None:
        for domain in ("Network", "Page", "Runtime", "Log"):
            await self.call(f"{domain}.enable")
        await self.call("Emulation.setFocusEmulationEnabled", enabled=True)
        await self.call("Page.navigate", url=address)

    async def press(self, key: str) -> None:
        await self.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=key)
        await self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    async def shows(self, *words: str, seconds: float = PATIENCE_S) -> str:
        """Wait until all these words are on the screen, and return it."""
        deadline = time.monotonic() + seconds
        while not all(word in self.text for word in words):
            assert time.monotonic() < deadline, f"{words} not on\n{self.text}\n{self.problems}"
            await asyncio.sleep(0.05)
        return self.text

    @property
    def text(self) -> str:
        return "\n".join(self.screen.display)

    async def title(self) -> str:
        return str((await self.call("Runtime.evaluate", expression="document.title"))["result"]["value"])

    async def coloured(self, left: float, top: float, right: float, bottom: float) -> int:
        """How many pixels of a part of the page, as it is painted, are neither black nor white nor grey.

        The part is given in shares of the page's width and height.
        """
        shot = await self.call("Page.captureScreenshot", format="png")
        count = COUNT_COLOURED % {"shot": json.dumps(shot["data"]), "area": json.dumps([left, top, right, bottom])}
        answer = await self.call("Runtime.evaluate", expression=count, awaitPromise=True)
        return int(answer["result"]["value"])

    def close(self) -> None:
        self._reader.cancel()

    async def _read(self) -> None:
        async for message in self._socket:
            packet = json.loads(message.data)
            if "id" in packet:
                self._answers.pop(packet["id"]).set_result(packet.get("result", {}))
            self._take(packet.get("method", ""), packet.get("params", {}))

    def _take(self, method: str, event: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self.requested.append(event["request"]["url"])
        elif method == "Network.webSocketCreated":
            self.requested.append(event["url"])
            size = parse_qs(urlparse(event["url"]).query)
            self.screen.resize(int(size["height"][0]), int(size["width"][0]))
        elif method == "Network.webSocketFrameReceived" and event["response"]["opcode"] == 2:
            self._stream.feed(base64.b64decode(event["response"]["payloadData"]))
        elif method in ("Runtime.exceptionThrown", "Log.entryAdded"):
            self.problems.append(json.dumps(event))


@asynccontextmanager
async def browser(profile: Path) -> AsyncIterator[Page]:
    """A Chromium with one empty page, that reaches nothing but this machine; it is gone afterwards."""
    width, height = WINDOW
    root = ["--no-sandbox"] if os.getuid() == 0 else []
    arguments = [
        "--headless", *root, "--remote-debugging-port=0", f"--user-data-dir={profile}", "--no-first-run",
        "--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions", "--disable-background-networking",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", f"--window-size={width},{height}", "about:blank",
    ]  # fmt: skip
    process = subprocess.Popen(
        [chromium(), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        port = await _debugging_port(profile, process)
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                address = next(page["webSocketDebuggerUrl"] for page in await answer.json() if page["type"] == "page")
            async with session.ws_connect(address, max_msg_size=0) as socket:
                page = Page(socket)
                try:
                    yield page
                finally:
                    page.close()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


async def _debugging_port(profile: Path, process: subprocess.Popen[bytes]) -> int:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "the browser ended"
        with suppress(FileNotFoundError, IndexError, ValueError):
            return int((profile / "DevToolsActivePort").read_text().splitlines()[0])
        await asyncio.sleep(0.05)
    raise AssertionError("the browser did not start")
