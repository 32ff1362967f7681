// The drawer for developers: a few of the simulator's faults as switches.
import { $ } from "./dom.js";
import { desk } from "./server.js";

const ON = { duplicate: 1, shuffle: true, batch: 20, hold_statuses: true, delay_seconds: 3 };
const OFF = { duplicate: 0, shuffle: false, batch: 1, hold_statuses: false, delay_seconds: 0 };

export async function drawControls() {
  show(await desk.get("/controls"));
}

function show(faults) {
  const { elements } = $("controls-form");
  for (const name of Object.keys(ON)) elements[name].checked = faults[name] !== OFF[name];
  const active = Object.keys(ON).some((name) => elements[name].checked) || faults.planned > 0;
  $("controls-on").hidden = !active;
  $("controls-note").textContent = faults.planned ? `${faults.planned} still planned.` : "";
}

export function startControls() {
  const form = $("controls-form");
  for (const name of Object.keys(ON)) {
    form.elements[name].addEventListener("change", async (event) => {
      show(await desk.post("/controls", { [name]: event.target.checked ? ON[name] : OFF[name] }));
    });
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [what, which] = form.elements.next.value.split(" ");
    show(await desk.post("/controls", { [what]: what === "drop" ? { moment: which } : { code: Number(which) } }));
  });
  $("controls-clear").addEventListener("click", async () => show(await desk.post("/controls", { clear: true })));
}
