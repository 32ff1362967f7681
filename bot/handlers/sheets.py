"""The few pages that a browser sees: one sheet of paper with a sentence and at most one form.

Without scripts and without anything from elsewhere. What is on them is of no use to anybody else,
so nobody keeps them and nobody is told where the reader came from.
"""

from collections.abc import Mapping
from html import escape
from urllib.parse import urlsplit

from aiohttp import web

_SHEET = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>{title} · Ava</title>
<style>{style}</style>
</head>
<body>
<main>
<p class="mark">Ava</p>
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"""

_STYLE = """
:root { --paper: #f5f0ea; --surface: #fffdfa; --ink: #261e29; --soft: #6c6170; --line: #e3d9d1;
        --field: #8a7c88; --accent: #7b2d5b; --on-accent: #fff; --wrong: #a3243b; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #151117; --surface: #1e1921; --ink: #f2ebf1; --soft: #aba0ae; --line: #352c39;
          --field: #8b7e8f; --accent: #e6a3c7; --on-accent: #2a1021; --wrong: #ff9aa8; }
}
*, *::before, *::after { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; min-height: 100dvh; display: grid; place-items: center;
       padding: 1.25rem; background: var(--paper); color: var(--ink);
       font: 1.0625rem/1.6 ui-serif, "Iowan Old Style", Palatino, Georgia, serif; }
main { width: min(100%, 30rem); padding: clamp(1.5rem, 5vw, 2.5rem); background: var(--surface);
       border: 1px solid var(--line); border-radius: 1.5rem; }
.mark { margin: 0 0 1.25rem; font-size: 1.375rem; font-weight: 600; color: var(--accent); }
h1 { margin: 0 0 .75rem; font-size: 1.75rem; line-height: 1.2; text-wrap: balance; }
p { margin: 0 0 .75rem; }
form { margin: 1.5rem 0 .5rem; display: grid; gap: .4rem; }
label, input, button, .note, code { font-family: system-ui, -apple-system, "Segoe UI", sans-serif; }
label { font-size: .9375rem; font-weight: 600; }
input { width: 100%; padding: .7rem .9rem; border: 1px solid var(--field); border-radius: .8rem;
        background: var(--paper); color: inherit; font-size: 1.0625rem; }
button { margin-top: .6rem; min-height: 3rem; padding: .6rem 1.5rem; border: 0;
         border-radius: 1.5rem; background: var(--accent); color: var(--on-accent);
         font-size: 1.0625rem; font-weight: 600; cursor: pointer; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.note { margin: 0; color: var(--soft); font-size: .9375rem; line-height: 1.5; }
.wrong { margin: 0; color: var(--wrong); }
a { color: var(--accent); }
code { font-size: .875rem; overflow-wrap: anywhere; }
"""


def sheet(
    title: str,
    *paragraphs: str,
    form: str = "",
    note: str = "",
    status: int = 200,
    leads_to: str | None = None,
) -> web.Response:
    """Return a page. leads_to: where else than here the form may end."""
    content = [*map(_paragraph, paragraphs), form, f'<p class="note">{note}</p>' if note else ""]
    text = _SHEET.format(title=escape(title), style=_STYLE, content="\n".join(content))
    return web.Response(
        text=text, content_type="text/html", status=status, headers=_headers(leads_to)
    )


def onwards(address: str) -> web.Response:
    """Send the browser on, by GET."""
    return web.Response(status=303, headers=dict(_PRIVATE) | {"Location": address})


def button(words: str, action: str) -> str:
    """Return a form that is nothing but a button. action: relative to the page."""
    return _FORM.format(action=escape(action), fields="", words=escape(words))


def asking(words: str, action: str, *, label: str, field: str, wrong: str = "") -> str:
    """Return a form that asks for one thing. field: the attributes of its input. wrong: what was
    not right with what was sent before."""
    problem = f'<p class="wrong" id="wrong" role="alert">{escape(wrong)}</p>' if wrong else ""
    described = ' aria-invalid="true" aria-describedby="wrong"' if wrong else ""
    fields = f'<label for="field">{escape(label)}</label>\n<input id="field" {field}{described}>'
    return _FORM.format(action=escape(action), fields=f"{fields}\n{problem}\n", words=escape(words))


_FORM = """<form method="post" action="{action}">
{fields}<button>{words}</button>
</form>"""

_PRIVATE: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def _headers(leads_to: str | None) -> dict[str, str]:
    # Chromium holds the redirect behind a form to form-action, too.
    parts = urlsplit(leads_to or "")
    targets = f"'self' {parts.scheme}://{parts.netloc}" if leads_to else "'self'"
    return dict(_PRIVATE) | {
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none';"
            f" form-action {targets}; frame-ancestors 'none'"
        )
    }


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"
