/** A chat: whoever reads its end stays there when a message comes; whoever reads further up is left alone. */
const NEAR_PX = 160;

export function watchThread() {
  if (!document.getElementById("thread")) return;
  let atEnd = false;
  document.body.addEventListener("htmx:beforeSwap", () => {
    const page = document.documentElement;
    atEnd = page.scrollHeight - page.scrollTop - page.clientHeight < NEAR_PX;
  });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (atEnd && event.target.id === "thread") document.getElementById("newest").scrollIntoView({ block: "end" });
  });
}
