"""An open report, or two side by side: back, export and copy above, charts and tables below."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from PySide6.QtCore import QByteArray, QRectF, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QGuiApplication, QImage, QPainter, QResizeEvent, QTextDocument
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QTextBrowser, QVBoxLayout, QWidget

from app import strings
from app.render.report_page import (
    Look,
    Picture,
    folded_name,
    page_charts,
    page_html,
    page_parts,
    palette,
)
from app.services.report import has_texts, without_texts
from app.viewmodels.common.throttle import Throttle
from app.viewmodels.reports.reports import ReportsState, ReportsViewModel, Shown
from app.views.common import fonts
from app.views.common.controls import plain_tip, push_button
from app.views.common.drag_out import DragOut
from app.views.common.theme import ThemeController
from mtp_mlx.report.answer import message
from mtp_mlx.report.model import Report
from mtp_mlx.report.sheet import NARROW, Chart
from mtp_mlx.report.writer import markdown

R = TypeVar("R")

_SETTLE_MS = 80
_EDGE = 24
_WIDEST = 760  # pixels of a chart: a wider one is not easier to read
_GAP = 22


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What a page shows, a report or two that are compared, and the look that it is made for."""

    shown: Shown
    beside: Shown | None
    look: Look
    ratio: float  # the screen's pixels to a logical one


@dataclass(frozen=True, slots=True)
class _Page:
    html: str
    images: Mapping[str, QImage]  # by the names that stand in the HTML


