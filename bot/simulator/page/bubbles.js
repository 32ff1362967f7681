// Messages as bubbles. The stream is brought up to date in place: what did not change is not touched.
import { $, day, el, icon, time } from "./dom.js";
import { marked } from "./marks.js";

const TICKS = { sending: "clock", sent: "one", delivered: "two", read: "two" };
const SAID = { sending: "sending", sent: "sent", delivered: "delivered", read: "read", failed: "not delivered" };
const EMOJI_ONLY = /^(?:\p{Extended_Pictographic}(?:\uFE0F|\u200D|\p{Emoji_Modifier}|\p{Extended_Pictographic})*){1,3}$/u;
const TOGETHER_SECONDS = 120;
const NEAR = 80; // pixels from the end

let drawn = new Map(); // key -> {node, look}

export function drawStream(messages, { typing, them, scripted, quote }) {
  const stream = $("stream");
  const atEnd = stream.scrollHeight - stream.scrollTop - stream.clientHeight < NEAR;
  const first = drawn.size === 0;
  const wanted = [...rows(messages, { them, scripted, quote })];
  if (typing) wanted.push({ key: "typing", look: "", make: dots });
  const next = new Map();
  wanted.forEach(({ key, look, make }, index) => {
    const old = drawn.get(key);
    const node = old && old.look === look ? old.node : make();
    if (!old && !first && key !== "typing") node.classList.add("fresh");
    if (old && old.node !== node) old.node.remove();
    if (stream.children[index] !== node) stream.insertBefore(node, stream.children[index] || null);
    next.set(key, { node, look });
  });
  for (const [key, { node }] of drawn) if (!next.has(key)) node.remove();
  drawn = next;
  if (atEnd || first) stream.scrollTop = stream.scrollHeight;
}

// The composer grows and shrinks below the stream; who was reading the end goes on reading it.
export function keepAtEnd() {
  const stream = $("stream");
  let atEnd = true;
  stream.addEventListener("scroll", () => {
    atEnd = stream.scrollHeight - stream.scrollTop - stream.clientHeight < NEAR;
  });
  new ResizeObserver(() => { if (atEnd) stream.scrollTop = stream.scrollHeight; }).observe(stream);
}

export function clearStream() {
  $("stream").replaceChildren();
  drawn = new Map();
}

function* rows(messages, { them, scripted, quote }) {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const reactions = new Map();
  for (const message of messages) if (message.type === "reaction") reactions.set(message.on, message.text);
  const shown = messages.filter((message) => message.type !== "reaction");
  if (scripted) yield pill("scripted", "No model is configured: answers are scripted.");
  if (!shown.length) yield pill("nothing", "Nothing said yet. Ava answers the phones she knows, and invites the others.");
  let date = "";
  for (const [index, message] of shown.entries()) {
    const on = day(message.at);
    const isNewDay = on !== date;
    if (isNewDay) yield pill(`day ${on}`, (date = on));
    const row = {
      message,
      quoted: byId.get(message.quoted),
      reaction: reactions.get(message.id),
      next: !isNewDay && together(shown[index - 1], message),
      end: !together(message, shown[index + 1]),
    };
    yield { key: message.id, look: JSON.stringify([row, them]), make: () => bubble(row, them, quote) };
  }
}

const together = (a, b) => Boolean(a && b) && a.mine === b.mine && b.at - a.at < TOGETHER_SECONDS;
const pill = (key, text) => ({ key, look: text, make: () => el("p", { class: "pill" }, text) });
const dots = () =>
  el("p", { class: "bubble dots end", "aria-label": "typing" }, el("i"), el("i"), el("i"));

function bubble({ message, quoted, reaction, next, end }, them, quote) {
  if (message.status === "failed") {
    return el("p", { class: "pill" }, `A message of ${them} failed (${message.error}) and never reached this phone.`);
  }
  const classes = ["bubble", message.mine && "mine", next && "next", end && "end", reaction && "reacted"];
  if (message.type === "text" && EMOJI_ONLY.test(message.text)) classes.push("big");
  const node = el("div", { class: classes.filter(Boolean).join(" ") });
  node.append(el("span", { class: "unseen" }, message.mine ? "You: " : `${them}: `));
  if (message.quoted) node.append(said(quoted, them));
  node.append(...content(message), meta(message));
  if (reaction) node.append(el("span", { class: "reaction" }, reaction));
  node.addEventListener("click", (event) => {
    const isSelecting = String(getSelection()) !== "";
    if (!isSelecting && !event.target.closest("a, audio")) quote(message);
  });
  return node;
}

function content(message) {
  const file = message.file && `/phone/files/${encodeURIComponent(message.file)}`;
  const parts = [];
  if (file && ["image", "sticker"].includes(message.type)) {
    parts.push(el("img", { src: file, alt: message.text || "a picture" }));
  } else if (file && message.type === "audio") {
    parts.push(el("audio", { src: file, controls: "" }));
  } else if (message.type !== "text") {
    const name = message.filename ? `${message.type}: ${message.filename}` : message.type;
    parts.push(el("span", { class: "other" }, `[${name}] `));
  }
  if (message.text) parts.push(marked(message.text));
  return parts;
}

function said(quoted, them) {
  const who = quoted ? (quoted.mine ? "You" : them) : "";
  const text = quoted ? quoted.text || `[${quoted.type}]` : "An older message";
  return el("span", { class: "said" }, el("strong", {}, who), el("span", {}, text));
}

function meta(message) {
  const node = el("span", { class: "meta", "data-status": message.status, title: SAID[message.status] });
  node.append(el("time", { datetime: new Date(message.at * 1000).toISOString() }, time(message.at)));
  if (TICKS[message.status]) node.append(icon(TICKS[message.status]));
  node.append(el("span", { class: "unseen" }, `, ${SAID[message.status]}`));
  return node;
}
