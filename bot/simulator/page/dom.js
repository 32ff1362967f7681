// The few things every part of the page needs. Text is only ever set as text.

const HUES = [325, 262, 8, 28, 208, 238, 345]; // of the faces: what goes with plum

export const $ = (id) => document.getElementById(id);

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") node.className = value;
    else if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== undefined && value !== null && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

export function face(node, name) {
  const letters = [...name.trim()];
  node.textContent = (letters[0] || "?").toUpperCase();
  let sum = 0;
  for (const letter of letters) sum = (sum * 31 + letter.codePointAt(0)) % 997;
  node.style.setProperty("--hue", HUES[sum % HUES.length]);
  return node;
}

// "+31 600 000 001": the country code apart, then threes.
export function number(digits) {
  if (!digits) return "";
  const code = /^[17]/.test(digits) ? 1 : 2;
  return `+${digits.slice(0, code)} ${digits.slice(code).replace(/(\d{3})(?=\d{2,})/g, "$1 ")}`.trim();
}

export const time = (seconds) =>
  new Date(seconds * 1000).toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });

export function day(seconds) {
  const date = new Date(seconds * 1000);
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 86400000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return date.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long" });
}

export function go(view) {
  document.body.dataset.view = view;
  document.dispatchEvent(new CustomEvent("view"));
}

// --- forms: problems stand at their fields, or above the button when they have none ---

export function clearProblems(form) {
  form.querySelectorAll(".field-wrong").forEach((node) => node.remove());
  form.querySelectorAll("[aria-invalid]").forEach((node) => node.removeAttribute("aria-invalid"));
  form.querySelector("[data-wrong]").textContent = "";
}

export function showProblems(form, problem) {
  const general = [];
  for (const { field, message } of problem.errors || []) {
    const input = form.elements[String(field).split(".").pop()];
    if (!(input instanceof HTMLElement)) general.push(message);
    else mark(input, message);
  }
  if (general.length || !(problem.errors || []).length) {
    general.unshift(problem.detail || problem.title || "That did not work.");
  }
  form.querySelector("[data-wrong]").textContent = [...new Set(general)].join(" ");
  form.querySelector("[aria-invalid]")?.focus();
}

function mark(input, message) {
  const id = `wrong-${input.form.id}-${input.name}`;
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", id);
  if (!$(id)) input.after(el("span", { class: "field-wrong", id }, message));
}

// Runs *work* on submit, once at a time, and shows what it throws.
export function onSubmit(form, work) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("[type=submit]");
    if (button.disabled) return;
    clearProblems(form);
    button.disabled = true;
    try {
      await work(form.elements);
    } catch (problem) {
      showProblems(form, problem.problem || { title: problem.message });
    } finally {
      button.disabled = false;
    }
  });
}
