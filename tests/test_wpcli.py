"""The scripts for a live WordPress: safe, re-runnable, and with their undo beside them."""

import csv
import io
import json
import os
import re
import subprocess

import pytest

from cli_support import check_refused, cut_model, invoke, shell
from cli_support import verdicts as verdicts_on
from readers_support import EXPORTS, zipped

SPAM = "buy cheap viagra casino pills http://pills.example/ http://casino.example/ cheap cheap"
THANKS = "Thanks, that fixed it for me."
#: A command of a script: nothing but digits after the verb.
COMMAND = re.compile(r"wp comment (spam|approve|unapprove|trash)((?: [0-9]+)+)")

#: A stand-in for WP-CLI over a folder with a file for each comment. As the real one does, it ends
#: at the first comment that has the status already or is gone.
WP = r"""#!/bin/sh
cd "$SITE" || exit 1
echo "$@" >> calls
shift
action=$1
shift
case $action in
  spam) new=spam ;; approve) new=approve ;; unapprove) new=hold ;; trash) new=trash ;;
  list)
    ids=${1#--comment__in=} wanted=${2#--status=}
    for id in $(echo "$ids" | tr , ' '); do
      [ -f "$id" ] || continue
      case ,$wanted, in *,$(cat "$id"),*) printf '%s ' "$id" ;; esac
    done
    exit 0 ;;
esac
for id; do
  [ -f "$id" ] && [ "$(cat "$id")" != "$new" ] || { echo "Error: $id" >&2; exit 1; }
  echo "$new" > "$id"
  [ "$DIES_AT" = "$id" ] && exit 1
done
exit 0
"""


@pytest.fixture(scope="session")
def model(model_file, tmp_path_factory):
    """A model that calls ``SPAM`` spam, and is unsure of ``THANKS``."""
    spam, other = (float(shown) for _, shown in verdicts_on(model_file, [SPAM, THANKS]))
    target = tmp_path_factory.mktemp("cut") / "model.joblib"
    return cut_model(model_file, target, ham=0.0, spam=(spam + other) / 2)


class Site:
    """A WordPress of which only the statuses of the comments are there."""

    def __init__(self, folder):
        self.folder = folder / "site"
        self.folder.mkdir()
        self.bin = folder / "bin"
        self.bin.mkdir()
        (self.bin / "wp").write_text(WP)
        (self.bin / "wp").chmod(0o755)

    def set(self, statuses):
        for key, status in statuses.items():
            (self.folder / str(key)).write_text(f"{status}\n")

    def statuses(self):
        return {
            int(path.name): path.read_text().strip()
            for path in self.folder.iterdir()
            if path.name.isdigit()
        }

    def calls(self):
        return (self.folder / "calls").read_text().splitlines()

    def run(self, script, **env):
        path = f"{self.bin}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            ["sh", str(script)],
            env={**os.environ, "PATH": path, "SITE": str(self.folder), "DIES_AT": "", **env},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


WORDS = {"1": "approve", "0": "hold", "trash": "trash", "spam": "spam"}


def comments(count):
    """Comments of every status, most of them spam: (id, status, text)."""
    statuses = list(WORDS)
    return [
        (key, statuses[key % 4], f"{SPAM} {key}" if key % 7 else THANKS)
        for key in range(1, count + 1)
    ]


def as_csv(rows):
    out = io.StringIO()
    csv.writer(out).writerows([("comment_ID", "comment_approved", "comment_content"), *rows])
    return out.getvalue()


def scripts(model, source, tmp_path, *options, stdin=b""):
    path = tmp_path / "script.sh"
    result = invoke("label", source, "-m", model, "--wp-cli", path, *options, stdin=stdin)
    assert result.code == 0, result
    return path, tmp_path / "script.undo.sh", result


def verdicts(model, source):
    result = invoke("label", source, "-m", model, "-o", "-")
    return {
        int(row["comment_ID"]): row["spamguard_label"]
        for row in csv.DictReader(io.StringIO(result.out.decode()))
    }


