/** A button copies the text of the element it names. Where the browser has no clipboard, it marks the text instead. */
export function watchCopies() {
  for (const button of document.querySelectorAll("[data-copies]")) {
    const source = document.getElementById(button.dataset.copies);
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(source.textContent);
        button.textContent = button.dataset.done;
      } catch {
        getSelection().selectAllChildren(source); // http beyond this machine, or the person said no
      }
    });
  }
}
