// What is wrong with the layout of the page as it is now: a list of sentences, empty when all is well.
(isKiosk) => {
  const TOUCH_PX_MIN = 48;
  const TEXT_PX_MIN = 18; // Of the smallest print on a kiosk; sentences have 20 and more.
  const faults = [];
  const root = document.documentElement;
  const name = (e) => `${e.tagName.toLowerCase()}.${e.className.baseVal ?? e.className} ${e.textContent.trim().slice(0, 30)}`;
  const isVisible = (e) => e.checkVisibility() && e.getBoundingClientRect().width > 1;

  if (root.scrollWidth > innerWidth) faults.push(`the page is ${root.scrollWidth} px wide`);
  for (const e of [...document.querySelectorAll("button, a:not(.skip), summary, input, select")].filter(isVisible)) {
    const { width, height } = e.getBoundingClientRect();
    if (width < TOUCH_PX_MIN || height < TOUCH_PX_MIN) faults.push(`${name(e)} is ${width} by ${height}`);
  }
  if (!isKiosk) return faults;

  if (root.scrollHeight > innerHeight) faults.push(`the page is ${root.scrollHeight} px high`);
  const bar = document.querySelector(".bar").getBoundingClientRect().bottom;
  const shown = "#stage :is(h1, h2, p, span, b, dt, dd, time, button, input, ul, .slab, svg), .bar *";
  for (const e of [...document.querySelectorAll(shown)].filter((each) => isVisible(each) && !each.matches(".visually-hidden"))) {
    const box = e.getBoundingClientRect();
    const list = e.parentElement.closest("[data-scroll]")?.getBoundingClientRect(); // What is scrolled away is not lost.
    const slack = e.closest("svg") ? innerHeight * 0.03 : 1; // Drawings may breathe over their box a little.
    const top = e.closest(".bar") ? 0 : bar;
    const isBeside = box.left >= (list?.left ?? 0) - slack && box.right <= (list?.right ?? innerWidth) + slack;
    const isInside = isBeside && (list || (box.top >= top - slack && box.bottom <= innerHeight + slack));
    if (!isInside) faults.push(`${name(e)} reaches out of the screen: ${JSON.stringify(box)}`);
    const isText = !e.matches("svg, .cut") && getComputedStyle(e).textOverflow !== "ellipsis" && e.clientWidth > 0;
    if (isText && e.scrollWidth > e.clientWidth + 2) faults.push(`${name(e)} is cut`);
    if (e.matches("button") && e.scrollHeight > e.clientHeight + 2) faults.push(`${name(e)} is higher than itself`);
    const hasWords = [...e.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const size = parseFloat(getComputedStyle(e).fontSize);
    if (hasWords && !e.closest(".bar") && size < TEXT_PX_MIN - 0.1) faults.push(`${name(e)} is small: ${size} px`);
  }
  const blocks = [...document.querySelectorAll("#stage .screen > :is(.words, .slab, button)")]
    .filter(isVisible)
    .map((e) => ({ e, box: e.getBoundingClientRect() }));
  for (const [i, { e: one, box: a }] of blocks.entries()) {
    for (const { e: other, box: b } of blocks.slice(i + 1)) {
      const isApart = a.right - 1 <= b.left || b.right - 1 <= a.left || a.bottom - 1 <= b.top || b.bottom - 1 <= a.top;
      if (!isApart) faults.push(`${name(one)} covers ${name(other)}`);
    }
  }
  return faults;
}
