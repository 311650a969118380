/** The folds of the form: their line says what is set, a link to a field opens its fold, and what the checks came to is told. */
const SLOW_MS = 900;

export function watchFolds() {
  const form = document.getElementById("compose");
  if (!form) return;
  sayWhatIsSet(form);
  tellChecks(form);
  doubtChecks(form);
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link) document.getElementById(link.hash.slice(1))?.closest("details")?.setAttribute("open", "");
  });
}

function sayWhatIsSet(form) {
  const line = form.querySelector("[data-more]");
  const say = () => {
    const { repeat, late_hours, unless_they_write } = form.elements;
    const late = form.querySelector("[name=if_late]:checked")?.dataset.says.replace("{hours}", late_hours.value);
    const { says, else: otherwise } = unless_they_write.dataset;
    const set = [repeat?.selectedOptions[0]?.dataset.says, late, unless_they_write.checked ? says : otherwise];
    line.textContent = set.filter(Boolean).join(" · ");
  };
  form.querySelector("#more-options").addEventListener("input", say);
  say();
}

/** Told when the sentence changes, not each time the list does; what a page begins with is no news. */
function tellChecks(form) {
  const list = form.querySelector("#preflight");
  let last;
  list.addEventListener("htmx:afterSwap", () => {
    const sentence = list.querySelector(".preflight-sum")?.textContent ?? "";
    if (last !== undefined && sentence !== last) form.querySelector("#preflight-told").textContent = sentence;
    last = sentence;
  });
}

/** What the list says of the form as it was, is not said of it as it is: where the answer takes its time, it says so. */
function doubtChecks(form) {
  const section = form.querySelector(".preflight");
  let changes = 0;
  let asked = 0;
  let slow;
  for (const name of ["input", "picked"]) {
    form.addEventListener(name, () => {
      changes += 1;
      slow ??= setTimeout(() => section.classList.add("stale"), SLOW_MS);
    });
  }
  section.addEventListener("htmx:beforeRequest", () => {
    asked = changes;
  });
  section.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.successful || asked !== changes) return;
    clearTimeout(slow);
    slow = undefined;
    section.classList.remove("stale");
  });
}
