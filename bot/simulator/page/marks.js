// WhatsApp's marks as elements: *bold*, _italic_, ~strike~, `code`, ```block```, > quote, and links.
import { el } from "./dom.js";

const TAGS = { "*": "strong", _: "em", "~": "s" };
const CODE = /```([\s\S]+?)```|`([^`\n]+)`/;
const LINK = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]]/;
// A mark opens and closes at the edge of a word, and has no space inside its edges.
const MARK = /(^|[^\p{L}\p{N}*_~])([*_~])(?=\S)([^\n]*?\S)\2(?![\p{L}\p{N}])/u;

export function marked(text) {
  const parts = document.createDocumentFragment();
  const code = CODE.exec(text);
  if (!code) {
    parts.append(...lines(text));
    return parts;
  }
  const node = code[1] !== undefined
    ? el("code", { class: "block" }, code[1].replace(/^\n|\n$/g, ""))
    : el("code", {}, code[2]);
  parts.append(...lines(text.slice(0, code.index)), node, marked(text.slice(code.index + code[0].length)));
  return parts;
}

function lines(text) {
  const nodes = [];
  for (const line of text.split(/(?<=\n)/)) {
    if (line.startsWith("> ")) nodes.push(el("blockquote", {}, ...inline(line.slice(2).trimEnd())));
    else nodes.push(...inline(line));
  }
  return nodes;
}

function inline(text) {
  const link = LINK.exec(text);
  if (link) {
    const rest = text.slice(link.index + link[0].length);
    const a = el("a", { href: link[0], target: "_blank", rel: "noopener noreferrer" }, link[0]);
    return [...words(text.slice(0, link.index)), a, ...inline(rest)];
  }
  return words(text);
}

function words(text) {
  const mark = MARK.exec(text);
  if (!mark) return text ? [text] : [];
  const before = text.slice(0, mark.index) + mark[1];
  const after = text.slice(mark.index + mark[0].length);
  return [...(before ? [before] : []), el(TAGS[mark[2]], {}, ...words(mark[3])), ...words(after)];
}
