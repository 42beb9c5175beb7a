"""Every view model of the window, made once, and which of their signals others follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject

from app.engine.engine import Engine
from app.services.data_folder import DataFolder, SettingsStore
from app.services.model_tool import ModelTool
from app.services.report_files import ReportFiles
from app.services.store_thread import StoreThread
from app.viewmodels.chat.asking import Asking
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.chat.composing import ComposingViewModel
from app.viewmodels.chat.finding import Finding
from app.viewmodels.chat.rewriting import RewritingViewModel
from app.viewmodels.chat.saving import Saver
from app.viewmodels.chat.token_counter import TokenCounter
from app.viewmodels.common.engine import EngineViewModel
from app.viewmodels.common.mtp import MtpViewModel
from app.viewmodels.common.undo import Undo
from app.viewmodels.compare.compare import CompareViewModel
from app.viewmodels.models.converting import Converting
from app.viewmodels.models.fetching import Fetching
from app.viewmodels.models.models import ModelsViewModel
from app.viewmodels.models.switching import PairSwitching
from app.viewmodels.models.trying import Trying
from app.viewmodels.models.work import Work
from app.viewmodels.overlay.measuring import PlainMeasuring
from app.viewmodels.overlay.overlay import OverlayViewModel
from app.viewmodels.overlay.plain_speed import PlainSpeed
from app.viewmodels.reports.opening import FileOpening
from app.viewmodels.reports.reports import ReportsViewModel
from app.viewmodels.settings.reply_settings import PresetsViewModel
from app.viewmodels.sidebar.chat_list import ChatListViewModel
from app.viewmodels.sidebar.recently_deleted import RecentlyDeleted
from app.views.main_window import ViewModels


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the view models ask: the engine, the disk's threads, and what was measured."""

    engine: Engine
    store: StoreThread[DataFolder]
    files: StoreThread[ReportFiles]
    settings: SettingsStore
    saver: Saver
    plain: PlainSpeed
    tool: ModelTool
    clock: Callable[[], float]


def make_models(services: Services, reports_folder: Path, owner: QObject) -> ViewModels:
    engine, clock = services.engine, services.clock
    mtp = MtpViewModel(engine, services.settings.current.reply.mtp, owner)
    asking = Asking(engine, mtp, services.plain, clock)
    chat = ChatViewModel(asking, services.saver, owner)
    undo = Undo(parent=owner)
    chats = ChatListViewModel(services.store, services.saver, chat, undo, owner)
    counter = TokenCounter(engine, owner)
    pairs = PairSwitching(engine, services.settings, chat, owner)
    fetching = Fetching(services.tool, services.store, services.settings, owner)
    trying = Trying(services.tool, engine, pairs, services.store, services.files, clock, owner)
    work = Work(fetching, trying, Converting(services.tool, owner), owner)
    local = ModelsViewModel(
        services.tool, pairs, work, undo, services.settings, services.files, owner
    )
    reports = ReportsViewModel(
        engine, services.files, reports_folder, undo, lambda: chat.obstacle, owner
    )
    models = ViewModels(
        engine=EngineViewModel(engine, owner),
        pairs=pairs,
        models=local,
        chat=chat,
        finding=Finding(chat, services.files, owner),
        composing=ComposingViewModel(chat, counter, services.files, owner),
        rewriting=RewritingViewModel(chat, counter, owner),
        presets=PresetsViewModel(services.settings, owner),
        mtp=mtp,
        overlay=OverlayViewModel(engine, chat, clock, owner),
        measuring=PlainMeasuring(engine, chat, services.plain, clock, parent=owner),
        compare=CompareViewModel(asking, chat, owner),
        reports=reports,
        opening=FileOpening(services.files, reports, local, owner),
        chats=chats,
        deleted=RecentlyDeleted(services.store, services.saver, chat, chats, parent=owner),
        undo=undo,
    )
    _connect_troubles(models)
    return models


def _connect_troubles(models: ViewModels) -> None:
    """What goes wrong in a chat is said in that chat."""
    chat, engine = models.chat, models.engine
    chat.trouble.connect(engine.say_of_chat)
    chat.opened.connect(lambda: engine.open_chat(chat.chat.id))
    chat.reply_started.connect(lambda: engine.forget_chat(chat.chat.id))
    chat.started_elsewhere.connect(lambda written: engine.forget_chat(written.id))
    engine.open_chat(chat.chat.id)
    models.chats.trouble.connect(engine.say)
    models.pairs.failed.connect(models.models.said)
