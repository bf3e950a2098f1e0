"""Make one HTML page, which needs nothing else, of tutorials that have been run."""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from _cells import Cell

STYLE = """
body{font:16px/1.55 system-ui,sans-serif;max-width:62rem;margin:0 auto;padding:1rem 1.5rem;color:#1c1c1c}
h1{font-size:1.8rem}
h2{margin-top:3.5rem;border-top:1px solid #ccc;padding-top:1.5rem;font-size:1.5rem}
h3{font-size:1.15rem;margin-top:2rem}
pre{background:#f6f7f8;border:1px solid #e2e4e6;border-radius:4px;padding:.7rem .9rem;overflow-x:auto;
font-size:.82rem;line-height:1.4}
pre.output{white-space:pre-wrap;background:#fff;border-left:4px solid #0072b2}
pre.error{background:#fff4f2;border-left:4px solid #d55e00}
code{font-size:.88em;background:#f1f2f4;padding:.05em .25em;border-radius:3px}
pre code{background:none;padding:0}
img{max-width:100%;height:auto;display:block;margin:.8rem 0}
table{border-collapse:collapse;width:100%;font-size:.9rem}
td,th{border-bottom:1px solid #ddd;padding:.5rem .6rem;text-align:left;vertical-align:top}
td img{width:11rem;max-width:none;margin:0}
.failed{color:#b03a00;font-weight:600}
a{color:#00558a}
"""
WIDTH = 360
"""Width of small pictures in pixels."""
LARGEST = 60_000
"""Size in bytes that they must not exceed."""
ROLE = re.compile(r":\w+:`~?([^`]+)`")
LINK = re.compile(r"`([^`<]+?)\s*<([^>`]+)>`_")
LITERAL = re.compile(r"``(.+?)``")


@dataclass(kw_only=True)
class Page:
    """One tutorial that has been run."""

    name: str
    cells: list[Cell]
    seconds: float
    thumbnail: int = 1

    @property
    def title(self) -> str:
        """The title of the script."""
        return self.cells[0].text.strip().splitlines()[0]

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return self.name.replace("/", "-")

    @property
    def question(self) -> str:
        """What the script asks, as markup."""
        return self._paragraph("**Question.**")

    @property
    def claim(self) -> str:
        """What the script shows and checks, as markup."""
        return self._paragraph("**Claim.**")

    def _paragraph(self, beginning: str) -> str:
        parts = [part for part in self.cells[0].text.split("\n\n") if part.lstrip().startswith(beginning)]
        return " ".join(parts[0].split()).removeprefix(beginning).strip() if parts else ""

    @property
    def figures(self) -> list[str]:
        """All figures as data URIs."""
        return [figure for cell in self.cells for figure in cell.figures]

    @property
    def picture(self) -> str | None:
        """The figure that stands for the script."""
        return self.figures[min(self.thumbnail, len(self.figures)) - 1] if self.figures else None

    @property
    def failed(self) -> bool:
        """Whether a cell raised an error."""
        return any(cell.error for cell in self.cells)


