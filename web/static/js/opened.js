/** What somebody has opened stays open when its fragment is fetched anew; it needs an id. */
export function keepOpened() {
  let opened = [];
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    opened = [...event.target.querySelectorAll("details[id][open]")].map((each) => each.id);
  });
  document.body.addEventListener("htmx:afterSettle", () => {
    for (const id of opened.splice(0)) document.getElementById(id)?.setAttribute("open", "");
  });
}