@pytest.mark.parametrize("unsure", ["keep", "hold"])
def test_the_script_marks_the_spam_and_the_other_one_takes_it_back(model, site, tmp_path, unsure):
    source = tmp_path / "in.csv"
    rows = comments(450)
    source.write_text(as_csv(rows))
    before = {key: WORDS[status] for key, status, _ in rows}
    found = verdicts(model, source)
    assert set(found.values()) == {"spam", "unsure"}
    after = {}
    for key, status in before.items():
        held = unsure == "hold" and found[key] == "unsure" and status == "approve"
        after[key] = "spam" if found[key] == "spam" else "hold" if held else status
    assert after != before
    script, undo, result = scripts(model, source, tmp_path, "--unsure", unsure)
    site.set(before)
    changed = sum(after[key] != before[key] for key in before)
    assert result.err.endswith(f"; {changed} named in the script\n")

    done = site.run(script)
    assert (done.returncode, done.stderr) == (0, "")
    assert site.statuses() == after
    assert max(len(call.split()) for call in site.calls()) == 102  # hundred a command

    assert site.run(script).returncode == 0  # again
    assert site.statuses() == after
    assert site.run(undo).returncode == 0
    assert site.statuses() == before
    assert site.run(undo).returncode == 0
    assert site.statuses() == before


def test_a_script_that_was_stopped_goes_on_where_it_is_run_again(model, site, tmp_path):
    source = tmp_path / "in.csv"
    rows = [(key, "1", f"{SPAM} {key}") for key in range(1, 251)]
    source.write_text(as_csv(rows))
    script, _, _ = scripts(model, source, tmp_path)
    site.set(dict.fromkeys(range(1, 251), "approve"))
    (site.folder / "120").unlink()  # deleted since
    site.run(script, DIES_AT="50")
    assert site.run(script).returncode == 0
    assert set(site.statuses().values()) == {"spam"}
    assert len(site.statuses()) == 249


def test_a_script_without_wp_says_so(model, tmp_path):
    source = tmp_path / "in.csv"
    source.write_bytes(as_csv(comments(9)).encode())
    script, _, _ = scripts(model, source, tmp_path)
    sh = subprocess.run(
        ["/bin/sh", str(script)],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert sh.returncode == 127
    assert "wp is not there" in sh.stderr


HOSTILE = [
    "7; rm -rf ~",
    "$(touch /tmp/x)",
    "`id`",
    "8\nrm",
    "9 10",
    "-1",
    "--path=/",
    "1e3",
    "17.0",
    "٣",
    "²",
    "0x1f",
    "1'",
    "9" * 400,
    "",
    " 5",
]


def commands(script):
    """The lines of a script that name comments; nothing else of it depends on the input."""
    lines = script.read_text().splitlines()
    head = next(place for place, line in enumerate(lines) if line == "}") + 1
    found = [line for line in lines[head:] if line and line != "exit $failed"]
    assert all(COMMAND.fullmatch(line) for line in found), found
    return lines[:head], found


@pytest.mark.parametrize("form", ["csv", "json", "wxr"])
def test_no_id_but_digits_is_ever_in_a_script(model, tmp_path, form):
    rows = [(key, "1", f"{SPAM} {place}") for place, key in enumerate(HOSTILE)]
    rows += [(2, "1", SPAM), (3, "$(id)", f"{SPAM}!"), (4, "post-trashed", f"{SPAM}?")]
    source = tmp_path / f"in.{form}"
    if form == "csv":
        source.write_text(as_csv(rows))
    elif form == "json":
        names = ("comment_ID", "comment_approved", "comment_content")
        items = [dict(zip(names, row, strict=True)) for row in rows]
        more = [[5], {"a": 1}, None, True, 6.5]
        items += [dict(zip(names, (key, "1", SPAM), strict=True)) for key in more]
        source.write_text(json.dumps(items))
    else:
        body = "".join(
            f"<wp:comment><wp:comment_id><![CDATA[{key}]]></wp:comment_id>"
            f"<wp:comment_approved>{status}</wp:comment_approved>"
            f"<wp:comment_content><![CDATA[{text}]]></wp:comment_content></wp:comment>"
            for key, status, text in rows
        )
        head = '<rss xmlns:wp="http://wordpress.org/export/1.2/"><channel><item>'
        source.write_text(f"{head}{body}</item></channel></rss>")
    script, undo, result = scripts(model, source, tmp_path)
    allowed = "wp comment spam 5 2" if form == "wxr" else "wp comment spam 2"  # blanks around it
    assert commands(script)[1] == [allowed]
    assert commands(undo)[1] == [allowed.replace("spam", "approve")]
    left = len(rows) - (2 if form == "wxr" else 1) + (5 if form == "json" else 0)
    told = result.err.count("so no command names it") + result.err.count("could not be given back")
    more = re.search(r"and (\d+) more", result.err)
    assert told + (int(more[1]) if more else 0) == left


def test_nothing_of_a_script_but_the_ids_comes_from_the_input(model, tmp_path):
    heads = []
    for number, name in enumerate(("in.csv", "a\nb $(id).csv")):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / name).write_text(as_csv(comments(20 + number)))
        script, undo, _ = scripts(model, folder / name, folder)
        heads.append((commands(script)[0], commands(undo)[0]))
    assert heads[0] == heads[1]


