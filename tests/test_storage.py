"""A model file comes back as it was, and no crafted file does harm."""

import copyreg
import gzip
import io
import json
import lzma
import os
import pickle
import struct
import subprocess
import sys
import zlib

import joblib
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spamguard import features, kernel, storage
from spamguard.errors import ModelError
from spamguard.model import Model, Part, Scorer
from spamguard.records import Comment

LIMIT = storage.MOST_BYTES
MIB = 1 << 20


class Raw(bytes):
    """Opcodes that stand for a value."""


def packed(value):
    """A plain value in the opcodes that model files are made of, or in the raw ones given."""
    if isinstance(value, Raw):
        return bytes(value)
    if value is None:
        return pickle.NONE
    if isinstance(value, bool):
        return pickle.NEWTRUE if value else pickle.NEWFALSE
    if isinstance(value, int):
        return pickle.BININT + struct.pack("<i", value)
    if isinstance(value, float):
        return pickle.BINFLOAT + struct.pack(">d", value)
    if isinstance(value, str):
        raw = value.encode()
        assert len(raw) < 256
        return pickle.SHORT_BINUNICODE + bytes([len(raw)]) + raw
    if isinstance(value, bytes):
        return pickle.BINBYTES + struct.pack("<I", len(value)) + value
    if isinstance(value, dict):
        items = b"".join(packed(item) for pair in value.items() for item in pair)
        return pickle.EMPTY_DICT + pickle.MARK + items + pickle.SETITEMS
    assert isinstance(value, list)
    return pickle.EMPTY_LIST + pickle.MARK + b"".join(map(packed, value)) + pickle.APPENDS


def pickled(value):
    return b"\x80\x04" + packed(value) + pickle.STOP


def sealed(body):
    """A body with the trailer that fits it, so that the checksum turns nothing away."""
    return body + b"spamguard crc32 " + b"%08x" % zlib.crc32(body)


def plain_block(**changes):
    block = {"name": "words", "view": 0, "unit": 1, "low": 1, "high": 2, "bits": 8}
    scales = {"scale": 1.0, "name_only": 1.5}
    learned = np.linspace(0.5, 2.0, 256, dtype="<f4").tobytes()
    weights = {"idf": learned, "weight": learned, "name_only_weight": learned}
    return {**block, **scales, **weights, **changes}


def plain_model(**changes):
    """The dict of a small and valid model file, but for the changes."""
    return {
        "format": "spamguard model",
        "version": storage.VERSION,
        "blocks": [plain_block()],
        "intercept": 0.5,
        "slope": 1.5,
        "offset": -0.25,
        "ham_cutoff": 0.25,
        "spam_cutoff": 0.75,
        "facts": {"trained": "2024-02-29", "spam": 20, "share": 0.5, "files": ["a.csv", None]},
        **changes,
    }


def without(plain, key):
    return {name: value for name, value in plain.items() if name != key}


def refused(raw, name="some.joblib"):
    """The message with which the bytes of a file are refused: one short line that names it."""
    with pytest.raises(ModelError) as caught:
        storage.parse(raw, name)
    return checked_message(str(caught.value), name)


def checked_message(message, name):
    assert message.startswith(f"{name}: ")
    assert message.splitlines() == [message]
    assert len(message) < len(name) + 500
    assert not message.endswith((": ", ":"))
    return message


# The way there and back


def test_a_model_comes_back_as_it_was(small_model, model_file):
    assert storage.load(str(model_file)) == small_model.model


def test_a_model_that_came_back_scores_the_same(small_model, model_file, corpus):
    batch = corpus[0][::10]
    found = Scorer(storage.load(str(model_file))).verdicts(batch)
    assert found == Scorer(small_model.model).verdicts(batch)


