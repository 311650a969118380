/** The text as WhatsApp shows it: *bold*, _italic_, ~struck~ and ```code```, built from text nodes only. */
const MARKS = { "*": "strong", _: "em", "~": "s" };
const MARKED = /```([^`]+)```|(?<![\p{L}\p{N}])([*_~])(?=\S)([^\n]*?\S)\2(?![\p{L}\p{N}])/gu;
const MOST = 4000;

export function watchPreview(form) {
  const section = form.querySelector("[data-preview]");
  const bubble = section.querySelector(".bubble");
  const show = () => {
    const text = form.elements.text.value;
    section.hidden = !text.trim();
    bubble.replaceChildren(...rendered(text.slice(0, MOST)));
  };
  form.elements.text.addEventListener("input", show);
  show();
}

function rendered(text) {
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(MARKED)) {
    nodes.push(text.slice(from, found.index));
    const element = document.createElement(found[1] ? "code" : MARKS[found[2]]);
    element.append(...(found[1] ? [found[1]] : rendered(found[3])));
    nodes.push(element);
    from = found.index + found[0].length;
  }
  nodes.push(text.slice(from));
  return nodes;
}
