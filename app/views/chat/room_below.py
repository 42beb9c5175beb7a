"""What keeps the place of messages that have no view any more."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

_USUAL = 200  # pixels


class RoomBelow(QWidget):
    """As high as the views that were taken down below, so that nothing moves; nearest last.

    A chat of thousands of messages would otherwise be thousands of views, laid out time and again.
    """

    def __init__(self, spacing: int) -> None:
        super().__init__()
        self._spacing = spacing
        self._heights: list[int] = []
        self._fit()

    def __len__(self) -> int:
        """Messages."""
        return len(self._heights)

    def __bool__(self) -> bool:
        return bool(self._heights)

    def put(self, height: int) -> None:
        self._heights.append(height)
        self._fit()

    def extend(self, count: int) -> None:
        """Messages at the far end, as high as most are: their views will tell."""
        self._heights[:0] = [_USUAL] * count
        self._fit()

    def take(self) -> None:
        """The nearest one has a view again."""
        self._heights.pop()
        self._fit()

    def keep(self, count: int) -> None:
        """Only the nearest `count`: the others are gone from the chat."""
        self._heights = self._heights[len(self._heights) - count :] if count else []
        self._fit()

    def _fit(self) -> None:
        between = self._spacing * (len(self._heights) - 1)
        self.setVisible(bool(self._heights))
        self.setFixedHeight(max(0, sum(self._heights) + between))
