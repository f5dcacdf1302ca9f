"""A network camera without a lens: sends pictures of codes as motion JPEG over HTTP, as IP cameras do.

Needs the extra ``vision``, as the driver that looks at it does.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from socket import SHUT_RDWR, socket
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import zxingcpp

_BOUNDARY = "picture"
_FRAME_S = 0.04
_HEIGHT, _WIDTH = 480, 640
_TABLE_GREY = 200
_QUIET_ZONE = 40
_STOP_POLL_S = 0.05


def picture_of(text: str, kind: str = "QRCode", *, scale: int = 4) -> npt.NDArray[np.uint8]:
    """A picture of a code lying on a grey table, drawn by zxing. ``kind`` as zxing names it, such as ``EAN13``."""
    barcode = zxingcpp.create_barcode(text, zxingcpp.barcode_format_from_str(kind))
    code = np.asarray(zxingcpp.write_barcode_to_image(barcode, scale=scale), dtype=np.uint8)
    height, width = code.shape
    picture = empty_picture(height=max(_HEIGHT, height + 2 * _QUIET_ZONE), width=max(_WIDTH, width + 2 * _QUIET_ZONE))
    top, left = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
    picture[top : top + height, left : left + width] = code
    return picture


def empty_picture(*, height: int = _HEIGHT, width: int = _WIDTH) -> npt.NDArray[np.uint8]:
    """The table with nothing on it."""
    return np.full((height, width), _TABLE_GREY, np.uint8)


class VirtualCamera:
    """Listens on 127.0.0.1 at ``port`` while plugged; ``url`` is what a driver opens."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/video.mjpg"
        self._port = port
        self._encode = import_module("cv2").imencode
        self._server: _Server | None = None
        self._jpeg = b""
        self._sending = threading.Event()
        self._sending.set()
        self.show(empty_picture())

    def __repr__(self) -> str:
        return f"VirtualCamera({self.url!r}, {'plugged' if self._server else 'unplugged'})"

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()

    def show(self, picture: npt.NDArray[np.uint8]) -> None:
        """Hold something before the lens, until something else is shown."""
        _, jpeg = self._encode(".jpg", picture)
        self._jpeg = bytes(jpeg)

    def freeze(self) -> None:
        """Keep the connection and send nothing any more."""
        self._sending.clear()

    def thaw(self) -> None:
        """Send again."""
        self._sending.set()

    def plug(self) -> None:
        """Come up on the network."""
        if self._server is None:
            self._server = _Server(self._port, self)
            threading.Thread(
                target=self._server.serve_forever, args=(_STOP_POLL_S,), name="virtual camera", daemon=True
            ).start()

    def unplug(self) -> None:
        """Disappear from the network, in the middle of a picture if need be."""
        server, self._server = self._server, None
        if server is not None:
            server.hang_up()

    def next_part(self) -> bytes | None:
        """The next part of the stream, after the time one picture takes; ``None`` while frozen."""
        if not self._sending.wait(_FRAME_S):
            return None
        jpeg = self._jpeg
        head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
        return head.encode() + jpeg + b"\r\n"


class _Server(ThreadingHTTPServer):
    """Knows its open connections, to cut them."""

    daemon_threads = True
    block_on_close = True

    def __init__(self, port: int, camera: VirtualCamera) -> None:
        self.camera = camera
        self.hung_up = threading.Event()
        self._connections: set[socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def get_request(self) -> tuple[socket, Any]:
        """Accept, and remember what was accepted."""
        connection, address = super().get_request()
        self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection that has ended."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Stop listening and cut what is open."""
        self.hung_up.set()
        self.shutdown()
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(SHUT_RDWR)
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def setup(self) -> None:
        """One thread per viewer, named for what it does."""
        threading.current_thread().name = "virtual camera viewer"
        super().setup()

    def log_message(self, *_: Any) -> None:
        """A camera writes no log."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
        self.end_headers()
        with suppress(OSError):
            while not self.server.hung_up.wait(_FRAME_S):
                part = self.server.camera.next_part()
                if part is not None:
                    self.wfile.write(part)