numbers = st.floats(-1e30, 1e30)
learned = st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=1, max_size=8).map(
    lambda values: np.resize(np.array(values, "<f4"), 256).tobytes()
)
blocks = st.builds(
    features.Block,
    name=st.from_regex("[a-z ]{1,20}", fullmatch=True),
    view=st.integers(0, len(features.VIEWS) - 1),
    unit=st.sampled_from([kernel.CHARS, kernel.WORDS, kernel.TOKENS]),
    low=st.integers(1, 3),
    high=st.integers(3, 8),
    bits=st.just(8),
    scale=st.floats(0, 10),
    name_only=st.floats(0, 10),
)
plain_facts = st.dictionaries(
    st.text(max_size=20),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=10,
    ),
    max_size=5,
)
models = st.builds(
    lambda parts, numbers, cutoffs, facts: Model(tuple(parts), *numbers, *sorted(cutoffs), facts),
    st.lists(
        st.builds(Part, blocks, learned, learned, st.just(b"") | learned), min_size=1, max_size=2
    ),
    st.tuples(numbers, numbers, numbers),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
    plain_facts,
)


@given(models)
def test_any_model_comes_back_as_it_was(model):
    raw = storage.dump(model)
    back = storage.parse(raw, "any")
    assert back == model
    assert repr(back) == repr(model)  # True is no 1, and 1 no 1.0
    assert storage.dump(model) == raw


