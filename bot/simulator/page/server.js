// The two servers the page talks to: the simulator that it came from, and Ava's JSON API.

export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `Answer ${status}`);
    this.status = status;
    this.problem = problem;
  }
}

async function call(url, { method = "GET", body, token } = {}) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token) headers["Authorization"] = `Bearer ${token}`;
  let answer;
  try {
    answer = await fetch(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Refused(0, { title: `Nobody answers at ${new URL(url, location).origin}. Is it running?` });
  }
  const text = await answer.text();
  let value = null;
  try { value = text ? JSON.parse(text) : null; } catch { /* not JSON: the status says enough */ }
  if (!answer.ok) throw new Refused(answer.status, value || { title: `Answer ${answer.status}` });
  return value;
}

export const desk = {
  get: (path) => call(path),
  post: (path, body) => call(path, { method: "POST", body }),
  async sendFile(chat, file, caption) {
    const query = new URLSearchParams({ name: file.name });
    if (caption) query.set("caption", caption);
    await fetch(`/phone/chats/${encodeURIComponent(chat)}/files?${query}`, {
      method: "POST",
      headers: { "Content-Type": file.type || "application/octet-stream" },
      body: file,
    });
  },
};

const TOKEN = "ava.token";
const EMAIL = "ava.email";

export class Ava {
  constructor(url) {
    this.url = url.replace(/\/$/, "");
  }
  get token() { return localStorage.getItem(TOKEN); }
  get email() { return localStorage.getItem(EMAIL) || ""; }

  async enter(how, email, password) {
    const answer = await call(`${this.url}/auth/${how}`, { method: "POST", body: { email, password } });
    localStorage.setItem(TOKEN, answer.access_token);
    localStorage.setItem(EMAIL, email);
  }
  // A link in an e-mail leads here, with a session behind the #.
  async arrive() {
    const token = new URLSearchParams(location.hash.slice(1)).get("access_token");
    if (!token) return;
    history.replaceState(null, "", location.pathname + location.search);
    localStorage.setItem(TOKEN, token);
    localStorage.setItem(EMAIL, (await this.#ask("/account")).email);
  }
  leave() {
    localStorage.removeItem(TOKEN);
    localStorage.removeItem(EMAIL);
  }
  avatar = async () => {
    try { return await this.#ask("/avatars/me"); } catch (refused) { if (refused.status === 404) return null; throw refused; }
  };
  makeAvatar = (avatar) => this.#ask("/avatars", { method: "POST", body: avatar });
  preferences = () => this.#ask("/preferences");
  link = (phone) => this.#ask("/preferences/whatsapp", { method: "PUT", body: { phone } });

  #ask(path, options = {}) {
    return call(this.url + path, { ...options, token: this.token });
  }
}
