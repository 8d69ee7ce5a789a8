// Steps of trials about reach: see reach.go.

/** watched listens on both sides for so many seconds while the line does what it does. */
export async function watched(pages, silence, seconds) {
  const [near, far, lost] = await Promise.all([
    pages.near.evaluate(silence, seconds),
    pages.far.evaluate(silence, seconds),
    pages.near.evaluate(lostAfter, seconds),
  ]);
  return { near, far, lost };
}

/**
 * Seconds until this screen says that somebody in the courtroom has no connection (the tile
 * does so by `connected`); 0: not in time.
 */
const lostAfter = (seconds) =>
  new Promise((done) => {
    const began = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      const lost = window.__phientoa.view()?.people.some((p) => p.status === 4 && !p.connected);
      if (!lost && now - began < seconds * 1000) return;
      clearInterval(timer);
      done(lost ? (now - began) / 1000 : 0);
    }, 20);
  });