@pytest.mark.parametrize("name", ["wordpress.xml", "wp-cli.csv", "wp-cli.json", "wp-rest.json"])
def test_what_wordpress_hands_out_can_be_scripted(model, tmp_path, name):
    script, undo, _ = scripts(model, EXPORTS / name, tmp_path)
    named = {key for line in commands(script)[1] for key in COMMAND.fullmatch(line)[2].split()}
    back = {key for line in commands(undo)[1] for key in COMMAND.fullmatch(line)[2].split()}
    assert named == back


def test_the_scripts_and_a_table_can_be_had_at_once(model, tmp_path):
    source = tmp_path / "in.csv"
    source.write_text(as_csv(comments(30)))
    alone = scripts(model, source, tmp_path)[0].read_bytes()
    both = scripts(model, source, tmp_path, "-o", tmp_path / "out.csv")[0].read_bytes()
    assert both == alone
    assert (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("name", ["disqus.xml", "movabletype.txt", "remark42.jsonl"])
def test_ids_of_other_blogs_never_get_into_a_script(model, tmp_path, name):
    result = invoke("label", EXPORTS / name, "-m", model, "--wp-cli", tmp_path / "script.sh")
    assert result.code == 2
    assert "WordPress" in result.err
    assert list(tmp_path.iterdir()) == []


def test_a_zip_is_asked_to_be_unzipped(model, tmp_path):
    source = zipped(tmp_path, a__xml=(EXPORTS / "wordpress.xml").read_bytes())
    result = invoke("label", source, "-m", model, "--wp-cli", tmp_path / "script.sh")
    assert result.code == 2
    assert "unzip it" in result.err


def test_a_full_disk_leaves_no_script(model, tmp_path):
    source, script = tmp_path / "in.csv", tmp_path / "s.sh"
    source.write_text(as_csv(comments(300)))
    result = shell('ulimit -f 1; exec "$@"', "label", source, "-m", model, "--wp-cli", script)
    check_refused(result, "cannot be written")
    assert list(tmp_path.iterdir()) == [source]


def test_the_input_is_never_written_over_by_a_script(model, tmp_path):
    source = tmp_path / "s.undo.sh"
    source.write_bytes(as_csv(comments(9)).encode())
    for name in ("s.sh", "s.undo.sh"):
        result = invoke("label", source, "-m", model, "--wp-cli", tmp_path / name)
        check_refused(result, "is the input")
        assert source.read_bytes() == as_csv(comments(9)).encode()


def test_a_file_is_not_written_twice(model, tmp_path):
    source = tmp_path / "in.csv"
    source.write_bytes(as_csv(comments(9)).encode())
    options = ("--wp-cli", tmp_path / "s.sh", "-o", tmp_path / "." / "s.undo.sh")
    assert invoke("label", source, "-m", model, *options).code == 2
    assert list(tmp_path.iterdir()) == [source]
