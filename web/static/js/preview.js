/** The text as WhatsApp shows it: *bold*, _italic_, ~struck~ and ```code```, built from text nodes only, its fields filled. */
const MARKS = { "*": "strong", _: "em", "~": "s" };
const MARKED = /```([^`]+)```|(?<![\p{L}\p{N}])([*_~])(?=\S)([^\n]*?\S)\2(?![\p{L}\p{N}])/gu;
const FIELD = /\\?\{\{[ \t]*[A-Za-z][A-Za-z0-9_ -]{0,40}?[ \t]*(?:\|[^{}\n]{0,200})?\}\}/g;
const STANDS_FOR = /\uE000(\d+)\uE001/;
const MOST = 4000;

export function watchPreview(form) {
  const section = form.querySelector("[data-preview]");
  const checks = form.querySelector(".preflight");
  const bubble = section.querySelector(".bubble");
  const whom = () => JSON.stringify(new FormData(form).getAll("picked").concat(form.elements.to.value));
  let asked;
  let known = whom();
  const show = () => {
    const text = form.elements.text.value;
    section.hidden = !text.trim();
    const told = known === whom() && checks.querySelector("[data-filled]")?.dataset.filled;
    const { filled, left } = withFields(text.slice(0, MOST), new Map(told ? JSON.parse(told) : []));
    bubble.replaceChildren(...rendered(filled, left));
    section.querySelector("[data-unfilled]").hidden = !left.length;
  };
  checks.addEventListener("htmx:beforeRequest", () => {
    asked = whom();
  });
  checks.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) known = asked;
    show();
  });
  for (const name of ["input", "picked"]) form.addEventListener(name, show);
  show();
}

/** The text with what is known instead of its fields; what is left of them, each with a sign in its place that is no mark. */
function withFields(text, known) {
  const left = [];
  const filled = text.replace(FIELD, (written) => {
    if (written.startsWith("\\")) return written.slice(1);
    return known.get(written) ?? `\uE000${left.push(written) - 1}\uE001`;
  });
  return { filled, left };
}

function rendered(text, left) {
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(MARKED)) {
    nodes.push(...framed(text.slice(from, found.index), left));
    const element = document.createElement(found[1] ? "code" : MARKS[found[2]]);
    element.append(...(found[1] ? framed(found[1], left) : rendered(found[3], left)));
    nodes.push(element);
    from = found.index + found[0].length;
  }
  nodes.push(...framed(text.slice(from), left));
  return nodes;
}

function framed(text, left) {
  return text.split(STANDS_FOR).map((piece, index) => {
    if (index % 2 === 0) return piece;
    const element = document.createElement("span");
    element.className = "unfilled";
    element.textContent = left[piece] ?? "";
    return element;
  });
}
