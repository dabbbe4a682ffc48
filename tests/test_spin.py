import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spamguard.errors import InputError
from spamguard.spin import expand, expansions

PLAIN = st.text("ab ", max_size=5)
TEMPLATES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda o: "{" + "|".join(o) + "}")
        | st.lists(inner, max_size=3).map("".join)
    ),
)


def every(template):
    """All expansions of a template without nesting, found by hand."""
    before, _, rest = template.partition("{")
    options, _, after = rest.partition("}")
    return {before + option + after for option in options.split("|")}


def test_each_choice_occurs_and_nothing_else_does():
    template = "good {post|article|} here"
    found = {expand(template, random.Random(seed)) for seed in range(50)}
    assert found == every(template)


@given(TEMPLATES, st.integers(0, 9))
def test_no_brace_is_left_and_a_seed_decides(template, seed):
    text = expand(template, random.Random(seed))
    assert set(text) <= set("ab ")
    assert text == expand(template, random.Random(seed))


@pytest.mark.parametrize("template", ["{a|a", "{a|{a}", "{a", "a{"])
def test_a_template_that_was_cut_off_ends_there(template):
    assert expand(template, random.Random(0)) == "a"


@pytest.mark.parametrize("template", ["a}", "}{", "{a|b}}"])
def test_a_closing_brace_too_many_is_refused(template):
    with pytest.raises(InputError, match="brace without"):
        expand(template, random.Random(0))


def test_templates_take_turns_and_a_bad_one_is_named():
    assert list(expansions("t", "{a|a}\n---\nb\n", 4, 0)) == ["a", "b", "a", "b"]
    with pytest.raises(InputError, match="t: the template of line 3: column 2"):
        list(expansions("t", "a\n---\nb}\n", 2, 0))


def test_every_template_of_the_project_can_be_expanded(project):
    files = sorted((project / "data" / "spin").glob("*.txt"))
    assert len(files) >= 14
    for path in files:
        texts = list(expansions(path.name, path.read_text(encoding="utf-8"), 200, 0))
        assert all(text.strip() and not set(text) & set("{}|") for text in texts)
        assert len(set(texts)) > 150
