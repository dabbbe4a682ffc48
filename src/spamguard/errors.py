"""The error family: each class carries the one sentence its user sees."""


class SpamguardError(Exception):
    """An expected failure: what is wrong, where, and what to do about it, in one line."""


class InputError(SpamguardError):
    """Something in the input, or about it, stands in the way."""


class NoCommentsError(InputError):
    """The input is of another kind than the ones that can be read, or has no comment in it."""


class OutputError(SpamguardError):
    """The result cannot be written."""


class ModelError(SpamguardError):
    """A model file cannot be used."""


class TrainingError(SpamguardError):
    """The labelled comments cannot support a model or a measurement."""


class WorkerError(SpamguardError):
    """A process that helps with the work has died."""