@pytest.mark.parametrize("size", [100, 255, 256, 5000])
def test_long_texts_in_facts_come_back(small_model, size):
    model = small_model.model._replace(facts={"x" * size: ["é" * (size // 2)]})
    assert storage.parse(storage.dump(model), "long").facts == model.facts


def copied(value):
    """An equal value that shares no object with the first one, strings included."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(copied, value))
    if isinstance(value, tuple | list):
        return type(value)(map(copied, value))
    if isinstance(value, dict):
        return {copied(key): copied(inner) for key, inner in value.items()}
    return value.encode().decode() if isinstance(value, str) else value


def test_equal_models_give_equal_bytes(small_model, model_file):
    raw = model_file.read_bytes()
    assert storage.dump(small_model.model) == raw
    assert storage.dump(copied(small_model.model)) == raw
    assert storage.dump(storage.load(str(model_file))) == raw


def test_the_file_is_a_joblib_file_of_plain_values(small_model, model_file):
    plain = joblib.load(model_file)
    assert plain["format"] == "spamguard model"
    assert plain["facts"] == small_model.model.facts
    assert [block["name"] for block in plain["blocks"]] == [
        part.block.name for part in small_model.model.parts
    ]
    assert all(type(block["weight"]) is bytes for block in plain["blocks"])


def test_the_digest_is_that_of_the_whole_file(model_file):
    out = subprocess.run(["sha256sum", model_file], capture_output=True, text=True, check=True)
    assert storage.digest(str(model_file)) == out.stdout.split()[0]


def test_the_crafted_files_below_are_valid_but_for_one_thing(model_file):
    """What makes the tests of refusal mean something."""
    raw = model_file.read_bytes()
    trailer = len(sealed(b""))
    assert sealed(raw[:-trailer]) == raw
    model = storage.parse(sealed(pickled(plain_model())), "crafted")
    assert model.facts == plain_model()["facts"]
    assert storage.parse(storage.dump(model), "again") == model
    assert Scorer(model).log_odds([Comment("hello")])[0] != model.intercept


# Damage


def test_no_flipped_byte_goes_unnoticed(model_file):
    raw = bytearray(model_file.read_bytes())
    size = len(raw)
    places = {*range(300), *range(size - 60, size), *range(300, size, size // 50)}
    for place in places:
        raw[place] ^= 0x20
        refused(bytes(raw))
        raw[place] ^= 0x20


@given(st.data(), st.integers(1, 255))
def test_no_change_of_a_byte_goes_unnoticed(data, change):
    raw = bytearray(sealed(pickled(plain_model())))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= change
    refused(bytes(raw))


@given(st.data())
@example(None)
def test_a_file_that_is_cut_off_or_goes_on_is_refused(data):
    raw = sealed(pickled(plain_model()))
    cuts = [0, 1, 2, 15, 16, 23, 24, 25, len(raw) - 1]
    if data is not None:
        cuts = [data.draw(st.integers(0, len(raw) - 1))]
        refused(raw + data.draw(st.binary(min_size=1)))
        refused(data.draw(st.binary(min_size=1)) + raw)
    for cut in cuts:
        refused(raw[:cut])


def test_the_saved_model_is_refused_when_cut_off(model_file):
    raw = model_file.read_bytes()
    for cut in (0, 10, 1000, len(raw) // 2, len(raw) - 24, len(raw) - 1):
        refused(raw[:cut])


@given(st.binary(max_size=300))
def test_any_bytes_with_a_fitting_checksum_are_refused(body):
    refused(sealed(body))
    refused(sealed(b"\x80\x04" + body))


@given(st.data())
def test_a_changed_body_with_a_fitting_checksum_is_refused_or_sound(data):
    """Whatever gets through the checks can be scored with."""
    body = bytearray(pickled(plain_model()))
    for _ in range(data.draw(st.integers(1, 4))):
        # The 2 KiB of weights in the middle may be anything.
        place = data.draw(st.integers(0, 250) | st.integers(len(body) - 200, len(body) - 1))
        body[place] = data.draw(st.integers(0, 255))
    try:
        model = storage.parse(sealed(bytes(body)), "changed")
    except ModelError as error:
        checked_message(str(error), "changed")
    else:
        (verdict,) = Scorer(model).verdicts([Comment("cheap pills", "me", "http://x.example")])
        assert 0 <= verdict.probability <= 1


# Plain values that are no model

not_finite = [float("nan"), float("inf"), -float("inf")]
WRONG = {
    "not a dict": [],
    "empty": {},
    "other format": plain_model(format="spam model"),
    "no format": without(plain_model(), "format"),
    "format of bytes": plain_model(format=b"spamguard model"),
    "no version": without(plain_model(), "version"),
    "version of str": plain_model(version=str(storage.VERSION)),
    "version of bool": plain_model(version=True),
    "version of float": plain_model(version=float(storage.VERSION)),
    "version too long to show": plain_model(version=["x" * 200] * 100),
    "blocks of dict": plain_model(blocks={"0": plain_block()}),
    "no blocks": plain_model(blocks=[]),
    "33 blocks": plain_model(blocks=[plain_block()] * 33),
    "block of list": plain_model(blocks=[[plain_block()]]),
    "block of str": plain_model(blocks=["words"]),
    "block of None": plain_model(blocks=[None]),
    "facts of list": plain_model(facts=[]),
    "facts of None": plain_model(facts=None),
    "facts with bytes": plain_model(facts={"x": [b"bytes"]}),
    "facts with a key of bytes": plain_model(facts={"x": {b"bytes": 1}}),
    "facts too many": plain_model(facts={"x": [None] * 10_001}),
    "cut-offs out of order": plain_model(ham_cutoff=0.8, spam_cutoff=0.2),
    "cut-off above one": plain_model(spam_cutoff=1.5),
    "cut-off below nought": plain_model(ham_cutoff=-0.5),
    **{
        f"{key} is {value!r}": plain_model(**{key: value})
        for key in ("intercept", "slope", "offset", "ham_cutoff", "spam_cutoff")
        for value in (None, True, 0, "0.5", [0.5], *not_finite, 1e39)
    },
    **{
        f"no {key}": without(plain_model(), key)
        for key in plain_model()
        if key not in ("format", "version")
    },
    **{
        f"block without {key}": plain_model(blocks=[without(plain_block(), key)])
        for key in plain_block()
    },
    **{
        f"block with {key} {value!r}": plain_model(blocks=[plain_block(**{key: value})])
        for key, values in {
            "name": (None, 1, b"words"),
            "view": (-1, len(features.VIEWS), 0.0, False, "0", None),
            "unit": (-1, 3, True, 1.0),
            "low": (0, 3, True, 1.0, -1),
            "high": (0, 9, 2.0, "2"),
            "bits": (7, 19, 31, 64, -1, 8.0, None),
            "scale": (1, "1.0", None, True, *not_finite),
            "name_only": (1, "1.0", None, True, *not_finite),
        }.items()
        for value in values
    },
    **{
        f"{key} {what}": plain_model(blocks=[plain_block(**{key: value})])
        for key in ("idf", "weight", "name_only_weight")
        for what, value in {
            "of str": "x" * 100,
            "of None": None,
            "of list": [0.5] * 256,
            **({} if key == "name_only_weight" else {"empty": b""}),
            "too short": bytes(4 * 255),
            "too long": bytes(4 * 257),
            "for more bits": bytes(4 << 9),
            **{
                f"with {number}": np.array([0.5] * 255 + [number], "<f4").tobytes()
                for number in not_finite
            },
        }.items()
    },
    "name that forges a line": plain_model(blocks=[plain_block(name="x\nall is well", idf=b"")]),
    "name that steers the terminal": plain_model(blocks=[plain_block(name="\x1b[2J", idf=b"")]),
    "name without end": plain_model(
        blocks=[
            plain_block(
                name=Raw(pickle.BINUNICODE + struct.pack("<I", 9000) + b"x" * 9000), idf=b""
            )
        ]
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_plain_values_that_are_no_model_are_refused(case):
    refused(sealed(pickled(WRONG[case])))


@pytest.mark.parametrize("version", [storage.VERSION + 1, 0, -1, 1_000_000])
def test_another_version_is_named(version):
    message = refused(sealed(pickled(plain_model(version=version))))
    assert f"version {version}" in message
    assert "train it again" in message


def test_a_reason_is_named():
    assert "checksum" in refused(b"")
    assert "cut-offs" in refused(sealed(pickled(WRONG["cut-offs out of order"])))
    assert "slope" in refused(sealed(pickled(WRONG["no slope"])))
    assert "idf" in refused(sealed(pickled(WRONG["idf too short"])))


# Files that would run code


class Evil:
    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def joblib_bytes(value, compress=0):
    buffer = io.BytesIO()
    joblib.dump(value, buffer, compress=compress)
    return buffer.getvalue()


def object_array(command):
    """joblib's wrapper around an object array, which is unpickled by plain pickle."""
    array = np.empty(1, object)
    array[0] = Evil(command)
    return joblib_bytes(plain_model(facts=array))


def text_of(command):
    return pickle.UNICODE + command.encode() + b"\n"


OS_SYSTEM = pickle.GLOBAL + b"os\nsystem\n"
RUN_CODE = {
    **{
        f"reduce, protocol {protocol}": lambda command, protocol=protocol: pickle.dumps(
            Evil(command), protocol=protocol
        )
        for protocol in range(6)
    },
    "inside the facts": lambda command: pickle.dumps(plain_model(facts={"x": Evil(command)})),
    "inside joblib": lambda command: joblib_bytes(plain_model(facts=Evil(command))),
    "as a key": lambda command: pickle.dumps({Evil(command): 1}),
    "object array": object_array,
    "GLOBAL": lambda command: OS_SYSTEM + pickle.MARK + text_of(command) + b"tR.",
    "INST": lambda command: pickle.MARK + text_of(command) + pickle.INST + b"os\nsystem\n.",
    "OBJ": lambda command: pickle.MARK + OS_SYSTEM + text_of(command) + pickle.OBJ + b".",
    "STACK_GLOBAL": lambda command: (
        b"\x80\x04" + packed("os") + packed("system") + pickle.STACK_GLOBAL
        + packed(command) + pickle.TUPLE1 + pickle.REDUCE + pickle.STOP
    ),
    "EXT1": lambda command: (
        b"\x80\x04" + pickle.EXT1 + b"\xf0" + packed(command) + b"\x85R."
    ),
    "EXT2": lambda command: (
        b"\x80\x04" + pickle.EXT2 + b"\xf0\x00" + packed(command) + b"\x85R."
    ),
    "EXT4": lambda command: (
        b"\x80\x04" + pickle.EXT4 + b"\xf0\x00\x00\x00" + packed(command) + b"\x85R."
    ),
}  # fmt: skip
PACKERS = {
    "zlib": zlib.compress,
    "gzip": gzip.compress,
    "xz": lambda raw: lzma.compress(raw, lzma.FORMAT_XZ),
    "lzma": lambda raw: lzma.compress(raw, lzma.FORMAT_ALONE),
}


@pytest.fixture
def registered():
    """os.system under an extension code, as a program may have it."""
    copyreg.add_extension("posix", "system", 0xF0)
    yield
    copyreg.remove_extension("posix", "system", 0xF0)
    copyreg.clear_extension_cache()


@pytest.mark.parametrize("case", RUN_CODE)
def test_a_file_that_runs_code_elsewhere_is_refused(case, tmp_path, registered):
    marker = tmp_path / "ran"
    path = tmp_path / "evil.joblib"
    path.write_bytes(sealed(RUN_CODE[case](f"touch {marker}")))
    joblib.load(path)
    assert marker.exists(), "this file is not dangerous, so it shows nothing"
    marker.unlink()
    with pytest.raises(ModelError) as caught:
        storage.load(str(path))
    assert not marker.exists()
    checked_message(str(caught.value), str(path))


@pytest.mark.parametrize("packer", PACKERS)
def test_a_compressed_file_that_runs_code_elsewhere_is_refused(packer, tmp_path):
    marker = tmp_path / "ran"
    path = tmp_path / "evil.joblib"
    body = PACKERS[packer](pickle.dumps(Evil(f"touch {marker}")))
    path.write_bytes(body)
    joblib.load(path)
    assert marker.exists(), "this file is not dangerous, so it shows nothing"
    marker.unlink()
    path.write_bytes(sealed(body))
    with pytest.raises(ModelError) as caught:
        storage.load(str(path))
    assert not marker.exists()
    checked_message(str(caught.value), str(path))


@pytest.mark.parametrize("packer", PACKERS)
def test_a_sound_model_is_refused_when_compressed(packer):
    raw = sealed(pickled(plain_model()))
    refused(PACKERS[packer](raw))
    refused(sealed(PACKERS[packer](raw)))


def test_lz4_is_refused():
    refused(sealed(b"\x04\x22\x4d\x18" + bytes(100)))


ORDERED_DICT = pickle.GLOBAL + b"collections\nOrderedDict\n"
#: Values in facts that are not written in the few opcodes of plain values.
OPCODES = {
    "GLOBAL": ORDERED_DICT,
    "STACK_GLOBAL": packed("os") + packed("system") + pickle.STACK_GLOBAL,
    "REDUCE": ORDERED_DICT + pickle.EMPTY_TUPLE + pickle.REDUCE,
    "NEWOBJ": ORDERED_DICT + pickle.EMPTY_TUPLE + pickle.NEWOBJ,
    "NEWOBJ_EX": ORDERED_DICT + pickle.EMPTY_TUPLE + pickle.EMPTY_DICT + pickle.NEWOBJ_EX,
    "INST": pickle.MARK + pickle.INST + b"collections\nOrderedDict\n",
    "OBJ": pickle.MARK + ORDERED_DICT + pickle.OBJ,
    "BUILD": pickle.EMPTY_DICT + pickle.EMPTY_DICT + pickle.BUILD,
    "EXT1": pickle.EXT1 + b"\xf0",
    "EXT2": pickle.EXT2 + b"\xf0\x00",
    "EXT4": pickle.EXT4 + b"\xf0\x00\x00\x00",
    "PERSID": pickle.PERSID + b"1\n",
    "BINPERSID": packed("1") + pickle.BINPERSID,
    "BYTEARRAY8": pickle.BYTEARRAY8 + struct.pack("<Q", 1) + b"x",
    "NEXT_BUFFER": pickle.NEXT_BUFFER,
    "READONLY_BUFFER": packed(b"x") + pickle.READONLY_BUFFER,
    "EMPTY_TUPLE": pickle.EMPTY_TUPLE,
    "TUPLE": pickle.MARK + pickle.TUPLE,
    "EMPTY_SET": pickle.EMPTY_SET,
    "FROZENSET": pickle.MARK + pickle.FROZENSET,
    "UNICODE": pickle.UNICODE + b"x\n",
    "STRING": pickle.STRING + b"'x'\n",
    "INT": pickle.INT + b"1\n",
    "LONG": pickle.LONG + b"1L\n",
    "FLOAT": pickle.FLOAT + b"1.0\n",
    "PUT": pickle.NONE + pickle.PUT + b"1\n",
    "BINPUT": pickle.NONE + pickle.BINPUT + b"\x01",
    "LONG_BINPUT": pickle.NONE + pickle.LONG_BINPUT + struct.pack("<I", 1),
    "POP": pickle.NONE + pickle.NONE + pickle.POP,
    "DUP": pickle.NONE + pickle.DUP,
    "LONG4": pickle.LONG4 + struct.pack("<i", 1) + b"\x01",
    "BINBYTES8": pickle.BINBYTES8 + struct.pack("<Q", 1) + b"x",
    "BINUNICODE8": pickle.BINUNICODE8 + struct.pack("<Q", 1) + b"x",
    "unknown": b"\xff",
    "memo that is empty": pickle.BINGET + b"\xfa",
    "key that is a list": pickle.EMPTY_DICT + pickle.EMPTY_LIST + pickle.NONE + pickle.SETITEM,
    "text that is no UTF-8": pickle.SHORT_BINUNICODE + b"\x01\xff",
    "stack that is empty": pickle.APPENDS,
    "item set of a text": packed("x") + pickle.NONE + pickle.NONE + pickle.SETITEM,
    "append to a text": packed("x") + pickle.NONE + pickle.APPEND,
}


@pytest.mark.parametrize("case", OPCODES)
def test_other_opcodes_than_those_of_plain_values_are_refused(case, registered):
    refused(sealed(pickled(plain_model(facts={"x": Raw(OPCODES[case])}))))


# Files that would eat the machine

GET = pickle.BINGET + b"\x00"
#: A list in which every item is the list itself.
SELVES = pickle.EMPTY_LIST + pickle.MEMOIZE + pickle.MARK + GET * 18_000 + pickle.APPENDS


def nested(depth):
    """A list in a list in a list..."""
    return Raw(pickle.EMPTY_LIST * depth + pickle.APPEND * (depth - 1))


def laughs(width, depth):
    """Lists of the same list again and again: a few bytes that are ``width ** depth`` values."""
    ops = pickle.EMPTY_LIST + pickle.MEMOIZE
    for level in range(1, depth):
        inner = pickle.BINGET + bytes([level - 1])
        ops += pickle.EMPTY_LIST + pickle.MEMOIZE + pickle.MARK + inner * width + pickle.APPENDS
    # The lists below the last one are left on the stack, so they go into a list of their own.
    return Raw(pickle.EMPTY_LIST + pickle.MARK + ops + pickle.APPENDS)


def colliding(count):
    """A dict whose keys all have the same hash."""
    keys = b"".join(
        pickle.LONG1 + bytes([len(raw)]) + raw + pickle.NONE
        for raw in ((number * (2**61 - 1)).to_bytes(16, "little") for number in range(1, count + 1))
    )
    return Raw(pickle.EMPTY_DICT + pickle.MARK + keys + pickle.SETITEMS)


def huge(opcode, form, size):
    """A tiny file that asks for room for something huge."""
    return b"\x80\x05" + opcode + struct.pack(form, size) + b"."


HUNGRY = {
    "LONG_BINPUT of a huge index": lambda: (
        b"\x80\x04" + pickle.NONE + pickle.LONG_BINPUT + struct.pack("<I", 2**31) + b"."
    ),
    "BINBYTES": lambda: huge(pickle.BINBYTES, "<I", 2**32 - 1),
    "BINBYTES8": lambda: huge(pickle.BINBYTES8, "<Q", 2**40),
    "BINUNICODE": lambda: huge(pickle.BINUNICODE, "<I", 2**32 - 1),
    "BINUNICODE8": lambda: huge(pickle.BINUNICODE8, "<Q", 2**40),
    "BYTEARRAY8": lambda: huge(pickle.BYTEARRAY8, "<Q", 2**33),
    "LONG4": lambda: huge(pickle.LONG4, "<i", 2**31 - 1),
    "FRAME": lambda: huge(pickle.FRAME, "<Q", 2**40),
    "FRAME beyond any size": lambda: huge(pickle.FRAME, "<Q", 2**64 - 1),
    "millions of EMPTY_LIST": lambda: b"\x80\x04" + pickle.EMPTY_LIST * (LIMIT - 100),
    "millions of MARK": lambda: b"\x80\x04" + pickle.MARK * (LIMIT - 100),
    "millions of MEMOIZE": lambda: b"\x80\x04N" + pickle.MEMOIZE * (LIMIT - 100),
    "millions of None": lambda: b"\x80\x04]" + pickle.MARK + b"N" * (LIMIT - 100) + b"e.",
    "millions of frames": lambda: b"\x80\x04" + (pickle.FRAME + bytes(8)) * (LIMIT // 10),
    "one byte string as large as a file": lambda: pickled(
        plain_model(facts={"x": bytes(LIMIT - 10_000)})
    ),
    "all weights": lambda: pickled(
        plain_model(blocks=[plain_block(name="x", idf=bytes(LIMIT - 10_000))])
    ),
    "facts of themselves": lambda: pickled(plain_model(facts={"x": Raw(b"]\x94\x68\x00a")})),
    "facts of themselves, many times": lambda: pickled(plain_model(facts={"x": Raw(SELVES)})),
    "facts that laugh": lambda: pickled(plain_model(facts={"x": laughs(10, 100)})),
    "facts nested deeply": lambda: pickled(plain_model(facts={"x": nested(9000)})),
    "facts that collide": lambda: pickled(plain_model(facts={"x": colliding(9000)})),
    "version of itself, many times": lambda: pickled(plain_model(version=Raw(SELVES))),
    "version that laughs": lambda: pickled(plain_model(version=laughs(10, 100))),
    "version nested deeply": lambda: pickled(plain_model(version=nested(9000))),
    "format that laughs": lambda: pickled(plain_model(format=laughs(10, 100))),
    "format nested deeply": lambda: pickled(plain_model(format=nested(9000))),
    "block name that laughs": lambda: pickled(
        plain_model(blocks=[plain_block(name=laughs(10, 100))])
    ),
    "cut-off nested deeply": lambda: pickled(plain_model(ham_cutoff=nested(9000))),
    "version as large as a file": lambda: pickled(plain_model(version=bytes(LIMIT - 10_000))),
}  # fmt: skip

#: Loads a file in a process of its own that may not grow; prints how it went.
LOADER = """
import json, resource, sys
from spamguard import storage

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) << 10

before = peak()
resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20))
try:
    storage.load(sys.argv[1])
    message, kind = "", "nothing"
except BaseException as error:
    message, kind = str(error), type(error).__name__
print(json.dumps({"message": message, "kind": kind, "grown": peak() - before}))
"""


def load_apart(path):
    """How loading a file goes, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", LOADER, str(path)],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused_apart(path):
    found = load_apart(path)
    assert found["kind"] == "ModelError", found
    assert found["grown"] < 100 * MIB
    return checked_message(found["message"], str(path))


apart = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/status")


@apart
def test_a_sound_model_loads_apart(model_file):
    found = load_apart(model_file)
    assert found["kind"] == "nothing", found
    assert 0 < found["grown"] < 100 * MIB


@apart
@pytest.mark.parametrize("case", HUNGRY)
def test_a_crafted_file_takes_little_time_and_memory(case, tmp_path):
    path = tmp_path / "hungry.joblib"
    path.write_bytes(sealed(HUNGRY[case]()))
    assert path.stat().st_size <= LIMIT
    refused_apart(path)


@apart
def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "huge.joblib"
    with path.open("wb") as file:
        file.truncate(10 << 30)
    assert "10,737,418,240 bytes" in refused_apart(path)


@apart
def test_a_pipe_or_a_device_is_refused(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "regular file" in refused_apart(pipe)
    assert "regular file" in refused_apart("/dev/zero")


def test_the_largest_file_is_read_and_one_byte_more_is_not(tmp_path):
    path = tmp_path / "large.joblib"
    room = LIMIT - len(sealed(pickled(plain_model(more=b""))))
    path.write_bytes(sealed(pickled(plain_model(more=bytes(room)))))
    assert storage.load(str(path)).slope == 1.5
    path.write_bytes(sealed(pickled(plain_model(more=bytes(room + 1)))))
    with pytest.raises(ModelError, match=f"{LIMIT + 1:,} bytes"):
        storage.load(str(path))


def test_what_is_no_file_is_named(tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for path in (tmp_path, tmp_path / "missing", tmp_path / "missing" / "inside", loop):
        for read in (storage.load, storage.digest):
            with pytest.raises(ModelError) as caught:
                read(str(path))
            checked_message(str(caught.value), str(path))
