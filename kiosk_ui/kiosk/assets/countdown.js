// Seconds until something is possible again, counting down to "0:00".

function clock(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = String(whole % 60).padStart(2, "0");
  return whole < 3600 ? `${minutes}:${rest}` : `${Math.floor(whole / 3600)}:${String(minutes).padStart(2, "0")}:${rest}`;
}

// until_ms: of performance.now(). Ends by itself when the element leaves the page.
export function countDown(element, until_ms) {
  const sentence = element.dataset.in ?? "{}";
  const tick = () => {
    element.textContent = sentence.replace("{}", clock((until_ms - performance.now()) / 1000));
    if (!element.isConnected || performance.now() >= until_ms) clearInterval(timer);
  };
  const timer = setInterval(tick, 500);
  tick();
}
