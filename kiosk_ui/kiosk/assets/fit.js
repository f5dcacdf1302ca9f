// Names and numbers come in all lengths: each gets the largest size at which it fits its lines.

const STEP = 0.93;
const LEAST = 0.36;
const LEAST_PX = 18;

export function fit(element) {
  if (element.clientWidth === 0) return;
  const lines = Number(element.dataset.fit || 1);
  const full = parseFloat(getComputedStyle(element).fontSize);
  const least = Math.max(full * LEAST, LEAST_PX);
  for (let size = full; size >= least; size *= STEP) {
    element.style.fontSize = `${size}px`;
    const lineHeight = parseFloat(getComputedStyle(element).lineHeight);
    if (element.scrollWidth <= element.clientWidth + 1 && element.scrollHeight < lineHeight * (lines + 0.6)) return;
  }
  element.classList.add("cut");
}
