/** The compose form: the echo of its time, which is what will happen; a count; and the text as WhatsApp shows it. */
import { watchPreview } from "./preview.js";

const DELAY_MS = 120;
const SLOW_MS = 400;
const LONGEST_MS = 15_000;

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
      form.elements.when.dispatchEvent(new Event("input", { bubbles: true }));
      echo.now();
    });
  }
  if (document.getElementById("when-error")) echo.say("", echo.line.dataset.chooseAnother);
  else if (form.elements.time.value || form.elements.when.value) echo.now();
  else echo.say("", echo.line.dataset.choose);
}

/** What the time means. What it says of other words than those that stand there is marked at once, and is gone after SLOW_MS. */
class Echo {
  constructor(form) {
    this.form = form;
    this.line = form.querySelector("[data-echo-line]");
  }

  soon() {
    this.asking?.abort();
    clearTimeout(this.timer);
    this.doubt();
    this.timer = setTimeout(() => this.now(), DELAY_MS);
  }

  /** aria-busy: that it waits is told to nobody, what comes is. */
  doubt() {
    if (this.slow) return;
    this.line.className = this.line.className.replace(/ (good|bad)/, " was-$1");
    this.line.setAttribute("aria-busy", "true");
    this.slow = setTimeout(() => this.line.replaceChildren("…"), SLOW_MS);
  }

  async now() {
    clearTimeout(this.timer);
    this.asking?.abort();
    const { when, time } = this.form.elements;
    if (!when.value.trim() && !time.value) return this.say("", this.line.dataset.choose);
    this.doubt();
    const asking = (this.asking = new AbortController());
    const longest = setTimeout(() => asking.abort(new DOMException("", "TimeoutError")), LONGEST_MS);
    try {
      await this.ask(asking.signal);
    } catch (error) {
      if (error.name !== "AbortError") this.say("", this.line.dataset.unreachable);
    } finally {
      clearTimeout(longest);
    }
  }

  async ask(signal) {
    const { when, when_echoed, date, time, zone } = this.form.elements;
    const words = when.value;
    const query = new URLSearchParams({ when: words, when_echoed: when_echoed.value, date: date.value, time: time.value, zone: zone.value });
    const answer = await fetch(`${this.form.dataset.echo}?${query}`, { signal });
    if (!answer.ok) throw new Error(answer.statusText);
    const meant = await answer.json();
    signal.throwIfAborted();
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
  }

  say(tone, sentence, note = "") {
    clearTimeout(this.slow);
    this.slow = undefined;
    this.line.removeAttribute("aria-busy");
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
