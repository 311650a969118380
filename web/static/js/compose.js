/** The compose form: the echo of its time, which is what will happen; a count; and the text as WhatsApp shows it. */
import { watchPreview } from "./preview.js";

const DELAY_MS = 120;

export function watchCompose() {
  const form = document.getElementById("compose");
  if (!form) return;
  countCharacters(form);
  watchPreview(form);
  const echo = new Echo(form);
  form.elements.when.addEventListener("input", () => echo.soon());
  for (const name of ["date", "time"]) {
    form.elements[name].addEventListener("input", () => {
      form.elements.when.value = form.elements.when_echoed.value = "";
      echo.soon();
    });
  }
  form.elements.zone.addEventListener("input", () => {
    form.elements.when_echoed.value = "";
    echo.soon();
  });
  for (const chip of form.querySelectorAll("[data-when]")) {
    chip.addEventListener("click", () => {
      form.elements.when.value = chip.dataset.when;
      echo.now();
    });
  }
  if (document.getElementById("when-error")) echo.say("", echo.line.dataset.chooseAnother);
  else if (form.elements.time.value || form.elements.when.value) echo.now();
  else echo.say("", echo.line.dataset.choose);
}

class Echo {
  constructor(form) {
    this.form = form;
    this.line = form.querySelector("[data-echo-line]");
  }

  soon() {
    this.asking?.abort();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.now(), DELAY_MS);
  }

  async now() {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.asking = new AbortController();
    const { when, when_echoed, date, time, zone } = this.form.elements;
    const words = when.value;
    if (!words.trim() && !time.value) return this.say("", this.line.dataset.choose);
    const query = new URLSearchParams({ when: words, when_echoed: when_echoed.value, date: date.value, time: time.value, zone: zone.value });
    try {
      const answer = await fetch(`${this.form.dataset.echo}?${query}`, { signal: this.asking.signal });
      if (!answer.ok) return;
      const meant = await answer.json();
      if (meant.date) {
        date.value = meant.date;
        time.value = meant.time;
        if (words.trim()) {
          zone.value = meant.zone;
          when_echoed.value = words;
        }
      }
      if (meant.problem) this.say("bad", meant.problem);
      else {
        this.say("good", meant.echo, meant.note);
        this.form.dispatchEvent(new Event("echoed"));
      }
    } catch (error) {
      if (error.name !== "AbortError") this.say("", this.line.dataset.unreachable);
    }
  }

  say(tone, sentence, note = "") {
    if (tone) document.getElementById("when-error")?.remove();
    const small = document.createElement("small");
    small.textContent = note;
    this.line.className = `echo ${tone}`.trim();
    this.line.replaceChildren(sentence, ...(note ? [small] : []));
  }
}

function countCharacters(form) {
  const line = form.querySelector("[data-count]");
  const count = () => {
    const most = Number((form.querySelector("#attachment [data-most]:not(input)") ?? line.parentElement).dataset.most);
    const length = [...form.elements.text.value].length;
    const shown = length ? length.toLocaleString("en-GB") : "";
    line.textContent = length > most ? line.dataset.of.replace("{length}", shown).replace("{most}", most.toLocaleString("en-GB")) : shown;
    line.classList.toggle("over", length > most);
  };
  form.elements.text.addEventListener("input", count);
  count();
}
