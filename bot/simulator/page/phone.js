// Puts the page together and keeps it live.
import { focusComposer, open, openPerson, refresh, setScene, startComposer, suggest } from "./chat.js";
import { drawControls, startControls } from "./controls.js";
import { $, go } from "./dom.js";
import { byNumber, drawPeople, everybody, startPeople } from "./people.js";
import { Ava, Refused, desk } from "./server.js";
import { askWhetherLinked, drawPhones, startSetup } from "./setup.js";

const CHAT = "desk.chat";
let prefill = new URLSearchParams(location.search).get("text");
let live = null;
let linkedPhone = null;
let avatarName = null;

// --- the phones ---

async function loadPeople() {
  const overview = await desk.get("/phone");
  const isGone = openPerson() && !overview.people.some((person) => person.chat === openPerson().chat);
  if (isGone) await open(null); // the simulator began anew
  drawPeople(overview.people, openPerson()?.chat, pick);
  drawPhones();
  return overview;
}

async function pick(person) {
  localStorage.setItem(CHAT, person.chat);
  if (prefill) [, prefill] = [suggest(person.chat, prefill, "Ready to send."), null];
  await open(person);
  scene();
  drawPeople(everybody(), person.chat, pick);
  go("chat");
}

function scene() {
  const isTheirs = openPerson() && linkedPhone === `+${openPerson().wa_id}`;
  setScene({ them: isTheirs && avatarName ? avatarName : "Ava" });
}

// --- live ---

function listen() {
  live?.close();
  const isShown = !document.hidden && (document.body.dataset.view === "chat" || matchMedia("(min-width: 861px)").matches);
  const chat = isShown ? openPerson()?.chat : null;
  live = new EventSource(`/phone/events${chat ? `?chat=${encodeURIComponent(chat)}` : ""}`);
  live.chat = chat;
  live.onopen = () => { $("lost").hidden = true; once("all", async () => { await loadPeople(); await refresh(); }); };
  live.onerror = () => { $("lost").hidden = false; };
  live.onmessage = ({ data }) => happened(JSON.parse(data));
}

// Many changes come at once: one look is enough for all of them.
const soon = new Map();
function once(name, work) {
  if (soon.has(name)) return;
  soon.set(name, setTimeout(async () => {
    soon.delete(name);
    try { await work(); } catch (error) { if (!(error instanceof Refused)) throw error; } // the banner tells
  }, 30));
}

function happened({ kind, chat }) {
  if (kind === "controls") once("controls", drawControls);
  if (kind !== "chat" && kind !== "people") return;
  once("people", loadPeople);
  if (!chat || chat === openPerson()?.chat) once("chat", refresh);
  once("linked", askWhetherLinked);
}

// --- start ---

async function start() {
  startComposer();
  startControls();
  for (const button of document.querySelectorAll("[data-go]")) {
    button.addEventListener("click", () => go(button.dataset.go));
  }
  startPeople(async (person) => { await loadPeople(); await pick(person); });
  const overview = await loadPeople();
  setScene({ scripted: overview.scripted, business: overview.business.number });
  $("scripted").hidden = !overview.scripted;
  drawControls();
  const known = everybody();
  const last = known.find((person) => person.chat === localStorage.getItem(CHAT)) || known[0];
  if (last) await pick(last);
  await startSetup(new Ava(overview.api_url), {
    linked(phone, avatar) { [linkedPhone, avatarName] = [phone, avatar?.name]; scene(); },
    async proof(person, code) {
      suggest(person.chat, code, "Tap send to prove that this phone is yours.");
      await loadPeople();
      await pick(person);
      focusComposer();
    },
    async openChat(phone) { await pick(byNumber(phone)); focusComposer(); },
  });
  if (!linkedPhone && !prefill && !location.search.includes("text=")) go("setup");
  for (const event of ["visibilitychange", "view"]) document.addEventListener(event, listen);
  matchMedia("(min-width: 861px)").addEventListener("change", listen);
  listen();
}

start();
