"""Write a WordPress export of about so many bytes: python make_wxr.py OUT MIB."""

import random
import sys

TEXT = """the a of and to in is it that was for on with as his they at be this from have or by one
had not but what all were when we there can an your which their said if do will each about how up
out them then she many some so these would other into has more her two like him see time could no
make than first been its who now people my made over did down only way find use may water long blog
post thanks great écrire naïve größer comment recipe garden winter train music photo code"""
WORDS = TEXT.split()
HEAD = """<?xml version="1.0" encoding="UTF-8" ?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
\txmlns:wp="http://wordpress.org/export/1.2/">
<channel>
\t<title>A long blog</title>
\t<wp:wxr_version>1.2</wp:wxr_version>
"""
ITEM = """\t<item>
\t\t<title>{title}</title>
\t\t<link>https://blog.example/{number}</link>
\t\t<content:encoded><![CDATA[{text}]]></content:encoded>
\t\t<wp:post_id>{number}</wp:post_id>
"""
COMMENT = """\t\t<wp:comment>
\t\t\t<wp:comment_id>{number}</wp:comment_id>
\t\t\t<wp:comment_author><![CDATA[{author}]]></wp:comment_author>
\t\t\t<wp:comment_author_email><![CDATA[someone@blog.example]]></wp:comment_author_email>
\t\t\t<wp:comment_author_url>https://{author}.example/</wp:comment_author_url>
\t\t\t<wp:comment_author_IP><![CDATA[192.0.2.1]]></wp:comment_author_IP>
\t\t\t<wp:comment_date><![CDATA[2019-05-04 10:00:00]]></wp:comment_date>
\t\t\t<wp:comment_date_gmt><![CDATA[2019-05-04 08:00:00]]></wp:comment_date_gmt>
\t\t\t<wp:comment_content><![CDATA[{text}]]></wp:comment_content>
\t\t\t<wp:comment_approved><![CDATA[1]]></wp:comment_approved>
\t\t\t<wp:comment_type><![CDATA[comment]]></wp:comment_type>
\t\t\t<wp:comment_parent>0</wp:comment_parent>
\t\t\t<wp:comment_user_id>0</wp:comment_user_id>
\t\t</wp:comment>
"""
TAIL = "</channel>\n</rss>\n"


def text(draw: random.Random, words: int) -> str:
    return " ".join(draw.choices(WORDS, k=words))


def main(path: str, mebibytes: int) -> None:
    draw = random.Random(0)
    number = written = 0
    with open(path, "w", encoding="utf-8") as file:
        written += file.write(HEAD)
        while written < mebibytes << 20:
            number += 1
            item = ITEM.format(title=text(draw, 5), number=number, text=text(draw, 400))
            for _ in range(draw.randrange(20)):
                number += 1
                author = draw.choice(WORDS)
                body = text(draw, draw.randrange(5, 120))
                item += COMMENT.format(number=number, author=author, text=body)
            written += file.write(item + "\t</item>\n")
        file.write(TAIL)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
