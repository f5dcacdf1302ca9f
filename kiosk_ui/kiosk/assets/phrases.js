// Chinese has no spaces: without these marks a line would break in the middle of a word, and names would stick to it.

const MARK = "\u200b";
const THIN = "\u2009";
const BORDER = /(?<=\p{Script=Han})(?=\p{Script=Latin})|(?<=\p{Script=Latin})(?=\p{Script=Han})/gu;

export function phrase(section, language) {
  if (!language.startsWith("zh")) return;
  const words = new Intl.Segmenter(language, { granularity: "word" });
  const texts = document.createTreeWalker(section, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { currentNode: text } = texts;
    if (!/\p{Script=Han}{2}/u.test(text.data)) continue;
    const spaced = text.data.replace(BORDER, THIN);
    text.data = [...words.segment(spaced)].map(marked).join("");
  }
}

// Before a word, never before a comma, nor between a number and what it counts.
function marked({ segment, isWordLike, index, input }) {
  const begins = isWordLike && index > 0 && /^\p{Script=Han}/u.test(segment) && !/\d/.test(input[index - 1]);
  return begins ? MARK + segment : segment;
}
