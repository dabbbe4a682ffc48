"""Save and load a model as a joblib file that cannot run code.

The file is what ``joblib.dump`` makes of a dict of plain values and bytes, so it names no type,
followed by a checksum of all that. Loading checks the size, then the checksum, then unpickles
with the few opcodes that plain values need, then checks every field. The checksum finds damage;
what keeps a crafted file from doing harm is the rest.
"""

import io
import os
import pickle
import stat
import sys
import zlib
from typing import Any

from spamguard.errors import ModelError
from spamguard.features import VIEWS, Block
from spamguard.model import Model, Part

FORMAT = "spamguard model"
#: Rises whenever a model of the old kind would score differently: views, kernel or fields changed.
VERSION = 3
MOST_BYTES = 8 << 20
MOST_OPCODES = 20_000
MOST_LETTERS = 10_000
MOST_FACTS = 10_000
DEEPEST = 8
_MARK = b"spamguard crc32 "
_TRAILER = len(_MARK) + 8


class _Opcodes(dict[int, Any]):
    """The handlers of the few opcodes that plain values need, good for a limited number of uses."""

    left = MOST_OPCODES

    def __getitem__(self, opcode: int) -> Any:
        self.left -= 1
        if self.left < 0:
            raise pickle.UnpicklingError("it holds too many values")
        return super().__getitem__(opcode)

    def __missing__(self, opcode: int) -> Any:
        raise pickle.UnpicklingError(f"it holds more than plain values (opcode {opcode:#04x})")


_PLAIN = (
    pickle.PROTO, pickle.FRAME, pickle.STOP, pickle.MARK, pickle.MEMOIZE, pickle.BINGET,
    pickle.LONG_BINGET, pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE, pickle.BININT,
    pickle.BININT1, pickle.BININT2, pickle.LONG1, pickle.BINFLOAT, pickle.SHORT_BINUNICODE,
    pickle.BINUNICODE,
    pickle.SHORT_BINBYTES, pickle.BINBYTES, pickle.EMPTY_DICT, pickle.SETITEM, pickle.SETITEMS,
    pickle.EMPTY_LIST, pickle.APPEND, pickle.APPENDS,
)  # fmt: skip


class _PlainUnpickler(pickle._Unpickler):  # noqa: SLF001
    """Unpickles plain values only: no type, no call, no allocation by a number in the file.

    It builds on the pure-Python unpickler, since the C one reserves whatever a tiny file asks for.
    """

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        known = super().dispatch
        handlers: dict[int, Any] = {opcode[0]: known[opcode[0]] for opcode in _PLAIN}
        handlers[pickle.BINUNICODE[0]] = _PlainUnpickler.read_text
        self.dispatch = _Opcodes(handlers)  # type: ignore[misc]

    def read_text(self) -> None:
        """As the base class does it, but for the length."""
        length = int.from_bytes(self.read(4), "little")  # type: ignore[attr-defined]
        if length > MOST_LETTERS:
            raise pickle.UnpicklingError("it holds a text that is too long")
        self.append(str(self.read(length), "utf-8"))  # type: ignore[attr-defined]

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"it names {module}.{name}")

    def persistent_load(self, pid: Any) -> Any:  # noqa: ARG002
        raise pickle.UnpicklingError("it points outside itself")


def dump(model: Model) -> bytes:
    """The bytes of a model file. The same model gives the same bytes."""
    import joblib

    plain = {
        "format": FORMAT,
        "version": VERSION,
        "blocks": [
            {
                **part.block._asdict(),
                "idf": part.idf,
                "weight": part.weight,
                "name_only_weight": part.name_only_weight,
            }
            for part in model.parts
        ],
        "intercept": model.intercept,
        "slope": model.slope,
        "offset": model.offset,
        "ham_cutoff": model.ham_cutoff,
        "spam_cutoff": model.spam_cutoff,
        "facts": model.facts,
    }
    buffer = io.BytesIO()
    joblib.dump(_canonical(plain), buffer, compress=0, protocol=4)
    raw = buffer.getvalue()
    return raw + _MARK + _checksum(raw)


def _canonical(value: Any) -> Any:
    """The same value, whose pickle depends on nothing else: pickle writes an object once only."""
    if type(value) is str:
        return sys.intern(value)
    if type(value) is bytes:
        return bytes(bytearray(value))
    if type(value) is list:
        return [_canonical(item) for item in value]
    if type(value) is dict:
        return {_canonical(key): _canonical(item) for key, item in value.items()}
    return value


def _checksum(raw: bytes | memoryview) -> bytes:
    return b"%08x" % zlib.crc32(raw)


def load(path: str) -> Model:
    """The model in a file; raises ModelError, whatever the file holds."""
    return parse(_read(path), path)


