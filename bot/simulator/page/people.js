// The phones on the desk: a list, and a form that adds one.
import { $, el, face, number, onSubmit, time } from "./dom.js";
import { desk } from "./server.js";

let people = [];

export const everybody = () => people;
export const byNumber = (phone) => people.find((person) => person.wa_id === String(phone).replace(/\D/g, ""));

export function drawPeople(found, current, pick) {
  people = found;
  $("people").replaceChildren(...people.map((person) => el("li", {}, entry(person, current, pick))));
  $("people").previousElementSibling.hidden = people.length === 0;
}

function entry(person, current, pick) {
  const { last } = person;
  const isCurrent = person.chat === current;
  const words = last ? `${last.mine ? "You: " : ""}${last.text || `[${last.type}]`}` : number(person.wa_id) || person.chat;
  return el(
    "button",
    { type: "button", "aria-current": String(isCurrent), click: () => pick(person) },
    face(el("span", { class: "face", "aria-hidden": "true" }), person.name),
    el("span", { class: "names" }, el("strong", {}, person.name), el("span", { class: "last" }, words)),
    el(
      "span",
      { class: "side" },
      last ? el("time", {}, time(last.at)) : null,
      person.unread && !isCurrent ? el("span", { class: "badge", "aria-label": `${person.unread} unread` }, String(person.unread)) : null,
    ),
  );
}

export const addPerson = (name, digits) => desk.post("/phone/people", { name, number: digits });

export function startPeople(added) {
  for (const id of ["add-form", "first-form"]) {
    onSubmit($(id), async ({ name, number: digits }) => {
      const person = await addPerson(name.value, digits.value);
      $(id).reset();
      $("add").open = false;
      await added(person);
    });
  }
}
