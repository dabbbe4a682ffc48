"""The page that shows how good a model is: a summary of plain values, and the HTML made of it."""

from spamguard.report.page import check_extra, render
from spamguard.report.summary import Run, Summary, summarize

__all__ = ["Run", "Summary", "check_extra", "render", "summarize"]
