"""A reply as WhatsApp shows it: its marks instead of Markdown's, in parts that it takes.

Marks: https://faq.whatsapp.com/539178204879377
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate, takewhile

from bot.whatsapp import graphemes

# Characters that Meta takes, by what they are for.
LONGEST = {
    "text": 4096,
    "caption": 1024,
    "interactive": 1024,  # the body of buttons or of a list
    "list row": 72,
    "header": 60,
    "footer": 60,
    "list row title": 24,
    "button": 20,
}

# --- marks ----------------------------------------------------------------------------------

_FENCE = re.compile(
    r"^[ \t]*```[^\n`]*\n(?P<code>.*?)(?:^[ \t]*```[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(?P<title>\S.*)")
_BULLET = re.compile(r"(?P<indent>[ \t]*)[*+•-][ \t]+(?P<rest>\S.*)")
_RULE = re.compile(r"[ \t]*([-*_])(?:[ \t]*\1){2,}[ \t]*")
_COLUMNS = re.compile(r"(?=.*\|)(?=.*-)[ \t|:-]+")  # the line under a table's header
_BLANK_LINES = re.compile(r"\n{3,}")

# What must stay as it is (code, addresses) comes first, so that no mark is seen inside. Spans are
# bounded, or a reply of nothing but opening marks would take seconds. A mark between letters or
# digits is none: snake_case, 2*3*4.
_INLINE = re.compile(
    r"""
    (?P<code> (?<!`) (?P<ticks>`{1,3}) (?!`) .{1,1000}? (?<!`) (?P=ticks) (?!`) )
    | !?\[ (?P<label>[^\[\]]{0,500}) \]
      \( (?P<target>[^\s()]{1,2000} (?:\([^\s()]{0,200}\)[^\s()]{0,200}){0,9})
      (?:[ \t]+"[^"]{0,200}")? \)
    | < (?P<auto>https?://[^\s<>]+) >
    | (?P<url> (?:https?://|www\.) [^\s<>]+ )
    | \\ (?P<escaped>\*)
    | (?<![\w*]) \*{3} (?=[^\s*]) (?P<both>.{1,500}?) (?<=[^\s*]) \*{3} (?![\w*])
    | (?<![0-9A-Za-z_*]) \*\* (?=\S) (?P<bold>.{1,500}?) (?<=\S) \*\* (?![0-9A-Za-z_*])
    | (?<![0-9A-Za-z_*)\]}]) \* (?=[^\s*]) (?P<italic>[^*]{1,500}) (?<=\S) \* (?![0-9A-Za-z_*(\[{])
    | (?<!~) ~~ (?=[^\s~]) (?P<strike>.{1,500}?) (?<=[^\s~]) ~~ (?!~)
    """,
    re.VERBOSE,
)
_MARKS = {"both": ("*_", "_*"), "bold": ("*", "*"), "italic": ("_", "_"), "strike": ("~", "~")}


def for_whatsapp(markdown: str) -> str:
    """Return *markdown* with WhatsApp's marks; tables and links, which it has not, as plain text.

    Code is left alone. Markdown's ``*italic*`` is WhatsApp's bold, so this is to be done once.
    """
    pieces, end = [], 0
    for fence in _FENCE.finditer(markdown):
        code = fence["code"].rstrip("\n")
        pieces += [_blocks(markdown[end : fence.start()]), f"```\n{code}\n```"]
        end = fence.end()
    pieces.append(_blocks(markdown[end:]))
    return "".join(pieces).strip()


def _blocks(markdown: str) -> str:
    lines = map(_line, _without_tables(markdown.split("\n")))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines))


def _without_tables(lines: list[str]) -> Iterator[str]:
    in_table = False
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if in_table and _COLUMNS.fullmatch(line):
            continue
        in_table = "|" in line and (in_table or _COLUMNS.fullmatch(following) is not None)
        yield _row(line) if in_table else line


def _row(line: str) -> str:
    cells = (cell.strip() for cell in line.split("|"))
    return " · ".join(cell for cell in cells if cell)


def _line(line: str) -> str:
    if _RULE.fullmatch(line):
        return ""
    if heading := _HEADING.fullmatch(line):
        return f"*{_inline(_title(heading['title']))}*"
    if bullet := _BULLET.fullmatch(line):
        return f"{bullet['indent']}- {_inline(bullet['rest'])}"
    return _inline(line)


def _title(heading: str) -> str:
    """Drop what would close the heading, and bold inside: all of it is bold."""
    title = heading.rstrip().replace("**", "")
    before, _, last = title.rpartition(" ")
    return before.rstrip() if before and not last.strip("#") else title


def _inline(markdown: str) -> str:
    return _INLINE.sub(_marked, markdown)


def _marked(found: re.Match[str]) -> str:
    kind = found.lastgroup or ""
    if kind in _MARKS:
        opening, closing = _MARKS[kind]
        return f"{opening}{_inline(found[kind])}{closing}"
    if kind == "target":
        return _link(found["label"].strip(), found["target"])
    return found[kind]


def _link(label: str, target: str) -> str:
    return target if label in ("", target) else f"{_inline(label)} ({target})"


# --- parts ----------------------------------------------------------------------------------

_PARAGRAPH_END = re.compile(r"\S(?=[ \t]*\n[ \t]*\n)")
_SENTENCE_END = re.compile(r"\S(?=[ \t]*\n)|[.!?…][\"'”’»)\]*_~]*(?=\s)|[。！？][」』”’）]*")  # noqa: RUF001 - Chinese and Japanese
_WORD_END = re.compile(r"\S(?=\s)")
_URL = re.compile(r"(?:https?://|www\.)\S+")
_SHORTEST_SHARE = 4  # a part ends early for a paragraph or sentence if a quarter of it is full


def split(text: str, limit: int = LONGEST["text"]) -> list[str]:
    """Cut *text* into as few parts of at most *limit* characters as good ends allow.

    Nothing is lost but white space at the cuts. A text that fits is one part, unchanged; a blank
    one is none. Meta does not say what it counts; UTF-16 units are never fewer than code points.
    """
    if _size(text) <= limit:
        return [text] if text.strip() else []
    parts, rest = [], _without_leading_space(text.rstrip())
    while _size(rest) > limit:
        cut = _cut(rest, limit)
        parts.append(rest[:cut].rstrip())
        rest = _without_leading_space(rest[cut:])
    return [part for part in (*parts, rest) if part]


def _size(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _without_leading_space(text: str) -> str:
    """Keep a space that carries an accent: the two are one character."""
    start = len(text) - len(text.lstrip())
    return text[start - 1 :] if graphemes.inside(text, start) else text[start:]


def _cut(text: str, limit: int) -> int:
    """Return where the first part of *text*, which is too long, ends."""
    units = accumulate(1 + (character > "\uffff") for character in text[:limit])
    most = max(1, bisect_right(list(units), limit))
    links = _links(text, most, limit)
    least = most // _SHORTEST_SHARE
    for end, earliest in ((_PARAGRAPH_END, least), (_SENTENCE_END, least), (_WORD_END, 0)):
        found = takewhile(lambda cut: cut <= most, (match.end() for match in end.finditer(text)))
        for cut in reversed(list(found)):
            if cut > earliest and not _tears(text, cut, links):
                return cut
    return _hard_cut(text, most, links)


def _links(text: str, most: int, limit: int) -> list[tuple[int, int]]:
    """Return where the addresses are that begin before *most* and fit into one part."""
    found = takewhile(lambda link: link.start() < most, _URL.finditer(text))
    return [link.span() for link in found if _size(link[0]) <= limit]


def _tears(text: str, cut: int, links: list[tuple[int, int]]) -> bool:
    return graphemes.inside(text, cut) or any(start < cut < end for start, end in links)


def _hard_cut(text: str, most: int, links: list[tuple[int, int]]) -> int:
    """Cut in the middle of a word; of a character only if it alone is longer than a part."""
    cut = most
    while cut and _tears(text, cut, links):
        cut -= 1
    return cut or most