class ReportBrowser(QTextBrowser):
    """Shows a page that the files thread has made: its charts, their images and its HTML.

    The interface thread only hands the HTML to `setHtml`: a QTextDocument that is shown can be
    filled and laid out on no other thread. Long sections are folded and so not laid out.
    """

    def __init__(
        self, reports: ReportsViewModel, theme: ThemeController, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._reports = reports
        self._theme = theme
        self._shown: tuple[Shown, Shown | None] | None = None
        self._unfolded: frozenset[str] = frozenset()
        self._asked: _Sheet | None = None  # the page that is being made
        self.setAccessibleName(strings.REPORT_TEXT)
        self.setFont(fonts.ui())
        self.setOpenLinks(False)
        # A bar that comes and goes would have the charts drawn anew at another width.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.document().setDocumentMargin(_EDGE)
        self._settle = Throttle(_SETTLE_MS, self._lay_out, self)
        theme.changed.connect(self._lay_out)
        self.anchorClicked.connect(self._turn_over)

    def show_report(self, shown: Shown, beside: Shown | None) -> None:
        if (shown, beside) != self._shown:
            self._shown = (shown, beside)
            self._unfolded = frozenset()
            self._lay_out()
            self.verticalScrollBar().setValue(0)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._settle.request()

    def _turn_over(self, link: QUrl) -> None:
        """Open or close the section whose name was clicked; the page has no other links."""
        name = folded_name(link.toString(QUrl.ComponentFormattingOption.FullyEncoded))
        if name is not None:
            self._unfolded ^= {name}
            self._lay_out()

    def _lay_out(self) -> None:
        """Have the page made for the width and the theme there are now."""
        if self._shown is None:
            return
        shown, beside = self._shown
        sheet = _Sheet(
            shown=shown,
            beside=beside,
            look=Look(
                tokens=self._theme.current.tokens,
                width=self.viewport().width() - 2 * _EDGE,
                unfolded=self._unfolded,
            ),
            ratio=self.devicePixelRatioF(),
        )
        self._asked = sheet
        self._reports.render(lambda: _made(sheet), self).then(partial(self._on_made, sheet))

    def _on_made(self, sheet: _Sheet, page: _Page) -> None:
        """Show the page, unless another width, theme or report was asked for since."""
        if sheet is not self._asked:
            return
        bar = self.verticalScrollBar()
        place = bar.value()
        kind = QTextDocument.ResourceType.ImageResource.value
        for name, image in page.images.items():
            self.document().addResource(kind, QUrl(name), image)
        self.setHtml(page.html)
        bar.setValue(place)


def _made(sheet: _Sheet) -> _Page:
    """Return the page. Touches no widget, so that any thread may make it."""
    beside = None if sheet.beside is None else sheet.beside.report
    parts = page_parts(sheet.shown.report, beside)
    images: dict[str, QImage] = {}
    pictures = _pictures(page_charts(parts), sheet.look, sheet.ratio, images)
    return _Page(page_html(parts, pictures, sheet.look), images)


def _pictures(
    drawn: Sequence[Chart], look: Look, ratio: float, images: dict[str, QImage]
) -> list[Picture]:
    """Return the charts as wide as the page has room for, and put their images in `images`."""
    width = look.width // 2 - _GAP if look.is_roomy else look.width
    width = min(max(width, NARROW), _WIDEST)
    colours = palette(look.tokens)
    pictures = []
    for i, chart in enumerate(drawn):
        name = f"chart:{i}"
        renderer = QSvgRenderer(QByteArray(chart.svg(colours, width).encode()))
        height = max(1, renderer.defaultSize().height())
        images[name] = _image(renderer, width, height, ratio)
        pictures.append(Picture(name, width, height))
    return pictures


def _image(renderer: QSvgRenderer, width: int, height: int, ratio: float) -> QImage:
    """Return the chart at the screen's resolution."""
    image = QImage(round(width * ratio), round(height * ratio), QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter, QRectF(image.rect()))
    painter.end()
    return image


_SAID_MS = 1500


class ReportReader(QWidget):
    back_asked = Signal()
    export_asked = Signal(bool)  # with prompts and replies
    delete_asked = Signal(str)  # its file

    def __init__(
        self, reports: ReportsViewModel, theme: ThemeController, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._reports = reports
        self._state = ReportsState()
        self.back = push_button(strings.REPORTS_BACK, "outline")
        self.export = push_button(strings.REPORT_EXPORT, "filled")
        self.text = push_button(strings.REPORT_COPY_TEXT, "outline")
        self.markdown = push_button(strings.REPORT_COPY_MARKDOWN, "outline")
        self.card = push_button(strings.REPORT_COPY_CARD, "outline")
        self.delete = push_button(strings.REPORT_DELETE, "outline")
        self.texts = QCheckBox(strings.REPORT_TEXTS)
        self.texts.setToolTip(strings.REPORT_TEXTS_HELP)
        self.browser = ReportBrowser(reports, theme)
        self._copied = QTimer(self, singleShot=True, interval=_SAID_MS)
        self._copied.setObjectName("copied")
        self._copied.timeout.connect(self._name_copies)
        self._lay_out()
        self.back.clicked.connect(self.back_asked)
        helps = {
            self.text: strings.REPORT_COPY_TEXT_HELP,
            self.markdown: strings.REPORT_COPY_MARKDOWN_HELP,
            self.card: strings.REPORT_CARD_HELP,
            self.export: strings.REPORT_EXPORT_HELP,
        }
        for button, text in helps.items():
            button.setToolTip(plain_tip(text))
            button.setAccessibleDescription(text)
        for button in (self.text, self.markdown, self.card):
            button.setAccessibleName(f"{strings.REPORT_COPY} {button.text()}")
        for button, ending in ((self.export, ".html"), (self.card, ".png")):
            drag = DragOut(button)
            drag.wanted.connect(partial(self._make_file, drag, ending))
        self.export.clicked.connect(lambda: self.export_asked.emit(self.texts.isChecked()))
        self.text.clicked.connect(self._copy_text)
        self.markdown.clicked.connect(self._copy_markdown)
        self.card.clicked.connect(self._copy_card)
        self.delete.clicked.connect(self._ask_to_delete)

    def show_state(self, state: ReportsState) -> None:
        """Hide copies and deletion while two are compared: each is opened for that."""
        if state.shown is None:
            return
        if state.shown != self._state.shown:
            self.texts.setChecked(False)  # every report starts without its texts
        self._state = state
        alone = state.beside is None
        for widget in (self._copy, self.text, self.markdown, self.card):
            widget.setVisible(alone)
        self.delete.setVisible(alone and state.shown.name is not None)
        self.texts.setVisible(alone and has_texts(state.shown.report))
        self.browser.show_report(state.shown, state.beside)

    def _render(self, make: Callable[[Report], R], done: Callable[[R], None]) -> None:
        """Have something made of the report as it may be copied: its texts only if asked for."""
        shown, texts = self._state.shown, self.texts.isChecked()
        if shown is None:
            return

        def made() -> R:
            return make(shown.report if texts else without_texts(shown.report))

        self._reports.render(made, self).then(done)

    def _make_file(self, drag: DragOut, ending: str) -> None:
        """Have the file written that may be dragged out; where that fails there is no drag."""
        answer = self._reports.outgoing(ending, self, texts=self.texts.isChecked())
        if answer is not None:
            answer.then(drag.give)

    def _copy_text(self) -> None:
        self._render(message, partial(self._on_text, self.text))

    def _copy_markdown(self) -> None:
        self._render(markdown, partial(self._on_text, self.markdown))

    def _on_text(self, button: QWidget, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self._say_copied(button)

    def _copy_card(self) -> None:
        """Copy the card. Its code is imported here, so that the window opens without it."""
        from mtp_mlx.report import painter

        self._render(painter.png, self._on_card)

    def _on_card(self, png: bytes) -> None:
        QGuiApplication.clipboard().setImage(QImage.fromData(png))
        self._say_copied(self.card)

    def _say_copied(self, button: QWidget) -> None:
        self._name_copies()
        button.setProperty("text", strings.REPORT_COPIED)
        self._copied.start()

    def _name_copies(self) -> None:
        self.text.setText(strings.REPORT_COPY_TEXT)
        self.markdown.setText(strings.REPORT_COPY_MARKDOWN)
        self.card.setText(strings.REPORT_COPY_CARD)

    def _ask_to_delete(self) -> None:
        shown = self._state.shown
        if shown is not None and shown.name is not None:
            self.delete_asked.emit(shown.name)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.back)
        row.addStretch(1)
        self._copy = QLabel(strings.REPORT_COPY)
        self._copy.setProperty("tone", "muted")
        row.addWidget(self._copy)
        for button in (self.text, self.markdown, self.card, self.delete, self.export):
            row.addWidget(button)
        below = QHBoxLayout()
        below.addStretch(1)
        below.addWidget(self.texts)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(row)
        column.addLayout(below)
        column.addWidget(self.browser, 1)
