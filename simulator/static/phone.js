// The page follows what happens: it waits for the next event, fetches itself, and puts in what has changed.

const PAUSE = 250; // ms: many events in a row are one change

const wait = (ms) => new Promise((done) => setTimeout(done, ms));

const toTheEnd = (thread) => { if (thread) thread.scrollTop = thread.scrollHeight; };

// The chat that is open stays open, also where its name does not stand in the address.
function address() {
  const own = new URL(location.href);
  if (document.body.dataset.chat) own.searchParams.set("chat", document.body.dataset.chat);
  return own;
}

async function refresh() {
  const answer = await fetch(address(), { headers: { Accept: "text/html" } });
  if (!answer.ok) { location.reload(); return; }
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const now = fresh.getElementById(part.id);
    if (!now || now.innerHTML === part.innerHTML) continue;
    const atEnd = part.scrollHeight - part.scrollTop - part.clientHeight < 60;
    const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    part.innerHTML = now.innerHTML;
    if (focused) [...part.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
    if (part.id === "thread" && atEnd) toTheEnd(part);
  }
  if (!document.body.dataset.chat && fresh.body.dataset.chat) {
    document.getElementById("chat").replaceWith(fresh.getElementById("chat"));
    document.body.dataset.chat = fresh.body.dataset.chat;
    toTheEnd(document.getElementById("thread"));
  }
  document.body.dataset.last = fresh.body.dataset.last;
}

async function follow() {
  for (;;) {
    try {
      const answer = await fetch(`/live?after=${document.body.dataset.last}`);
      if (answer.status === 401) { location.reload(); return; }
      const { last } = await answer.json();
      if (String(last) !== document.body.dataset.last) {
        await wait(PAUSE);
        await refresh();
      }
    } catch {
      await wait(2000); // the simulator is gone, or the page is being left
    }
  }
}

// A form is sent without leaving the page, so that what is typed elsewhere stays.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  const typed = form.querySelector("input[name=text]");
  if (!typed) return;
  event.preventDefault();
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" });
  if (answer.type !== "opaqueredirect") { form.submit(); return; }
  typed.value = "";
  await refresh();
});

toTheEnd(document.getElementById("thread"));
follow();
