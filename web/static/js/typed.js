/** What is being written stays in this tab until it is saved: it is there again after a login, after a page that could
 * not be reached, and after a look elsewhere. Files are not kept, what has been uploaded is. */
import { show } from "./notices.js";

const KEPT = "typed:";
const SENT = "typed-sent";
const OF_THE_PAGE = ["id", "version", "seen", "asked", "do", "file"];

export function keepTyped() {
  document.addEventListener("submit", (event) => event.target.action.endsWith("/logout") && sessionStorage.clear());
  const form = document.getElementById("compose");
  if (!form) return saved();
  sessionStorage.removeItem(SENT);
  const key = KEPT + form.dataset.typedAs;
  const before = sessionStorage.getItem(key);
  if (before && "typedHere" in form.dataset) restore(form, JSON.parse(before), key);
  let touched = Boolean(before); // what the page fills in by itself was not typed
  for (const name of ["input", "change", "picked"]) form.addEventListener(name, () => (touched = true));
  for (const name of ["input", "change", "picked", "echoed", "htmx:afterSwap"]) form.addEventListener(name, () => touched && keep(form, key));
  form.addEventListener("submit", () => {
    keep(form, key);
    sessionStorage.setItem(SENT, JSON.stringify({ key, id: form.elements.id.value }));
  });
}

/** What was sent is forgotten once it is known to be saved: by the page of what was made, or by a page that says so. */
function saved() {
  const sent = JSON.parse(sessionStorage.getItem(SENT));
  if (!sent || !(location.pathname.includes(sent.id) || document.querySelector(".notices .notice"))) return;
  sessionStorage.removeItem(sent.key);
  sessionStorage.removeItem(SENT);
}

function keep(form, key) {
  const entries = [...new FormData(form)].filter(([name, value]) => typeof value === "string" && !OF_THE_PAGE.includes(name));
  const written = ["to", "text", "when", "attached"].some((name) => entries.some((entry) => entry[0] === name && entry[1].trim()));
  if (written) sessionStorage.setItem(key, JSON.stringify(entries));
  else sessionStorage.removeItem(key);
}

function restore(form, entries, key) {
  const all = (name) => entries.filter((entry) => entry[0] === name).map((entry) => entry[1]);
  for (const field of form.elements) {
    if (!field.name || field.type === "file" || field.tagName === "BUTTON" || OF_THE_PAGE.includes(field.name)) continue;
    if (field.type === "radio" || field.type === "checkbox") field.checked = all(field.name).includes(field.value);
    else field.value = all(field.name)[0] ?? "";
  }
  const [attached] = all("attached");
  const address = form.querySelector("#file")?.getAttribute("hx-post");
  if (attached && address) {
    const values = { attached, send_as: all("send_as")[0] ?? "" };
    window.htmx?.ajax("POST", address, { target: "#attachment", swap: "innerHTML", values });
  }
  const notice = document.getElementById("typed-again");
  show(notice);
  notice.querySelector("a").addEventListener("click", () => sessionStorage.removeItem(key));
}
