"""The OpenAPI document as a page for people: no scripts, and nothing from elsewhere."""

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

Json = Mapping[str, Any]

_STYLE = (Path(__file__).parent / "reference.css").read_text()
_PROBLEM = "application/problem+json"
_FORMATS = {"date-time": "moment (RFC 3339)", "uuid": "UUID"}
_NOT_IN_EXAMPLES = {"Idempotency-Key"}


def page(document: Json) -> str:
    """Return *document* as HTML."""
    schemas = document["components"]["schemas"]
    sections = [_Section(tag, document["paths"], schemas) for tag in document["tags"]]
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(document["info"]["title"])}: reference</title>
<style>{_STYLE}</style>
<header><h1>{escape(document["info"]["title"])}</h1>
{_prose(document["info"]["description"])}
<p>The examples call <code>$AVA</code>, the address of this server, with <code>$TOKEN</code>, the
<code>access_token</code> of a sign-in. The same for programs:
<a href="/openapi.json">openapi.json</a>.</p></header>
<nav>{"".join(section.links() for section in sections)}<h2><a href="#shapes">Shapes</a></h2></nav>
<main>
{"".join(section.html() for section in sections)}
<section><h2 id="shapes">Shapes</h2>{"".join(_shapes(schemas))}</section>
</main>
</html>
"""


class _Section:
    def __init__(self, tag: Json, paths: Json, schemas: Json) -> None:
        self._name, self._about = tag["name"], tag["description"]
        self._calls = [
            _Call(method, path, operation, schemas)
            for path, operations in paths.items()
            for method, operation in operations.items()
            if self._name in operation["tags"]
        ]

    def links(self) -> str:
        links = "".join(call.link() for call in self._calls)
        return f"<h2>{escape(self._name)}</h2><ul>{links}</ul>"

    def html(self) -> str:
        calls = "".join(call.html() for call in self._calls)
        return f"<section><h2>{escape(self._name)}</h2>{_prose(self._about)}{calls}</section>"


class _Call:
    def __init__(self, method: str, path: str, operation: Json, schemas: Json) -> None:
        self._method, self._path = method.upper(), path
        self._operation, self._schemas = operation, schemas
        content = operation.get("requestBody", {}).get("content", {})
        self._kind = next(iter(content), "")
        self._body = content[self._kind]["schema"] if content else None

    def link(self) -> str:
        return f'<li><a href="#{self._operation["operationId"]}">{self._line()}</a></li>'

    def html(self) -> str:
        operation = self._operation
        token = '<p class="token">Needs a token.</p>' if operation.get("security") else ""
        return f"""<article id="{operation["operationId"]}"><h3>{self._line()}</h3>
{_prose(operation["summary"])}{_prose(operation.get("description", ""))}{token}
{_titled("Parameters", self._parameters())}
{_titled("Body", self._fields())}
{_titled("Answers", self._answers())}
{_titled("Problems", self._problems())}
<h4>Example</h4><pre>{escape(self._curl())}</pre></article>"""

    def _line(self) -> str:
        method = f'<b class="{self._method.lower()}">{self._method}</b>'
        return f"{method} <code>{escape(self._path).replace('/', '<wbr>/')}</code>"

    def _parameters(self) -> str:
        return _list(
            _field(
                parameter["name"],
                parameter["schema"] | {"description": parameter.get("description", "")},
                self._schemas,
                note=parameter["in"] + (", required" if parameter["required"] else ""),
            )
            for parameter in self._operation.get("parameters", [])
        )

    def _fields(self) -> str:
        return _fields(_resolved(self._body, self._schemas), self._schemas) if self._body else ""

    def _answers(self) -> str:
        answers = self._operation["responses"].items()
        good = [pair for pair in answers if _PROBLEM not in pair[1].get("content", {})]
        return _list(_answer(status, answer, self._schemas) for status, answer in good)

    def _problems(self) -> str:
        answers = self._operation["responses"].items()
        bad = [pair for pair in answers if _PROBLEM in pair[1].get("content", {})]
        listed = _list(_answer(status, answer, self._schemas) for status, answer in bad)
        statuses = " ".join(status for status, _ in bad)
        return f"<details><summary>{statuses}</summary>{listed}</details>" if bad else ""

    def _curl(self) -> str:
        parts = [f'curl -X {self._method} "$AVA{self._path}{self._query()}"', *self._headers()]
        if self._body:
            sample = shlex.quote(self._sample(self._body))
            parts += [f'-H "Content-Type: {self._kind}"', f"-d {sample}"]
        return " \\\n  ".join(parts)

    def _sample(self, body: Json) -> str:
        example = _example(body, self._schemas)
        if isinstance(example, dict) and self._kind != "application/json":
            return urlencode(example)
        return json.dumps(example, ensure_ascii=False)

    def _query(self) -> str:
        given = {
            parameter["name"]: parameter["schema"]["default"]
            for parameter in self._operation.get("parameters", [])
            if parameter["in"] == "query" and parameter["schema"].get("default")
        }
        return f"?{urlencode(given)}" if given else ""

    def _headers(self) -> Iterator[str]:
        if self._operation.get("security"):
            yield '-H "Authorization: Bearer $TOKEN"'
        for parameter in self._operation.get("parameters", []):
            if parameter["in"] == "header" and parameter["name"] not in _NOT_IN_EXAMPLES:
                yield f'-H "{parameter["name"]}: …"'


# --- parts of a call ------------------------------------------------------------------------


def _shapes(schemas: Json) -> Iterator[str]:
    for name, schema in schemas.items():
        if fields := _fields(schema, schemas):
            about = _prose(schema["description"])
            yield f'<article id="shape-{name}"><h3>{name}</h3>{about}{fields}</article>'


def _fields(schema: Json, schemas: Json) -> str:
    required = schema.get("required", ())
    return _list(
        _field(name, field, schemas, note="required" if name in required else "optional")
        for name, field in schema.get("properties", {}).items()
    )


def _field(name: str, schema: Json, schemas: Json, *, note: str) -> str:
    kind = ", ".join([_type(schema, schemas), *_rules(schema)])
    about = schema.get("description") or next(
        (s["description"] for s in schema.get("anyOf", ()) if "description" in s), ""
    )
    return f"""<dt><code>{escape(name)}</code> <small>{note}</small></dt>
