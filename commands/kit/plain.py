"""Derives the plain text of a message from its HTML, so that both always say the same."""

import re
from html.parser import HTMLParser

BLOCKS = {"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "blockquote", "pre", "details", "summary"}
PARAGRAPHS = BLOCKS - {"ul", "ol", "div", "summary"}
UNBREAKING = str.maketrans({"\N{NO-BREAK SPACE}": " ", "\N{WORD JOINER}": None})


def plain_text(html: str) -> str:
    """Return readable plain text: one line per paragraph, `- ` per list item, addresses behind their words.

    What only keeps words on one line (U+00A0, U+2060) is left out.
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.text()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.lists: list[int | None] = []
        self.href = ""
        self.link_from = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self.parts.append("\n")
        elif tag in ("ul", "ol"):
            start = dict(attrs).get("start") or "1"
            self.parts.append("" if self.lists else "\n")
            self.lists.append(int(start) if tag == "ol" else None)
        elif tag == "li":
            self.parts.append("\n" + "\t" * (len(self.lists) - 1) + self._bullet())
        elif tag == "code":
            self.parts.append("`")
        elif tag == "a":
            self.href = dict(attrs).get("href") or ""
            self.link_from = len(self.parts)
        elif tag in BLOCKS:
            self.parts.append("\n\n" if tag in PARAGRAPHS else "\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("ul", "ol"):
            self.lists.pop()
            self.parts.append("" if self.lists else "\n\n")
        elif tag == "code":
            self.parts.append("`")
        elif tag == "a":
            shown = "".join(self.parts[self.link_from :])
            if shown != self.href and not self.href.startswith("https://matrix.to/"):
                self.parts.append(f" ({self.href})")
        elif tag in PARAGRAPHS:
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        self.parts.append(re.sub(r"[ \t\r\n]+", " ", data.translate(UNBREAKING)))

    def text(self) -> str:
        """Return what was read so far, white space put in order."""
        lines = [
            "  " * line.count("\t") + re.sub(r" +", " ", line.replace("\t", "")).strip()
            for line in "".join(self.parts).split("\n")
        ]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()

    def _bullet(self) -> str:
        number = self.lists[-1]
        if number is None:
            return "- "
        self.lists[-1] = number + 1
        return f"{number}. "
