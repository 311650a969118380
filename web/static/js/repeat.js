/** The Repeat fields: what is filled in chooses the end it belongs to, so that no date typed there is left unheard. */
export function watchRepeat() {
  const fields = document.getElementById("repeats");
  if (!fields) return;
  const choose = (value) => {
    fields.querySelector(`[name=ends][value=${value}]`).checked = true;
  };
  for (const name of ["until", "count"]) {
    document.getElementById(name).addEventListener("input", () => choose(name));
  }
  for (const radio of fields.querySelectorAll("[name=ends]")) {
    radio.addEventListener("change", () => {
      if (radio.value !== "until") document.getElementById("until").value = "";
    });
  }
}