<dd><span class="type">{kind}</span>{_prose(about)}</dd>"""


def _answer(status: str, answer: Json, schemas: Json) -> str:
    headers = "".join(
        f"<p><code>{name}</code>: {_inline(header['description'])}</p>"
        for name, header in answer.get("headers", {}).items()
    )
    phrase = HTTPStatus(int(status)).phrase
    return f"""<dt class="of-{status[0]}">{status} <small>{phrase}</small></dt>
<dd>{_prose(answer["description"])}{headers}{_sample(answer.get("content", {}), schemas)}</dd>"""


def _sample(content: Json, schemas: Json) -> str:
    if "application/json" not in content:
        # One problem is like the other; their shape is at the end of the page.
        return "".join(f"<p><code>{kind}</code></p>" for kind in content if kind != _PROBLEM)
    schema = content["application/json"]["schema"]
    sample = escape(json.dumps(_example(schema, schemas), indent=2, ensure_ascii=False))
    example = f"<details><summary>Example</summary><pre>{sample}</pre></details>"
    return f"<p>{_type(schema, schemas)}</p>{example}"


# --- schemas --------------------------------------------------------------------------------


def _resolved(schema: Json, schemas: Json) -> Json:
    name = schema.get("$ref", "").rpartition("/")[2]
    return schemas[name] if name else schema


def _type(schema: Json, schemas: Json) -> str:
    """Say what a value is, as HTML."""
    match schema:
        case {"$ref": ref}:
            name = ref.rpartition("/")[2]
            shape = f'<a href="#shape-{name}">{name}</a>'
            said = shape if "properties" in schemas[name] else _type(schemas[name], schemas)
        case {"anyOf": kinds}:
            said = " or ".join(_type(kind, schemas) for kind in kinds)
        case {"enum": values}:
            said = "one of " + ", ".join(f"<code>{escape(str(value))}</code>" for value in values)
        case {"const": value}:
            said = f"<code>{escape(str(value))}</code>"
        case {"type": "array", "items": items}:
            said = f"list of {_type(items, schemas)}"
        case {"format": str(known)} if known in _FORMATS:
            said = _FORMATS[known]
        case _:
            said = escape(schema.get("type", "anything"))
    return said


def _rules(schema: Json) -> Iterator[str]:
    # A pattern is for programs; a field that has one says the same in words.
    for kind in schema.get("anyOf", ()):
        yield from _rules(kind)
    if characters := _range(schema.get("minLength"), schema.get("maxLength")):
        yield f"{characters} characters"
    if values := _range(schema.get("minimum"), schema.get("maximum")):
        yield values
    if schema.get("default") not in (None, "", []):
        yield f"{escape(str(schema['default']))} unless said otherwise"


def _range(least: object, most: object) -> str:
    match least, most:
        case None, None:
            return ""
        case None, _:
            return f"at most {most}"
        case _, None:
            return f"at least {least}"
        case _:
            return f"{least} to {most}"


def _example(schema: Json, schemas: Json) -> object:
    match {**_resolved(schema, schemas), **schema}:
        case {"examples": [example, *_]} | {"const": example} | {"enum": [example, *_]}:
            return example
        case {"anyOf": [kind, *_]}:
            return _example(kind, schemas)
        case {"type": "object", "properties": fields}:
            return {name: _example(field, schemas) for name, field in fields.items()}
        case {"type": "array", "items": items}:
            return [_example(items, schemas)] if items else []
        case {"type": "integer" | "number"}:
            return 0
        case _:
            return "…"


# --- HTML -----------------------------------------------------------------------------------


def _titled(title: str, text: str) -> str:
    return f"<h4>{title}</h4>{text}" if text else ""


def _list(items: Iterable[str]) -> str:
    text = "".join(items)
    return f"<dl>{text}</dl>" if text else ""


def _prose(text: str) -> str:
    return "".join(f"<p>{_inline(part)}</p>" for part in text.split("\n\n") if part)


def _inline(text: str) -> str:
    marked = re.sub(r"`+([^`]+)`+", r"<code>\1</code>", escape(text))
    return re.sub(r"&lt;(https://[^&\s]+)&gt;", r'<a href="\1">\1</a>', marked)
