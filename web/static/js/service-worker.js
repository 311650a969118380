/**
 * Shows the last agenda while this page cannot be reached: read-only, and never queues anything to be sent.
 * Everything else goes to the server as if this were not here; only GETs of pages and of our own files are answered
 * from what is kept, and logging out drops it.
 */
const KEPT = "offline-1";
const AGENDA = "/offline";
const EACH_MS = 60_000;
let keptAt = 0;
let keptAs = ""; // what the page knew then: the stamps of what is scheduled
let leaving = false;

self.addEventListener("install", (event) => event.waitUntil(self.skipWaiting()));

self.addEventListener("activate", (event) => event.waitUntil(forgetOlder().then(() => self.clients.claim())));

self.addEventListener("message", (event) => {
  const stamps = event.data?.keep;
  if (typeof stamps !== "string") return;
  leaving = false; // whoever asks is logged in
  if (stamps !== keptAs || Date.now() - keptAt > EACH_MS) event.waitUntil(keep(stamps));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (address.pathname === "/logout") {
    leaving = true;
    event.waitUntil(caches.delete(KEPT));
  }
  if (request.method !== "GET" || address.origin !== self.location.origin) return;
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => fromKept(AGENDA)));
  else if (address.pathname.startsWith("/static/")) event.respondWith(fetch(request).catch(() => fromKept(request)));
});

async function fromKept(wanted) {
  const found = await caches.match(wanted);
  return found ?? Response.error();
}

/** The agenda as it is now, with the style sheets it names. Who is logged out keeps none, also who logs out meanwhile. */
async function keep(stamps) {
  const answer = await fetch(AGENDA, { credentials: "same-origin", cache: "no-store" });
  if (!answer.ok || leaving) return;
  [keptAt, keptAs] = [Date.now(), stamps];
  try {
    await put(answer);
  } finally {
    if (leaving) await caches.delete(KEPT);
  }
}

async function put(agenda) {
  const html = await agenda.clone().text();
  const sheets = [...html.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map((found) => found[1].replaceAll("&amp;", "&"));
  const cache = await caches.open(KEPT);
  await cache.put(AGENDA, agenda);
  const known = new Set((await cache.keys()).map(({ url }) => new URL(url).pathname + new URL(url).search));
  await cache.addAll(sheets.filter((sheet) => !known.has(sheet)));
  for (const old of known) if (old !== AGENDA && !sheets.includes(old)) await cache.delete(old);
}

async function forgetOlder() {
  for (const name of await caches.keys()) if (name !== KEPT) await caches.delete(name);
}
