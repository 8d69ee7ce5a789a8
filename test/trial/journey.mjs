// The shortest lawful way to a running hearing in which judge and party hear
// each other, pressed in two browsers as the two people would press it.

export const button = (page, name) => page.getByRole('button', { name, exact: true });

async function signIn(context, port, role) {
  const landing = await context.newPage();
  await landing.goto(`http://localhost:${port}/`);
  // Each role opens in a window of its own.
  const [page] = await Promise.all([
    context.waitForEvent('page'),
    landing.locator(`form:has([name="role"][value="${role}"]) button`).click(),
  ]);
  page.setDefaultTimeout(30_000);
  await page.waitForURL(`http://${role}.localhost:${port}/**`);
  await button(page, 'Bắt đầu kiểm tra').click();
  await button(page, 'Tôi thấy rõ').click();
  await button(page, 'Vạch có chuyển động').click();
  await button(page, 'Thu và nghe lại').click();
  await button(page, 'Tôi nghe rõ').click();
  await button(page, 'Tiếp tục').click();
  await page.getByText(/Tôi cam kết không ghi âm/).click();
  const joined = page.evaluate(joinTime);
  await button(page, 'Xác nhận có mặt').click();
  return { page, joined };
}

/** From the press on: seconds to a standing connection, and by which local candidate. */
const joinTime = () =>
  new Promise((done) => {
    const began = performance.now();
    const timer = setInterval(async () => {
      const pc = window.__phientoa.pc();
      if (pc?.connectionState !== 'connected') return;
      clearInterval(timer);
      const after = (performance.now() - began) / 1000;
      const stats = await pc.getStats();
      const all = [...stats.values()];
      const pair = stats.get(all.find((s) => s.type === 'transport')?.selectedCandidatePairId);
      const local = stats.get(pair?.localCandidateId);
      done({ after, way: [local?.candidateType, local?.relayProtocol].filter(Boolean).join(' ') });
    }, 10);
  });

const status = { waiting: 3, inCourtroom: 4 };

/** until polls a function in the page until it says true; the page's policy forbids eval. */
export async function until(page, what, fits, arg, timeout = 60_000) {
  const end = Date.now() + timeout;
  while (!(await page.evaluate(fits, arg))) {
    if (Date.now() > end) throw new Error(`not seen within ${timeout} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** act presses an act's button, that of a person when given; confirms when asked. */
async function act(page, label, name, confirm = false) {
  const b = name
    ? page.getByRole('button', { name: new RegExp(`^${label}: .*${name}`) })
    : button(page, label);
  await b.first().click();
  if (confirm) {
    const dialog = page.getByRole('alertdialog').or(page.getByRole('dialog'));
    await button(dialog, label).click();
  }
}

/** admit lets in who waits at a page's seat; gives their name as the court sees it. */
async function admit(near, waiting) {
  await until(
    waiting,
    'they wait',
    (s) => {
      const view = window.__phientoa.view();
      return view?.people.some((p) => p.person === view.me && p.status === s) ?? false;
    },
    status.waiting,
  );
  const me = await waiting.evaluate(() => window.__phientoa.view().me);
  await until(
    near,
    'the judge sees who waits',
    ([me, s]) =>
      window.__phientoa.view()?.people.some((p) => p.person === me && p.status === s) ?? false,
    [me, status.waiting],
  );
  const name = await near.evaluate(
    (me) => window.__phientoa.view().people.find((p) => p.person === me).name,
    me,
  );
  await act(near, 'Cho vào phòng xử án', name);
  return name;
}

/** admitGuest lets in who comes to wait, whoever it is. */
export async function admitGuest(near) {
  const waiting = (s) => window.__phientoa.view()?.people.find((p) => p.status === s)?.name ?? '';
  await until(near, 'a guest waits', waiting, status.waiting);
  await act(near, 'Cho vào phòng xử án', await near.evaluate(waiting, status.waiting));
}

/** holdHearing gives the pages of the judge, the party and, if there is one, the third. */
export async function holdHearing(contexts, { port, nearSpeaks, thirdRole }) {
  const { page: near } = await signIn(contexts.near, port, 'judge');
  const { page: far, joined } = await signIn(contexts.far, port, 'party');
  const name = await admit(near, far);
  let third;
  if (contexts.third) {
    ({ page: third } = await signIn(contexts.third, port, thirdRole));
    await admit(near, third);
  }
  await act(near, 'Bắt đầu phiên tòa', undefined, true);
  if (!nearSpeaks) {
    await act(near, 'Mời phát biểu', name);
    await until(far, 'the party holds the floor', () => {
      const view = window.__phientoa.view();
      return view?.floor === view?.me;
    });
  }
  return { near, far, third, join: await joined };
}
