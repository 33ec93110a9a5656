"""Node from its wheel, matrix-js-sdk from npm, and the one process in which strict clients live."""

import asyncio
import contextlib
import itertools
import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from bot.demo.member import MatrixFault
from tests import npm

News = dict[str, Any]
"""What a client tells unasked: `news` says of what kind."""

_HERE = Path(__file__).parent
_ANSWERED_WITHIN = 120.0
_STOPPED_WITHIN = 10.0
_LAST_LINES = 30
_LINE_LENGTH = 300


class NodeFailed(Exception):
    """The library, the process or its client said no for a reason that is not the homeserver's."""


def library() -> Path:
    """Return the folder of the installed packages. Raises NpmFailed with what npm said."""
    return npm.installed(_HERE, "strict")


class Node:
    """A Node process that hosts strict clients, for use as a context manager.

    It outlives event loops: whoever asks or listens is answered in the loop that it does so in. The
    process ends when this one does, whichever way.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 -- open as long as the process
        self._read_complaints = 0
        self._numbers = itertools.count(1)
        self._answers: dict[int, Callable[[dict[str, Any]], None]] = {}
        self._listeners: dict[int, Callable[[News], None]] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        """Start; installs the library if it is not there yet."""
        self._process = subprocess.Popen(  # noqa: S603 -- from the wheel, our own words
            [str(npm.NODE), str(_HERE / "main.mjs")],
            env={**os.environ, "STRICT_LIBRARY": str(library())},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            start_new_session=True,  # Ctrl+C is for us
        )
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        try:
            process.wait(_STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._reader.join()
        process.stdout.close()
        self._complaints.close()

    def listen(self, listener: Callable[[News], None]) -> int:
        """Return a number for a new client; what the client tells goes to the listener, in this loop."""
        number = next(self._numbers)
        self._listeners[number] = _in_this_loop(listener)
        return number

    def forget(self, client: int) -> None:
        """Listen to this client no longer."""
        self._listeners.pop(client, None)

    async def ask(self, client: int, method: str, **params: object) -> Any:
        """Call a client's method and return what it answers, at most 120 s later.

        Raises MatrixFault for a refusal of the homeserver, NodeFailed for everything else.
        """
        number = next(self._numbers)
        answered: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

        def resolve(answer: dict[str, Any]) -> None:
            if not answered.done():
                answered.set_result(answer)

        self._answers[number] = _in_this_loop(resolve)
        try:
            self._write({"id": number, "client": client, "method": method, "params": params})
            async with asyncio.timeout(_ANSWERED_WITHIN):
                answer = await answered
        except (BrokenPipeError, TimeoutError):
            raise NodeFailed(f"Node did not answer {method}:\n{self.complaints()}") from None
        finally:
            del self._answers[number]
        error = answer.get("error")
        if error is None:
            return answer["result"]
        if error["status"] is not None:
            raise MatrixFault(error["status"], error["errcode"] or "M_UNKNOWN", error["message"])
        raise NodeFailed(f"{method}: {error['message']}")

    def complaints(self) -> str:
        """Return the last lines that the process wrote to standard error since this was asked last."""
        end = os.fstat(self._complaints.fileno()).st_size
        text = os.pread(self._complaints.fileno(), end - self._read_complaints, self._read_complaints)
        self._read_complaints = end
        lines = text.decode(errors="replace").splitlines()[-_LAST_LINES:]
        return "\n".join(line[:_LINE_LENGTH] for line in lines)

    def _write(self, request: dict[str, Any]) -> None:
        stdin = self._running().stdin
        assert stdin is not None
        stdin.write(json.dumps(request).encode() + b"\n")
        stdin.flush()

    def _read(self) -> None:
        stdout = self._running().stdout
        assert stdout is not None
        for line in stdout:
            message: dict[str, Any] = json.loads(line)
            answers = "id" in message
            receiver = self._answers.get(message["id"]) if answers else self._listeners.get(message["client"])
            if receiver is not None:
                receiver(message)
        gone = {"error": {"message": "Node has ended", "status": None}}
        for receiver in list(self._answers.values()):
            receiver(gone)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("Node does not run: use `with`")
        return self._process


def _in_this_loop(receiver: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    loop = asyncio.get_running_loop()

    def receive(message: dict[str, Any]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed, nobody waits any more
            loop.call_soon_threadsafe(receiver, message)

    return receive
