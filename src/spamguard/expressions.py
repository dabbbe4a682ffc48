"""Regular expressions that most texts never meet, and so are compiled when they are first used."""

import re
from collections.abc import Callable
from typing import Any


class Expression:
    """A pattern with the methods of ``re.Pattern``."""

    search: Callable[[str], re.Match[str] | None]
    match: Callable[[str], re.Match[str] | None]
    fullmatch: Callable[[str], re.Match[str] | None]
    findall: Callable[[str], list[str]]
    sub: Callable[[str | Callable[[re.Match[str]], str], str], str]

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern

    def __getattr__(self, name: str) -> Any:
        """The method of the compiled pattern, which from then on is found without this."""
        method = getattr(re.compile(self.pattern), name)
        setattr(self, name, method)
        return method
