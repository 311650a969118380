/** One-key shortcuts, while nobody is typing: they can be switched off in Settings, and ? lists them. */
const SEQUENCE_MS = 1500;
const ITEMS = "main .cover, main .next-to a, main .entry a";

export function watchKeys() {
  const help = document.getElementById("keys-help");
  if (!help) return;
  const places = JSON.parse(help.dataset.places);
  let waiting = 0;

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest("input, textarea, select, [contenteditable], [role=option]") || document.querySelector("dialog[open]")) return;
    const afterG = Date.now() - waiting < SEQUENCE_MS;
    waiting = 0;
    if (afterG && places[`g ${event.key}`]) return go(event, places[`g ${event.key}`]);
    if (event.key === "g") waiting = Date.now();
    else if (places[event.key]) go(event, places[event.key]);
    else if (event.key === "/") find(event, places);
    else if (event.key === "j" || event.key === "k") step(event, event.key === "j" ? 1 : -1);
    else if (event.key === "?") {
      event.preventDefault();
      help.showModal();
    }
  });
}

function go(event, address) {
  event.preventDefault();
  location.assign(address);
}

function find(event, places) {
  const field = document.querySelector("main input[type=search]");
  if (!field) return go(event, `${places["g a"]}#q`);
  event.preventDefault();
  field.focus();
  field.select();
}

function step(event, by) {
  const items = [...document.querySelectorAll(ITEMS)].filter((each) => each.checkVisibility());
  if (!items.length) return;
  event.preventDefault();
  const at = items.indexOf(document.activeElement);
  const next = at < 0 ? (by > 0 ? 0 : items.length - 1) : Math.min(Math.max(at + by, 0), items.length - 1);
  items[next].focus();
  items[next].scrollIntoView({ block: "nearest" });
}
