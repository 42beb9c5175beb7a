"""Bytes as they come -> whole lines."""

from __future__ import annotations

from mtp_mlx.wire import MAX_LINE_BYTES


class LineBuffer:
    """Keeps the unfinished line between two reads.

    A line that outgrows the protocol's limit is dropped up to its end: a worker gone wild must
    not fill the window's memory.
    """

    def __init__(self, limit: int = MAX_LINE_BYTES) -> None:
        self._limit = limit
        self._rest = bytearray()
        self._dropping = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines completed by `data`, without their ends and without empty ones."""
        self._rest += data
        *lines, rest = bytes(self._rest).split(b"\n")
        if self._dropping and lines:
            del lines[0]
            self._dropping = False
        if self._dropping or len(rest) > self._limit:
            rest = b""
            self._dropping = True
        self._rest = bytearray(rest)
        return [line for line in lines if line.strip() and len(line) <= self._limit]

    def clear(self) -> None:
        self._rest.clear()
        self._dropping = False