def small_picture(page: Page) -> bytes:
    """Return the figure that stands for a page, small: a PNG file of less than :data:`LARGEST` bytes."""
    from PIL import Image

    assert page.picture is not None
    whole = Image.open(io.BytesIO(base64.b64decode(page.picture.split(",", 1)[1])))
    whole.seek(getattr(whole, "n_frames", 1) * 2 // 5)  # the first frame of an animation shows little
    picture = whole.convert("RGB")
    content = b""
    for width in (WIDTH, int(0.8 * WIDTH), int(0.6 * WIDTH)):
        small = picture.resize((width, round(width * picture.height / picture.width)), Image.Resampling.LANCZOS)
        stream = io.BytesIO()
        small.quantize(128).save(stream, format="PNG", optimize=True)
        content = stream.getvalue()
        if len(content) < LARGEST:
            break
    return content


def data_uri(content: bytes, kind: str = "image/png") -> str:
    """Return a picture as text that a page can hold."""
    return f"data:{kind};base64," + base64.b64encode(content).decode()


def inline(text: str) -> str:
    """Return one paragraph of markup as HTML."""
    kept: list[str] = []

    def keep(fragment: str) -> str:
        kept.append(fragment)
        return f"\x00{len(kept) - 1}\x00"

    text = LITERAL.sub(lambda match: keep(f"<code>{html.escape(match[1])}</code>"), text)
    text = ROLE.sub(lambda match: keep(f"<code>{html.escape(match[1].rsplit('.', 1)[-1])}</code>"), text)
    text = LINK.sub(
        lambda match: keep(f'<a href="{html.escape(match[2], quote=True)}">{html.escape(match[1])}</a>'), text
    )
    text = html.escape(text)
    text = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", text)
    text = re.sub(r"\*(\w[^*]*)\*", r"<em>\1</em>", text)
    return re.sub("\x00(\\d+)\x00", lambda match: kept[int(match[1])], text)


def prose(text: str) -> str:
    """Return markup (titles, paragraphs, lists) as HTML."""
    parts = []
    for block in re.split(r"\n\s*\n", _with_blank_lines(text).strip()):
        lines = block.splitlines()
        if len(lines) == 2 and re.fullmatch(r"([=\-~])\1{2,}", lines[1].strip()):
            level = "h2" if lines[1].startswith("=") else "h3"
            parts.append(f"<{level}>{inline(lines[0])}</{level}>")
        elif lines and lines[0].startswith("* "):
            items = re.split(r"(?:^|\n)\* ", block)[1:]
            parts.append("<ul>" + "".join(f"<li>{inline(' '.join(item.split()))}</li>" for item in items) + "</ul>")
        elif block.strip():
            parts.append(f"<p>{inline(' '.join(block.split()))}</p>")
    return "\n".join(parts)


def _with_blank_lines(text: str) -> str:
    """Set titles apart from what follows them."""
    return re.sub(r"(?m)^([^\n]+\n([=\-~])\2{2,})$", r"\n\1\n", text)


def code(source: str) -> str:
    """Return Python code as HTML, in colour if Pygments is there."""
    try:
        from pygments import highlight
        from pygments.formatters import HtmlFormatter
        from pygments.lexers import PythonLexer
    except ImportError:
        return f"<pre><code>{html.escape(source)}</code></pre>"
    return str(highlight(source, PythonLexer(), HtmlFormatter(noclasses=True, style="default", nobackground=True)))


def _section(page: Page) -> str:
    parts = [f'<section id="{page.anchor}">']
    for cell in page.cells:
        parts.append(prose(cell.text))
        if cell.code:
            parts.append(code(cell.code))
        if cell.output.strip():
            parts.append(f'<pre class="output">{html.escape(cell.output.rstrip())}</pre>')
        parts += [f'<img alt="{html.escape(page.title)}" src="{figure}">' for figure in cell.figures]
        if cell.error:
            parts.append(f'<pre class="error">{html.escape(cell.error)}</pre>')
    parts.append(
        f'<p><small>tutorials/{page.name}, {page.seconds:.0f} s. <a href="#top">Back to the table</a></small></p>'
    )
    return "\n".join([*parts, "</section>"])


def _row(page: Page) -> str:
    uri = data_uri(small_picture(page)) if page.picture else ""
    picture = f'<img alt="" src="{uri}">' if uri else ""
    state = '<span class="failed">failed</span>' if page.failed else f"{page.seconds:.0f} s"
    return (
        f'<tr><td><a href="#{page.anchor}">{inline(page.title)}</a><br><small>{page.name}</small></td>'
        f"<td><em>{inline(page.question)}</em> {inline(page.claim)}</td><td>{picture}</td><td>{state}</td></tr>"
    )


def document(pages: Sequence[Page], seconds: float, machine: str) -> str:
    """Return the whole page: a table of the tutorials, then each of them."""
    rows = list(map(_row, pages))
    failed = sum(page.failed for page in pages)
    verdict = (
        f'<span class="failed">{failed} failed.</span>' if failed else "Every claim below was checked in this run."
    )
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>mne_hnn tutorials</title>',
            f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body id="top">',
            "<h1>mne_hnn tutorials</h1>",
            f"<p>{len(pages)} tutorials in {seconds:.0f} s on {html.escape(machine)}. {verdict}</p>",
            "<table><tr><th>Page</th><th>Question and claim</th><th>Figure</th><th>Time</th></tr>",
            *rows,
            "</table>",
            *map(_section, pages),
            "</body></html>",
        ]
    )
