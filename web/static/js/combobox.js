/** The To field as a combobox: options come from the server, the list follows the ARIA pattern, typing is never blocked. */
const DELAY_MS = 90;

export function watchCombobox() {
  for (const combo of document.querySelectorAll("[data-combobox]")) new Combobox(combo);
}

/** As somebody is named among several: a tag by itself, a person with the number, a group with its address. */
const among = (number, label) => (number === "#" ? label : `${label.replace(/[;,#<>]/g, " ")} <${number.includes("@") ? "" : "+"}${number}>`);

class Combobox {
  constructor(combo) {
    this.address = combo.dataset.combobox;
    this.input = combo.querySelector("input:not([type=hidden])");
    this.picked = combo.querySelector("input[type=hidden]");
    this.list = combo.querySelector("[role=listbox]");
    this.at = -1;
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.list.id })) {
      this.input.setAttribute(name, value);
    }
    this.input.addEventListener("input", () => {
      const [number, label] = this.picked.value.split("|");
      if (label && this.input.value === `${label};`) this.input.value = `${among(number, label)}; `;
      this.picked.value = "";
      for (const choice of document.querySelectorAll("input[type=radio][name=picked]")) choice.checked = false;
      this.lookSoon();
    });
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("click", () => this.list.hidden && this.look());
    this.input.addEventListener("blur", () => this.close());
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.pick(option);
    });
    if (this.input.value && document.activeElement === this.input) this.look(); // typed before scripts had come
  }

  lookSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), DELAY_MS);
  }

  async look() {
    this.asking?.abort();
    this.asking = new AbortController();
    try {
      const answer = await fetch(`${this.address}?q=${encodeURIComponent(this.last)}`, { signal: this.asking.signal, headers: { "HX-Request": "true" } });
      if (!answer.ok) return this.close();
      const fragment = document.createRange().createContextualFragment(await answer.text());
      this.list.replaceChildren(...fragment.querySelectorAll("[role=option]"));
      this.options.length && document.activeElement === this.input ? this.open() : this.close();
    } catch (error) {
      if (error.name !== "AbortError") this.close();
    }
  }

  /** What is typed of the last one, where several are named with semicolons between them. */
  get last() {
    return this.input.value.slice(this.input.value.lastIndexOf(";") + 1).trim();
  }

  get options() {
    return [...this.list.children];
  }

  open() {
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.mark(-1);
  }

  close() {
    clearTimeout(this.timer);
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.at = -1;
  }

  mark(at) {
    this.at = at;
    this.options.forEach((option, index) => option.setAttribute("aria-selected", String(index === at)));
    const option = this.options[at];
    if (option) {
      this.input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else this.input.removeAttribute("aria-activedescendant");
  }

  pick(option) {
    const before = this.input.value.slice(0, this.input.value.lastIndexOf(";") + 1);
    const [number] = option.dataset.picked.split("|");
    this.input.value = before ? `${before} ${among(number, option.dataset.label)}; ` : option.dataset.label;
    this.picked.value = before ? "" : option.dataset.picked;
    this.input.form.dispatchEvent(new Event("picked"));
    this.close();
  }

  key(event) {
    const open = !this.list.hidden;
    const count = this.options.length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open) return void this.look();
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.mark(this.at < 0 && step < 0 ? count - 1 : (this.at + step + count) % count);
    } else if (event.key === "Enter" && open && this.at >= 0) {
      event.preventDefault();
      this.pick(this.options[this.at]);
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      this.close();
    } else if (event.key === "Tab" && open && this.at >= 0) {
      this.pick(this.options[this.at]);
    }
  }
}
