"""A comment spam filter for people who run blogs."""

__version__ = "0.1.0"
