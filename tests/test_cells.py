"""Many plain rows at once are read and written as each alone."""

import csv
import io

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spamguard import cells
from spamguard.formats.record import Choices, PlainRows
from spamguard.formats.source import Source
from spamguard.formats.table import Table
from spamguard.records import LABELS, Verdict
from strategies import texts

HEADER = b"id,content,comment_type,author\n"

cell_texts = st.one_of(
    texts.map(lambda text: text[:60]),
    st.text(st.sampled_from('a",\n\r\t;é😀\u2028\ufeff'), max_size=8),
    st.sampled_from(["", "pingback", "two\nlines", 'say "no"', " padded "]),
)


@st.composite
def tables(draw):
    """The bytes of a table, most rows of which are plain."""
    buffer = io.StringIO(newline="")
    end = draw(st.sampled_from(["\n", "\r\n"]))
    writer = csv.writer(buffer, lineterminator=end)
    for cells_of_row in draw(st.lists(st.lists(cell_texts, min_size=4, max_size=4), max_size=6)):
        writer.writerow(cells_of_row)
    data = buffer.getvalue().encode("utf-8", "surrogatepass")
    odd = st.sampled_from([b"", b"\n", b"1,2\n", b'1,"x"y,,\n', b"1,\xff,,\n", b"1,a\0b,,\n", b'"'])
    at = draw(st.integers(0, len(data)))
    return data[:at] + draw(odd) + data[at:]


def read(data, *, heavy, path):
    """All that a table gives, row by row, and its rows with verdicts behind them."""
    path.write_bytes(HEADER + data)
    records, written, plain = [], [], 0
    with Source(str(path)) as source:
        source.heavy = heavy
        table = Table(source, Choices())
        for batch in table.batches():
            said = [
                None
                if record.comment is None
                else Verdict(LABELS[place % 3], 1 / (1 + len(records) + place))
                for place, record in enumerate(batch)
            ]
            if isinstance(batch, PlainRows):
                plain += len(batch)
                assert [record.comment.text for record in batch] == list(batch.columns.texts)
                assert [record.comment.author for record in batch] == list(batch.columns.authors)
                written.append(batch.annotated(said))
            else:
                written += map(table.annotated, batch, said)
            records += batch
        return records, "".join(written), table.skipped, source.replaced, plain


@given(tables())
@example(b'1,"a ""b"" c",,me\r\n2,"two\nlines",,\r\n')
@example(b"1,a,pingback,\n")
def test_plain_rows_are_read_as_each_alone(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "table.csv"
    *alone, _ = read(data, heavy=False, path=path)
    *at_once, _ = read(data, heavy=True, path=path)
    # Which verdict a row gets depends on its batch, so compare the rows without them.
    assert at_once[0] == alone[0]
    assert at_once[2:] == alone[2:]


@given(tables(), st.integers(1, 60), st.sampled_from([40, 200]))
@example(b'1,"' + b"a\r\n" * 99 + b'",,\r\n2,b,,\r\n', 7, 40)
@example("1,{},,\n2,b,,\n".format("é" * 99).encode(), 7, 40)
def test_rows_that_are_too_long_lose_no_byte(tmp_path_factory, data, chunk, most):
    path = tmp_path_factory.getbasetemp() / "table.csv"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spamguard.formats.source.CHUNK", chunk)
        patch.setattr("spamguard.formats.table.PART", 10)
        patch.setattr("spamguard.formats.table.MOST_ROW", most)
        alone = read(data, heavy=False, path=path)[0]
        at_once = read(data, heavy=True, path=path)[0]
    assert at_once == alone
    raw = "".join(record.raw for record in alone)
    assert raw.encode("utf-8", "surrogateescape") == data


def test_verdicts_stand_behind_the_rows_as_they_stood(tmp_path):
    data = b'1,"a ""b"" c",,me\r\n2,"two\nlines",,\n' + "3,é,,😀\n".encode()
    _, written, _, _, plain = read(data, heavy=True, path=tmp_path / "table.csv")
    assert plain == 3
    assert written == (
        '1,"a ""b"" c",,me,spam,1.000000\r\n'
        '2,"two\nlines",,,unsure,0.500000\n'
        "3,é,,😀,ham,0.333333\n"
    )


@pytest.mark.parametrize(
    ("odd", "plain"),
    [
        (b"4,x,,\n", 4),
        (b"\n", 3),
        (b"4,x,\n", 3),
        (b"4,x,,,\n", 3),
        (b'4,"x"y,,\n', 3),
        (b"4,x\ry,,\n", 3),
        (b"4,x,,", 3),
        (b'4,"x', 3),
        (b"4,\xff,,\n", 0),
        (b"4,\0,,\n", 0),
        (b"4,x,trackback,\n", 0),
    ],
)
def test_what_is_odd_is_left_to_csv(tmp_path, odd, plain):
    rows = b"".join(b"%d,text,comment,\n" % number for number in range(3))
    *_, found = read(rows + odd, heavy=True, path=tmp_path / "table.csv")
    assert found == plain


probabilities = st.floats(0, 1)
ties = st.integers(0, 10**6 - 1).map(lambda number: (number + 0.5) / 10**6)


@given(st.lists(probabilities | ties, max_size=50))
@example([0.0, 1.0, 0.5, 0.9999995, 0.9999994999, 5e-7, 1e-300])
def test_probabilities_are_rounded_as_python_does(numbers):
    expected = [int(f"{number:.6f}".replace(".", "")) for number in numbers]
    assert cells.rounded(np.array(numbers, float)).tolist() == expected
