/** What somebody has opened stays open when its fragment is fetched anew; it needs an id. What is opened by itself, where
 * there is a reason to (data-itself), also stays folded where somebody has folded it, until the reason comes or goes.
 * Nothing else happens between the two events. */
export function keepOpened() {
  let kept = [];
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    kept = [...event.target.querySelectorAll("details[id]")].map(({ id, open, dataset }) => ({ id, open, itself: dataset.itself }));
  });
  document.body.addEventListener("htmx:afterSwap", () => {
    for (const { id, open, itself } of kept.splice(0)) {
      const found = document.getElementById(id);
      if (found && found.dataset.itself === itself && (open || itself)) found.open = open;
    }
  });
}
