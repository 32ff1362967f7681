// The open chat: what is in it, what is being written, what happens live.
import { clearStream, drawStream, keepAtEnd } from "./bubbles.js";
import { $, face, go, number } from "./dom.js";
import { desk } from "./server.js";

const TALLEST = 152; // pixels, as in chat.css

const state = { person: null, messages: [], typingUntil: 0, quoted: null, them: "Ava", scripted: false, business: "" };
const drafts = new Map(); // chat -> {text, hint}
const sending = []; // what the simulator has not confirmed yet
let typingTimer = 0;

const path = (person, rest = "") => `/phone/chats/${encodeURIComponent(person.chat)}${rest}`;
export const openPerson = () => state.person;

export function setScene({ them, scripted, business }) {
  Object.assign(state, { them: them ?? state.them, scripted: scripted ?? state.scripted, business: business ?? state.business });
  draw();
}

export async function open(person) {
  if (state.person?.chat !== person?.chat) {
    keepDraft();
    clearStream();
    Object.assign(state, { messages: [], typingUntil: 0, quoted: null });
  }
  state.person = person;
  draw();
  showDraft();
  if (person) await refresh();
}

export async function refresh() {
  const person = state.person;
  if (!person) return;
  const { messages, typing_seconds: typing } = await desk.get(path(person));
  if (state.person?.chat !== person.chat) return;
  state.messages = messages;
  state.typingUntil = Date.now() + typing * 1000;
  clearTimeout(typingTimer);
  if (typing > 0) typingTimer = setTimeout(draw, typing * 1000 + 50);
  draw();
}

// Puts *text* into the message box of a chat, with a line that says why.
export function suggest(chat, text, hint = "") {
  drafts.set(chat, { text, hint });
  if (state.person?.chat === chat) showDraft();
}

// --- what is shown ---

function draw() {
  const { person } = state;
  const typing = Date.now() < state.typingUntil;
  $("nobody").hidden = Boolean(person);
  $("stream").hidden = $("composer").hidden = !person;
  face($("their-face"), state.them);
  $("their-name").textContent = state.them;
  $("their-state").textContent = typing ? "typing …" : number(state.business);
  $("their-state").classList.toggle("typing", typing);
  $("mine").textContent = person && !typing ? ` · ${person.name}’s phone` : "";
  $("whose").textContent = person ? `${person.name}’s phone\n${number(person.wa_id) || person.chat}` : "";
  if (!person) return;
  const waiting = sending.filter((message) => message.chat === person.chat);
  drawStream([...state.messages, ...waiting], { typing, them: state.them, scripted: state.scripted, quote });
}

function quote(message) {
  state.quoted = message;
  $("quoting").hidden = !message;
  $("quoting-who").textContent = message ? (message.mine ? "You" : state.them) : "";
  $("quoting-text").textContent = message ? message.text || `[${message.type}]` : "";
  if (message) $("text").focus();
}

// --- writing ---

// Only for browsers that cannot do it in CSS (field-sizing).
function grow() {
  const box = $("text");
  if (CSS.supports("field-sizing", "content")) return;
  box.style.height = "auto";
  const border = box.offsetHeight - box.clientHeight;
  box.style.height = `${Math.min(box.scrollHeight + border, TALLEST)}px`;
}

function keepDraft() {
  if (!state.person) return;
  const text = $("text").value;
  if (!text) drafts.delete(state.person.chat);
  else if (drafts.get(state.person.chat)?.text !== text) drafts.set(state.person.chat, { text, hint: "" });
}

function showDraft() {
  const draft = drafts.get(state.person?.chat) || { text: "", hint: "" };
  $("text").value = draft.text;
  $("hint").textContent = draft.hint;
  $("hint").hidden = !draft.hint;
  $("send").classList.toggle("urge", Boolean(draft.hint));
  quote(null);
  grow();
}

async function send() {
  const { person, quoted } = state;
  const text = $("text").value.trim();
  if (!person || !text) return;
  const message = { id: `sending ${Math.random()}`, chat: person.chat, mine: true, type: "text", text, status: "sending", at: Date.now() / 1000, quoted: quoted?.id };
  sending.push(message);
  drafts.delete(person.chat);
  showDraft();
  draw();
  try {
    await desk.post(path(person, "/messages"), { text, quoted: quoted?.id });
  } catch (refused) {
    suggest(person.chat, text, refused.message);
  } finally {
    sending.splice(sending.indexOf(message), 1);
  }
  await refresh();
}

export function startComposer() {
  const box = $("text");
  keepAtEnd();
  box.addEventListener("input", grow);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape") {
      quote(null);
    } else if (event.key === "ArrowUp" && !box.value && state.messages.length) {
      event.preventDefault();
      quote(state.messages.filter((message) => message.type !== "reaction").at(-1));
    }
  });
  $("composer").addEventListener("submit", (event) => { event.preventDefault(); send(); });
  $("quoting-stop").addEventListener("click", () => quote(null));
  $("file").addEventListener("change", async () => {
    const [file] = $("file").files;
    if (file && state.person) await desk.sendFile(state.person.chat, file, $("text").value.trim());
    $("file").value = "";
    if (file) { drafts.delete(state.person.chat); $("text").value = ""; showDraft(); }
  });
}

export function focusComposer() {
  go("chat");
  $("text").focus();
}
