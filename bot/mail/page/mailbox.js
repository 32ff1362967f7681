// The list of e-mails and the one that is open. Text is only ever set as text.

const EVERY = 2000; // milliseconds
const $ = (id) => document.getElementById(id);

let mails = [];
let current = null;

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const time = (at) => new Date(at).toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });

async function look() {
  try {
    const answer = await fetch("messages", { cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    draw((await answer.json()).messages);
    $("lost").hidden = true;
  } catch {
    $("lost").hidden = false;
  }
  setTimeout(look, EVERY);
}

function draw(found) {
  const isNews = found.length !== mails.length || found[0]?.id !== mails[0]?.id;
  mails = found;
  if (isNews) drawList();
  if (!mails.some(({ id }) => id === current)) open(mails[0]);
}

function drawList() {
  document.title = mails.length ? `Mailbox (${mails.length})` : "Mailbox";
  const focused = document.activeElement?.dataset?.id;
  $("mails").replaceChildren(...mails.map(entry));
  if (focused) document.querySelector(`[data-id="${focused}"]`)?.focus();
}

function entry(mail) {
  const button = el(
    "button",
    { type: "button", "data-id": mail.id, "aria-current": String(mail.id === current) },
    el("strong", {}, mail.subject),
    el("time", { datetime: mail.at }, time(mail.at)),
    el("span", {}, mail.to),
  );
  button.addEventListener("click", () => open(mail));
  return el("li", {}, button);
}

function open(mail) {
  current = mail?.id ?? null;
  $("mail").hidden = !mail;
  $("empty").hidden = Boolean(mail);
  document.querySelectorAll("[data-id]").forEach((node) => node.setAttribute("aria-current", String(node.dataset.id === current)));
  if (!mail) return;
  $("subject").textContent = mail.subject;
  $("to").textContent = `To ${mail.to}`;
  $("at").textContent = new Date(mail.at).toLocaleString();
  $("at").dateTime = mail.at;
  $("text").replaceChildren(...linked(mail.text));
  $("html").src = `messages/${mail.id}`;
}

// The words, with every address a link.
function linked(text) {
  return text.split(/(https?:\/\/\S+)/).map((part, index) => (index % 2 ? el("a", { href: part, target: "_blank", rel: "noopener noreferrer" }, part) : part));
}

function choose(part) {
  for (const name of ["html", "text"]) {
    $(name).hidden = name !== part;
    $(`tab-${name}`).setAttribute("aria-selected", String(name === part));
  }
}

$("tab-html").addEventListener("click", () => choose("html"));
$("tab-text").addEventListener("click", () => choose("text"));
look();