def digest(path: str) -> str:
    """The SHA-256 digest of a model file in hexadecimal, as ``sha256sum`` prints it."""
    import hashlib

    return hashlib.sha256(_read(path)).hexdigest()


def _read(path: str) -> bytes:
    try:
        # A pipe or a device would block or never end.
        with open(
            path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)
        ) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ModelError(f"{path}: not a model: it is not a regular file")
            if status.st_size > MOST_BYTES:
                raise ModelError(
                    f"{path}: not a model: {status.st_size:,} bytes, a model has at most"
                    f" {MOST_BYTES:,}"
                )
            return file.read(MOST_BYTES)
    except OSError as error:
        raise ModelError(f"{path}: the model cannot be read: {error.strerror}") from None


def parse(raw: bytes, name: str) -> Model:
    """The model in the bytes of a file called ``name``."""
    body, trailer = memoryview(raw)[:-_TRAILER], raw[-_TRAILER:]
    if not trailer.startswith(_MARK):
        raise ModelError(
            f"{name}: not a spamguard model, or cut off: its closing checksum is missing"
        )
    if trailer[len(_MARK) :] != _checksum(body):
        raise ModelError(f"{name}: damaged: its checksum does not match; get it or train it again")
    file = io.BytesIO(raw)
    try:
        plain = _PlainUnpickler(file).load()
    except Exception as error:  # whatever a crafted file provokes is one message
        what = str(error)[:200] or type(error).__name__
        raise ModelError(f"{name}: not a spamguard model: {what}") from None
    if file.tell() != len(body):
        raise ModelError(f"{name}: not a spamguard model: it goes on after its end")
    version = plain.get("version") if type(plain) is dict else None
    if type(version) is not int or abs(version) > 10**9 or plain.get("format") != FORMAT:
        raise ModelError(f"{name}: not a spamguard model")
    if version != VERSION:
        raise ModelError(
            f"{name}: written by another version of spamguard (model version {version},"
            f" this one reads {VERSION}); train it again"
        )
    try:
        return _checked(plain)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{name}: not a valid model: {error}") from None


def _checked(plain: dict[str, Any]) -> Model:
    intercept, slope, offset, ham_cutoff, spam_cutoff = numbers = [
        plain[key] for key in ("intercept", "slope", "offset", "ham_cutoff", "spam_cutoff")
    ]
    if not all(type(number) is float and abs(number) < 1e38 for number in numbers):
        raise ValueError("a number is missing or not finite")
    if not 0 <= ham_cutoff <= spam_cutoff <= 1:
        raise ValueError("the cut-offs are out of order")
    if not (type(plain["blocks"]) is list and 0 < len(plain["blocks"]) <= 32):
        raise ValueError("it has no blocks")
    _check_facts(plain["facts"])
    parts = tuple(map(_checked_part, plain["blocks"]))
    return Model(parts, intercept, slope, offset, ham_cutoff, spam_cutoff, plain["facts"])


def _checked_part(plain: dict[str, Any]) -> Part:
    block = Block(**{field: plain[field] for field in Block._fields})
    if not (
        type(block.name) is str
        and all(type(number) is int for number in block[1:6])
        and all(type(number) is float and abs(number) < 1e38 for number in block[6:])
        and 0 <= block.view < len(VIEWS)
        and 0 <= block.unit <= 2
        and 1 <= block.low <= block.high <= 8
        and 8 <= block.bits <= 17
    ):
        raise ValueError("a block is out of range")
    for key in ("idf", "weight", "name_only_weight"):
        raw = plain[key]
        sizes = (4 * block.size, 0) if key == "name_only_weight" else (4 * block.size,)
        if type(raw) is not bytes or len(raw) not in sizes:
            raise ValueError(f"block {block.name[:40]!r}: {key} has the wrong size")
        # The top byte of a float32 is 7f or ff for infinity, NaN and what lies beyond 1e38.
        top = raw[3::4]
        if 0x7F in top or 0xFF in top:
            raise ValueError(f"block {block.name[:40]!r}: {key} holds a number that is not finite")
    return Part(block, plain["idf"], plain["weight"], plain["name_only_weight"])


def _check_facts(facts: Any) -> None:
    """Facts are a small tree of plain values."""
    if type(facts) is not dict:
        raise ValueError("its facts are missing")
    todo: list[tuple[int, Any]] = [(0, facts)]
    for _ in range(MOST_FACTS):
        if not todo:
            return
        depth, value = todo.pop()
        if depth > DEEPEST or len(todo) > MOST_FACTS:
            break
        if type(value) is dict:
            if any(type(key) is not str for key in value):
                break
            todo += [(depth + 1, item) for item in value.values()]
        elif type(value) is list:
            todo += [(depth + 1, item) for item in value]
        elif type(value) not in (str, int, float, bool, type(None)):
            raise ValueError("its facts hold something that is not plain")
    raise ValueError("its facts are not plain, or too many, or too deep")
