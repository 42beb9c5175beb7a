"""Reports and chats into files, as the window asks for them."""

from __future__ import annotations

from app.services.report import reply_report
from mtp_mlx.report.markdown import markdown as report_markdown
from mtp_mlx.report.saving import save as save_report
from mtp_mlx.report.saving import write as write_file

__all__ = ["reply_report", "report_markdown", "save_report", "write_file"]
