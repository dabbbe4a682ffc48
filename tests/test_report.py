import re
import signal
import sys
import time
import unicodedata
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import strategies
from cli_support import check_refused, invoke, rows_of, run, started
from spamguard import evaluation, report, training
from spamguard.errors import InputError
from spamguard.evaluation import Figure, Predictions, Step
from spamguard.explain import Reason, explain
from spamguard.records import HAM, SPAM, UNSURE, Comment
from spamguard.report import Run, page
from spamguard.report.summary import LIMITS, MOST_DOUBTFUL, MOST_WRONG, TEXT_LENGTH, shown

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror="alert(1)">',
    "' onmouseover='alert(1)",
    "</title></style></svg><script>alert(1)</script><!--",
    "{{ 7 * 7 }} {% for x in y %} {# gone #}",
    '&lt;b&gt; &amp;amp; <a href="https://evil.example/?a=1&b=2">here</a>',
    "a\x00b\x07c\x1b[31mred\x7f",
    "\u202egnp.exe\u202c \u2066x\u2069 v\u200bi\u200da\u00adgra \ufeff",
    "\ud83d lone \udc80",
    "Z\u0351\u0300\u0301" * 90,
    "w" * 5000,
)


@pytest.fixture(scope="module", autouse=True)
def few_resamples():
    """Intervals are not what is tested here, and they take the most time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "RESAMPLES", 20)
        yield


def said(spam, probability, ham_cutoff=0.2, spam_cutoff=0.8):
    spam, probability = np.array(spam, bool), np.array(probability, float)
    verdict = np.where(probability < ham_cutoff, HAM, UNSURE)
    verdict = np.where(probability >= spam_cutoff, SPAM, verdict)
    return Predictions(spam, probability, verdict)


def drawn(seed, rows):
    """Random predictions that are right more often than not."""
    rng = np.random.default_rng(seed)
    spam = rng.random(rows) < 0.4
    return said(spam, 1 / (1 + np.exp(-rng.normal(np.where(spam, 1.5, -1.5), 1.5))))


def numbered(rows):
    return [Comment(f"comment number {row}", id=row) for row in range(rows)]


def summary_of(found, comments=None, groups=None, **more):
    if comments is None:
        comments = numbered(len(found.spam))
    return report.summarize(found, comments, Run(how="By hand.", **more), groups)


# The summary


def test_the_fates_are_counted():
    found = said([False] * 1000 + [True] * 200, [0.9] * 3 + [0.5] * 41 + [0.1] * 956 + [1.0] * 200)
    ham, spam = summary_of(found).fates
    assert (ham.label, ham.rows) == (HAM, 1000)
    assert [each.value for each in ham[2:]] == [0.003, 0.041, 0.956]
    assert [each.value for each in spam[2:]] == [1.0, 0.0, 0.0]
    assert ham.called_spam == evaluation.share(3, 1000, "")
    of_ham, of_spam = page.headline(summary_of(found))
    assert of_ham == (
        "Of 1,000 readers' comments 3 would be called spam, 41 would be held as unsure and"
        " 956 would be let through."
    )
    assert of_spam.startswith("Of 1,000 spam comments 1,000 would be called spam, 0 would")


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "0"), (0.0001, "0.1"), (0.0014, "1"), (0.5, "500"), (0.9999, "999.9"), (1, "1,000")],
)
def test_what_is_rare_is_not_told_as_never(share, words):
    assert page.in_thousand(Figure(share, share, share)) == words


def test_the_figures_are_those_of_the_command_line():
    found = drawn(0, 700)
    summary = summary_of(found)
    assert summary.figures == evaluation.measure(found)
    assert summary.figures.keys() == page.MEANINGS.keys()
    assert (summary.ham, summary.spam) == (np.sum(~found.spam), np.sum(found.spam))


def test_the_curves_are_those_of_the_predictions():
    found = drawn(1, 1500)
    summary = summary_of(found)
    assert summary.roc[0] == (0, 0)
    assert summary.roc[-1] == (1, 1)
    ham = found.probability[~found.spam]
    limits = [limit for limit in LIMITS if limit * len(ham) >= 1]
    assert [point.x for point in summary.caught_at] == limits
    for limit, caught in summary.caught_at:
        allowed = [cut for cut in found.probability if np.mean(ham >= cut) <= limit]
        best = max(np.mean(found.probability[found.spam] >= cut) for cut in allowed)
        assert caught == best
    for recall, precision in summary.precision_recall[:-1:50]:
        assert any(
            np.mean(found.probability[found.spam] >= cut) == recall
            and np.mean(found.spam[found.probability >= cut]) == precision
            for cut in found.probability
        )


def test_the_precision_of_the_cutoff_is_that_of_its_verdicts():
    summary = summary_of(said([True, True, False, False], [0.9, 0.6, 0.85, 0.1]))
    assert summary.spam_among_called == evaluation.share(1, 2, "")
    nothing = summary_of(said([True, False], [0.5, 0.5])).spam_among_called
    assert nothing == Figure(None, why_not="nothing is called spam")


def test_bins_and_bars_hold_every_comment_once():
    found = said([True, False] * 6, [0, 0, 1, 1, 0.05, 0.1, 0.5, 0.999, 0.3, 0.3, 0.35, 0.9999])
    summary = summary_of(found)
    assert [each.rows for each in summary.bins] == [3, 1, 0, 3, 0, 1, 0, 0, 0, 4]
    fourth = summary.bins[3]
    assert fourth.said == pytest.approx(0.95 / 3)
    assert fourth.spam == evaluation.share(2, 3, "")
    assert summary.bins[2].spam.why_not == "no comments"
    assert sum(each.ham for each in summary.slices) == 6
    assert sum(each.spam for each in summary.slices) == 6
    assert summary.slices[0].spam == summary.slices[-1].spam == 1  # 0 and 1


def test_the_most_wrong_come_first_and_only_wrong_ones_come():
    found = said([False, False, False, True, True], [0.6, 0.95, 0.4, 0.3, 0.9])
    summary = summary_of(found)
    assert [case.id for case in summary.wrong_ham] == ["1", "0"]
    assert [case.id for case in summary.wrong_spam] == ["3"]
    assert summary.wrong_ham[0].verdict == SPAM
    assert summary.wrong_ham[0].label == HAM
    assert summary.wrong_ham[0].place == "comment 2"
    many = summary_of(said([False] * 99, [0.9] * 99), places=[f"line {row}" for row in range(99)])
    assert len(many.wrong_ham) == MOST_WRONG
    assert many.wrong_ham[0].place.startswith("line ")


def test_doubtful_labels_look_more_like_the_other_class_than_it_does_itself():
    # Spam has 0.8 on average, ham is sure by 0.84 on average.
    found = said(
        [True] * 5 + [False] * 5, [1, 1, 0.95, 0.95, 0.1, 0.85, 0, 0, 0, 0], spam_cutoff=0.9
    )
    summary = summary_of(found)
    assert [case.id for case in summary.doubtful] == ["4", "5"]
    assert summary.doubtful_rows == 2
    hard = summary_of(found._replace(probability=np.where(found.probability == 0.1, 0.2, found[1])))
    assert [case.id for case in hard.doubtful] == ["5"]
    many = summary_of(said([True, False] * 200, [0.7, 0.3] * 150 + [0.1, 0.9] * 50))
    assert (many.doubtful_rows, len(many.doubtful)) == (100, MOST_DOUBTFUL)


def test_reasons_are_those_of_the_model_that_judged(small_model):
    model = small_model.model
    other = model._replace(slope=2 * model.slope)
    comments = [Comment("cheap replica watches", "Joe"), Comment("cheap replica watches", "Joe")]
    run = {"models": [model, other], "judge": np.array([1, 0])}
    summary = summary_of(said([False, False], [0.9, 0.8]), comments, **run)
    expected = [
        (explain(each, comments[0]).towards_spam(5), explain(each, comments[0]).towards_ham(5))
        for each in (other, model)
    ]
    found = [(list(case.towards_spam), list(case.towards_ham)) for case in summary.wrong_ham]
    assert found == expected
    assert summary.models == 2
    cut = (model.ham_cutoff, model.spam_cutoff)
    assert summary.cutoffs == pytest.approx(cut)


def test_reasons_that_weigh_nothing_are_left_out(small_model):
    flat = small_model.model._replace(slope=1e-6)
    run = {"models": [flat], "judge": np.array([0])}
    (case,) = summary_of(said([False], [0.9]), [Comment("cheap watches")], **run).wrong_ham
    assert case.towards_spam == case.towards_ham == ()


def test_groups_come_with_their_own_figures():
    found = drawn(2, 90)
    groups = np.array(["b", "a", "b"] * 30)
    big, small = summary_of(found, groups=groups).groups
    assert (big.name, small.name) == ("b", "a")
    assert big.figures == evaluation.measure(found.of(groups == "b"))
    assert big.ham + big.spam == 60


@given(strategies.texts, st.integers(10, 500))
@example("x\u200by", 10)
@example("\U0001f469\u200d\U0001f4bb \u06cc\u200c\u062e", 10)
def test_what_is_shown_is_short_and_hides_nothing(text, most):
    found = shown(text, most)
    found.encode()
    assert len(found) <= 11 * (most + 3)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\ufeff]", found)
    for character in set(found) - {"\u200c", "\u200d"}:
        assert unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    if len(text) <= most and text.isprintable() and text.isascii():
        assert found == re.sub(" +", " ", text).strip()


def test_joiners_stay_where_they_belong():
    for text in ("\U0001f469\u200d\U0001f4bb", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"):
        assert shown(text, 99) == text
    assert shown("v\u200dia\u200c", 99) == "v⟨U+200D⟩ia⟨U+200C⟩"


def test_long_texts_are_shown_without_their_middle():
    found = shown("begin " + "padding " * 500 + "buy pills", 100)
    assert found.startswith("begin padding")
    assert " … " in found
    assert found.endswith("padding buy pills")


# Learning curve


def test_a_learning_curve_learns_from_nested_shares_of_both_classes(monkeypatch):
    spam = np.arange(400) % 4 == 0
    folds = evaluation.random_folds(spam, np.arange(400), 2, 0)
    seen = []

    def trained(_comments, _spam, thinned, *_, **__):
        seen.append(thinned)
        return drawn(0, 400)

    monkeypatch.setattr(evaluation, "cross_predict", trained)
    through = []
    steps = evaluation.learning_curve(
        numbered(400), spam, folds, training.Options(), done=through.append
    )
    assert through == [1 / 8, 1 / 4, 1 / 2]
    assert [step.rows for step in steps] == pytest.approx([25, 50, 100], abs=1)
    for number, (train, test) in enumerate(folds):
        larger = set(train)
        for thinned in seen[::-1]:
            part, tested = thinned[number]
            assert set(part) < larger
            assert spam[part].mean() == pytest.approx(0.25, abs=0.01)
            assert list(tested) == list(test)
            larger = set(part)


def test_shares_too_small_to_learn_from_say_so(corpus):
    comments, spam = corpus
    rows = np.r_[0:45, -45:0]
    comments, spam = [comments[row] for row in rows], spam[rows]
    folds = evaluation.random_folds(spam, np.arange(90), 2, 0)
    steps = evaluation.learning_curve(comments, spam, folds, training.Options())
    assert {step.roc_auc.value for step in steps} == {None}
    assert "at least 20" in steps[0].recall.why_not


def test_comments_that_are_counted_are_not_counted_again(corpus, monkeypatch):
    comments, spam = (each[::4] for each in corpus)
    folds = evaluation.random_folds(spam, np.arange(len(spam)), 2, 0)
    prepared = training.prepare(comments)
    given = comments, spam, folds, training.Options()
    expected = evaluation.cross_predict(*given), evaluation.learning_curve(*given)
    monkeypatch.setattr(training, "prepare", None)
    found = evaluation.cross_predict(*given, prepared=prepared)
    assert list(found.probability) == list(expected[0].probability)
    assert evaluation.learning_curve(*given, prepared=prepared) == expected[1]


# The page

VOID = {"meta", "br"}
TAGS = VOID | {
    "html", "head", "title", "style", "body", "header", "h1", "p", "nav", "ul", "li", "a",
    "main", "section", "h2", "h3", "h4", "div", "table", "caption", "thead", "tbody", "tr",
    "th", "td", "span", "b", "i", "bdi", "figure", "figcaption", "details", "summary",
    "article", "blockquote", "footer", "svg", "g", "path", "use", "defs", "clippath", "rect",
    "text", "tspan",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "name", "content", "http-equiv", "id", "class", "href", "style",
    "role", "tabindex", "scope", "colspan", "dir", "aria-label", "aria-labelledby",
    "aria-hidden", "data-name", "viewbox", "d", "x", "y", "width", "height", "transform",
    "clip-path", "clip-rule",
}  # fmt: skip


class Page(HTMLParser):
    """Checks that a page is whole and harmless; keeps its elements and its text."""

    def __init__(self, html):
        super().__init__()
        self.open, self.elements, self.texts = [], [], []
        self.feed(html)
        self.close()
        assert self.open == []
        ids = [attributes["id"] for _, attributes in self.elements if "id" in attributes]
        assert len(ids) == len(set(ids))
        for tag, attributes in self.elements:
            assert tag in TAGS, tag
            assert attributes.keys() <= ATTRIBUTES, (tag, attributes)
            for key in ("aria-labelledby", "href", "clip-path"):
                if key in attributes:
                    target = attributes[key].removeprefix("url(").removesuffix(")")
                    assert key == "aria-labelledby" or target.startswith("#")
                    assert target.removeprefix("#") in ids
            for value in attributes.values():
                assert "//" not in value

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        assert len(attrs) == len(dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data))

    def handle_comment(self, data):
        raise AssertionError(data)

    def count(self, wanted):
        return sum(tag == wanted for tag, _ in self.elements)

    def text(self, *inside):
        return "".join(data for tag, data in self.texts if not inside or tag in inside)


def full_summary(rows=600):
    steps = [
        Step(1 / 8, 50, Figure(None, why_not="no ham"), Figure(0.8, 0.7, 0.9)),
        Step(1.0, 400, Figure(0.7, 0.6, 0.8), Figure(0.9, 0.85, 0.95)),
    ]
    groups = np.array(["one", "two", "three"] * (rows // 3))
    return summary_of(
        drawn(3, rows), groups=groups, files=["a.csv", "b.csv"], learning=steps,
        left_out={"duplicates": 4, "bad": 0},
    )  # fmt: skip


def test_a_page_holds_everything_and_needs_nothing():
    html = report.render(full_summary())
    assert report.render(full_summary()) == html
    found = Page(html)
    assert html.startswith("<!DOCTYPE html>\n")
    assert "http://" not in html
    assert "https://" not in html
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)
    assert found.count("svg") == found.count("figcaption") == 6
    assert found.count("caption") == found.count("table")
    assert found.count("h1") == 1
    assert found.text("title").startswith("How good the spam filter is")
    text = found.text()
    assert "left out: 4 duplicates. From a.csv, b.csv." in text
    for meaning in page.MEANINGS.values():
        assert meaning.name in text
    for drawing, attributes in found.elements:
        if drawing == "svg":
            assert attributes["role"] == "img"
            assert attributes["aria-labelledby"]
    assert "prefers-color-scheme: dark" in html
    assert not re.search("#00000[1-7]", html)  # every stand-in has its colour
    assert "nan" not in text.replace("finance", "")
    assert "None" not in text.replace("None.", "")


def test_hostile_comments_stay_text(small_model):
    comments = [
        Comment(text, author=text, author_url=text, id=text) for text in HOSTILE for _ in range(2)
    ]
    found = said([True, False] * len(HOSTILE), [0.001, 0.999] * len(HOSTILE))
    places = [text for text in HOSTILE for _ in range(2)]
    groups = np.array(places)
    run = {"models": [small_model.model], "files": HOSTILE, "places": places}
    html = report.render(summary_of(found, comments, groups, **run))
    html.encode()
    everything = Page(html)
    assert everything.text("title").startswith("How good the spam filter is")
    quoted = everything.text("blockquote", "td", "bdi")
    for text in (HOSTILE[0], HOSTILE[1], HOSTILE[3], HOSTILE[4], HOSTILE[5]):
        assert text in quoted
    assert "⟨U+202E⟩gnp.exe⟨U+202C⟩" in quoted
    assert "a⟨U+0000⟩b⟨U+0007⟩c⟨U+001B⟩[31mred⟨U+007F⟩" in quoted
    assert "w" * (TEXT_LENGTH + 1) not in html


CASES = page.environment().get_template("cases.html").module.cases


@settings(max_examples=50)
@given(strategies.comments)
def test_no_comment_breaks_the_page(comment):
    """Only the part that shows comments: charts take their time."""
    (case,) = summary_of(said([True], [0.2]), [comment]).wrong_spam
    reasons = (Reason("text", shown(comment.text, 80), 1.0),)
    found = Page(str(CASES([case._replace(towards_spam=reasons)])))
    assert found.text("blockquote") == case.text


@pytest.mark.parametrize(
    ("spam", "probability"),
    [
        ([True], [0.9]),
        ([False] * 30, [0.0] * 30),
        ([True, False], [0.5, 0.5]),
        ([True, False] * 20, [0.0, 1.0] * 20),
    ],
)
def test_little_data_makes_a_page_too(spam, probability):
    found = said(spam, probability)
    groups = np.array(["spam" if label else "ham" for label in spam])
    why = Figure(None, why_not="no spam <&>")
    html = report.render(summary_of(found, groups=groups, learning=[Step(1.0, 9, why, why)]))
    text = Page(html).text()
    assert "nan" not in text
    if len(set(spam)) == 1:
        missing = "no ham" if spam[0] else "no spam"
        assert f"No chart here: {missing}." in text
        assert "It takes comments of both classes to tell." in text


def test_without_what_draws_it_a_line_says_what_to_install(monkeypatch, tmp_path):
    for name in ("jinja2", "matplotlib"):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, name, None)
            with pytest.raises(InputError, match="pip install 'spamguard\\[report\\]'"):
                report.check_extra()
            result = invoke("evaluate", "-", "--report", tmp_path / "page.html")
            check_refused(result, "jinja2 and matplotlib", "spamguard[report]")
    assert list(tmp_path.iterdir()) == []


# The command


@pytest.fixture(scope="session")
def labelled(project, tmp_path_factory):
    """A hundred labelled comments in a file."""
    rows = list(rows_of(project / "data" / "blogs_2012.csv"))
    chosen = [row for label in (SPAM, HAM) for row in rows if row["label"] == label]
    spam = [row for row in chosen if row["label"] == SPAM][:50]
    ham = [row for row in chosen if row["label"] == HAM][:50]
    path = tmp_path_factory.mktemp("labelled") / "comments.csv"
    lines = ["text,label,source,id"]
    for place, row in enumerate(spam + ham):
        text = row["content"].replace('"', '""')
        lines.append(f'"{text}",{row["label"]},{"ab"[place % 2]},id{place}')
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_model_is_reported_on(model_file, labelled, tmp_path):
    target = tmp_path / "report.html"
    options = ("evaluate", labelled, "-m", model_file, "--group-by", "source")
    result = invoke(*options, "--report", target)
    assert result.code == 0
    assert f"{target}: written" in result.err
    assert result.out == invoke(*options).out
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    text = Page(target.read_text(encoding="utf-8")).text()
    assert "What the model small.joblib says of these comments." in text
    assert "From comments.csv." in text
    assert "may have learned from these very comments" in text
    assert "Learning curve" not in text


def test_trained_models_are_reported_on_with_a_learning_curve(labelled, tmp_path):
    target = tmp_path / "report.html"
    target.write_text("old")
    result = invoke("evaluate", labelled, "--folds", "2", "--report", target, "--json")
    assert result.code == 0
    assert "learning from 50.0% is through" in result.err
    text = Page(target.read_text(encoding="utf-8")).text()
    assert "Each of 2 parts was judged" in text
    assert "Learning curve" in text
    assert "towards spam" in text
    assert re.search(r"line \d+, id id\d+", text)


def test_files_are_told_apart_by_no_more_than_it_takes(model_file, tmp_path):
    paths = []
    content = "text,label\ncheap watches,spam\nthanks for this,ham\n"
    for place in ("home/one/a.csv", "home/two/a.csv", "home/two/b.csv"):
        paths.append(tmp_path / place)
        paths[-1].parent.mkdir(parents=True, exist_ok=True)
        words = place.removesuffix(".csv").replace("/", " ")
        paths[-1].write_text(content.replace("this", words))
    target = tmp_path / "report.html"
    options = ("-m", model_file, "--group-by", "file", "--report", target, "-q")

    def groups_of(*files):
        assert invoke("evaluate", *files, *options, stdin=content.encode()).code == 0
        found = Page(target.read_text(encoding="utf-8"))
        assert "home/" not in found.text()
        return [data for tag, data in found.texts if tag == "bdi" and data.endswith(("csv", "in"))]

    names = ["one/a.csv", "two/a.csv", "two/b.csv"]
    assert sorted(groups_of(*paths)) == sorted(names * 2)  # above and in the table
    names = ["a.csv", "b.csv", "stdin"]
    assert sorted(groups_of(paths[0], "-", paths[2])) == sorted(names * 2)


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.99964, "0.9996"), (0.5, "0.500"), (1.0, "1.000"), (0.00012, "0.0001"), (0.0, "0.000")],
)
def test_what_is_not_perfect_is_not_told_as_perfect(value, words):
    assert page.value_of(value, "roc_auc") == words


def test_a_report_that_fails_leaves_what_was_there(labelled, tmp_path):
    target = tmp_path / "report.html"
    target.write_text("old")
    check_refused(invoke("evaluate", labelled, "-q", "--folds", "60", "--report", target), "60")
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    missing = tmp_path / "no" / "report.html"
    result = invoke("evaluate", labelled, "-q", "--report", missing)
    check_refused(result, str(missing), "cannot be written")


def test_a_report_that_is_ended_leaves_nothing(labelled, tmp_path):
    target = tmp_path / "report.html"
    with started("evaluate", labelled, "--report", target) as process:
        while not list(tmp_path.iterdir()):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait() == -signal.SIGTERM
    assert list(tmp_path.iterdir()) == []


def test_a_report_never_overwrites_what_it_reads(labelled, model_file):
    before = labelled.read_bytes()
    result = invoke("evaluate", labelled, "-q", "-m", model_file, "--report", labelled)
    check_refused(result, "is the input")
    assert labelled.read_bytes() == before


def test_measuring_alone_loads_nothing_that_draws(labelled, model_file):
    code = (
        "import sys; from spamguard.cli import main\n"
        f"try: main(['evaluate', {str(labelled)!r}, '-q', '-m', {str(model_file)!r}])\n"
        "finally: print(sorted({'jinja2', 'matplotlib'} & set(sys.modules)))"
    )
    result = run(command=(sys.executable, "-c", code))
    assert result.lines[-1] == "[]"
