// The way from nothing to a chat: account, avatar, phone. Ava's own JSON API does the work.
import { addPerson, byNumber, everybody } from "./people.js";
import { $, el, face, number, onSubmit, showProblems } from "./dom.js";

const STEPS = ["account", "avatar", "phone", "chat"];
const PERSONALITIES = { playful: "Playful", caring: "Caring", shy: "Shy", adventurous: "Adventurous", intellectual: "Intellectual", dominant: "Dominant" };
const ASK_AGAIN_MS = 2500;

let ava, on; // the API, and what the page does about news: {linked, proof, openChat}
let avatar = null;
let linked = null;
let proof = null; // {phone, code}
let signingIn = false;
let asking = 0;

export async function startSetup(api, handlers) {
  [ava, on] = [api, handlers];
  $("personalities").append(...Object.entries(PERSONALITIES).map(choice));
  $("avatar").elements.name.addEventListener("input", (event) => {
    $("avatar-name").textContent = event.target.value.trim() || "your avatar";
  });
  onSubmit($("account"), enter);
  onSubmit($("avatar"), makeAvatar);
  onSubmit($("link"), link);
  $("account-switch").addEventListener("click", () => { signingIn = !signingIn; draw(); });
  $("link-chat").addEventListener("change", drawPhones);
  $("proof-go").addEventListener("click", () => on.openChat(proof.phone));
  $("proof-again").addEventListener("click", () => { proof = null; draw(); });
  $("card-link").addEventListener("click", () => { linked = null; proof = null; draw(); });
  $("card-out").addEventListener("click", leave);
  await load();
}

// What Ava knows about this person; everything on the pane follows from it.
async function load() {
  $("unreachable").hidden = true;
  try {
    await ava.arrive();
    [avatar, linked] = ava.token ? await Promise.all([ava.avatar(), phoneOnFile()]) : [null, null];
  } catch (refused) {
    if (refused.status === 401) leave();
    else { $("unreachable").textContent = refused.message; $("unreachable").hidden = false; }
  }
  draw();
  on.linked(linked, avatar);
}

const phoneOnFile = async () => (await ava.preferences()).whatsapp_phone;

function leave() {
  ava.leave();
  [avatar, linked, proof, signingIn] = [null, null, null, true];
  draw();
  on.linked(null, null);
}

// --- the steps ---

async function enter({ email, password }) {
  try {
    await ava.enter(signingIn ? "signin" : "signup", email.value.trim(), password.value);
  } catch (refused) {
    if (refused.status !== 409) throw refused;
    signingIn = true;
    draw();
    showProblems($("account"), { title: "This e-mail has an account already. Sign in with its password." });
    return;
  }
  password.value = "";
  await load();
}

async function makeAvatar({ name, age, personality, physical_description: looks }) {
  const wish = { name: name.value.trim(), age: Number(age.value), personality: personality.value };
  if (looks.value.trim()) wish.physical_description = looks.value.trim();
  try {
    await ava.makeAvatar(wish);
  } catch (refused) {
    if (refused.status !== 409) throw refused; // 409: made in another window
  }
  await load();
}

async function link({ chat, name, number: digits }) {
  let person = everybody().find((one) => one.chat === chat.value);
  if (!person) person = await addPerson(name.value, digits.value);
  const phone = `+${person.wa_id}`;
  const { code } = await ava.link(phone);
  proof = { phone, code };
  draw();
  await on.proof(person, code);
  askWhetherLinked();
}

// The proof travels by the phone, so the page asks now and then whether it arrived.
export async function askWhetherLinked() {
  clearTimeout(asking);
  if (!proof || !ava.token) return;
  try {
    if ((await phoneOnFile()) === proof.phone) {
      proof = null;
      await load();
      return;
    }
  } catch { /* asked again below */ }
  asking = setTimeout(askWhetherLinked, ASK_AGAIN_MS);
}

// --- what is shown ---

function draw() {
  const now = !ava.token ? 0 : !avatar ? 1 : !linked ? 2 : 3;
  for (const item of $("steps").children) {
    const index = STEPS.indexOf(item.dataset.step);
    item.dataset.state = index < now ? "done" : index === now ? "now" : "later";
    if (index === now) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
  for (const ring of document.querySelectorAll("[data-progress]")) {
    ring.style.setProperty("--part", now / 3);
    ring.dataset.label = now === 3 ? "✓" : `${now}/3`;
  }
  $("steps").hidden = $("way").hidden = now === 3;
  $("card").hidden = now !== 3;
  $("who-am-i").textContent = ava.token ? ava.email : "";
  drawAccount();
  drawPhones();
  if (now === 3) drawCard();
}

function drawAccount() {
  $("account-do").textContent = signingIn ? "Sign in" : "Sign up";
  $("account-else").textContent = signingIn ? "New here?" : "You have an account?";
  $("account-switch").textContent = signingIn ? "Sign up" : "Sign in";
  $("account").elements.password.autocomplete = signingIn ? "current-password" : "new-password";
}

export function drawPhones() {
  const select = $("link-chat");
  const chosen = select.value;
  const phones = everybody().filter((person) => person.wa_id);
  const options = phones.map((person) => el("option", { value: person.chat }, `${person.name}, ${number(person.wa_id)}`));
  select.replaceChildren(...options, el("option", { value: "" }, "Another number …"));
  select.value = phones.some((person) => person.chat === chosen) || (chosen === "" && select.dataset.touched) ? chosen : phones[0]?.chat || "";
  select.dataset.touched = document.activeElement === select ? "yes" : select.dataset.touched || "";
  select.parentElement.hidden = phones.length === 0;
  $("link-new").hidden = select.value !== "";
  $("link").hidden = Boolean(proof);
  $("proof").hidden = !proof;
  $("code").textContent = proof?.code || "";
}

function drawCard() {
  face($("card-face"), avatar.name);
  $("card-name").textContent = avatar.name;
  $("card-traits").textContent = `${PERSONALITIES[avatar.personality] || avatar.personality}, ${avatar.age}`;
  $("card-looks").textContent = avatar.physical_description || "";
  const owner = byNumber(linked);
  $("card-phone").textContent = `${owner ? `${owner.name}, ` : ""}${number(linked.slice(1))}`;
  $("card-account").textContent = ava.email;
}

function choice([value, label], index) {
  const input = el("input", { type: "radio", name: "personality", value, checked: index === 0 ? "" : null });
  return el("label", {}, input, label);
}
