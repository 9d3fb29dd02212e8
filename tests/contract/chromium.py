"""A real browser, driven through a pipe: the DevTools protocol, without a library.

``--remote-debugging-pipe``: JSON messages that end in a NUL byte, commands to the browser's file
descriptor 3, answers and events from 4 (chromium, content/browser/devtools/devtools_pipe_handler).
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

#: A browser that says nothing for so long is stuck; one under load still answers.
_PATIENCE_SECONDS = 90.0
#: Events that tell of something a page must not do.
_BAD_EVENTS = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")


def find() -> str | None:
    """Return Debian's chromium, or nothing."""
    return shutil.which("chromium")


class Browser:
    """One browser with one page. Use it as a context: it ends with the block."""

    def __init__(self, program: str, profile: Path) -> None:
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        command = (
            f"exec {program} --headless --no-sandbox --disable-gpu --no-first-run "
            f"--disable-dev-shm-usage --remote-debugging-pipe --user-data-dir='{profile}' "
            f"about:blank 3<&{to_browser} 4>&{from_browser}"
        )
        with (profile.parent / "chromium.log").open("wb") as log:
            self._process = subprocess.Popen(
                ["bash", "-c", command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(to_browser, from_browser),
            )
        os.close(to_browser)
        os.close(from_browser)
        self._buffer, self._number, self._session = b"", 0, ""
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Browser:
        """Attach to the one page."""
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(one["targetId"] for one in targets if one["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=page, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "DOM", "Accessibility"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *_: object) -> None:
        """End the browser and give back its pipes."""
        try:
            if self._process.poll() is None:
                self._session = ""
                self.call("Browser.close")
            self._process.wait(_PATIENCE_SECONDS)
        finally:
            os.close(self._write)
            os.close(self._read)
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Return what the browser answers to a command. Raise RuntimeError when it refuses."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return dict(answer["result"])

    def show(self, page: Path, width: int, height: int = 900, *, is_dark: bool = False) -> None:
        """Load a file at a width, and wait until it is loaded and painted."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.call("Emulation.setEmulatedMedia", media="screen", features=[scheme])
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1}
        self.call("Emulation.setDeviceMetricsOverride", mobile=False, **metrics)
        self.events.clear()
        self.call("Page.navigate", url=page.as_uri())
        self.wait_for("Page.loadEventFired")
        painted = "new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r(1))))"
        self.evaluate(painted)

    def wait_for(self, method: str) -> None:
        """Wait until an event has come."""
        while not any(event["method"] == method for event in self.events):
            self._next()

    def evaluate(self, script: str) -> Any:
        """Return the value of a script or of its promise. Raise RuntimeError for its error."""
        told = {"returnByValue": True, "awaitPromise": True}
        answer = self.call("Runtime.evaluate", expression=script, **told)
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def press(self, key: str, *, code: int, text: str = "") -> None:
        """Press and release a key."""
        known = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        down = "keyDown" if text else "rawKeyDown"
        self.call("Input.dispatchKeyEvent", type=down, text=text, **known)
        self.call("Input.dispatchKeyEvent", type="keyUp", **known)

    def complaints(self) -> list[dict[str, Any]]:
        """Return what the page printed, threw or was refused since it was shown."""
        self.evaluate("1")  # what was sent before the answer has been read after it
        return [event for event in self.events if event["method"] in _BAD_EVENTS]

    def requests(self) -> list[str]:
        """Return every address that was asked for since the page was shown."""
        self.evaluate("1")
        sent = [e for e in self.events if e["method"] == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in sent]

    def picture(self, path: Path) -> None:
        """Write a picture of the whole page."""
        options = {"format": "png", "captureBeyondViewport": True}
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {**size, "scale": 1}
        answer = self.call("Page.captureScreenshot", clip=clip, **options)
        path.write_bytes(base64.b64decode(answer["data"]))

    def paper(self, path: Path) -> None:
        """Write what a printer would get, as PDF, in the colours that the page was shown in."""
        self.call("Emulation.setEmulatedMedia", media="")
        answer = self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=False)
        path.write_bytes(base64.b64decode(answer["data"]))

    def _next(self) -> dict[str, Any]:
        """Return the next message, and keep it where it is an event."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise TimeoutError(f"the browser said nothing for {_PATIENCE_SECONDS:g} s")
            got = os.read(self._read, 1 << 20)
            if not got:
                raise RuntimeError(f"the browser ended: exit {self._process.wait()}")
            self._buffer += got
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        if "method" in message:
            self.events.append(message)
        return message
