/** The form's file: what is too large is said before it is sent, and how much of it has been sent is said meanwhile. */
export function watchAttachment() {
  const part = document.getElementById("attachment");
  if (!part) return;
  const line = document.getElementById("file-says"), told = document.getElementById("file-told");
  const say = (sentence) => { line.textContent = sentence; };
  part.addEventListener("change", (event) => {
    const field = event.target, file = field.files?.[0];
    if (field.id !== "file") return;
    if (file && file.size <= Number(field.dataset.most)) return say(field.dataset.sending);
    event.stopImmediatePropagation(); // nothing to send
    if (file) say(field.dataset.tooLarge.replace("{name}", file.name));
    field.value = "";
  }, { capture: true });
  part.addEventListener("htmx:xhr:progress", (event) => {
    const { loaded, total } = event.detail, field = document.getElementById("file");
    if (total && field?.files.length) say(field.dataset.progress.replace("{share}", Math.round((100 * loaded) / total)));
  });
  for (const name of ["htmx:sendError", "htmx:responseError"]) {
    part.addEventListener(name, () => say(document.getElementById("file")?.dataset.later ?? ""));
  }
  part.addEventListener("htmx:afterSwap", () => {
    say("");
    told.textContent = part.querySelector("#file-error, .attached-what")?.textContent.trim() ?? "";
    document.getElementById("text").dispatchEvent(new Event("input", { bubbles: true })); // its limit may be another
    if (document.activeElement === document.body) document.getElementById("file").focus({ preventScroll: true });
  });
}
