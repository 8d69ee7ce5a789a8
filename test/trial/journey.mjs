// The shortest lawful way to a running hearing in which judge and party hear
// each other, pressed in two browsers as the two people would press it.

const button = (page, name) => page.getByRole('button', { name, exact: true });

async function signIn(context, port, role) {
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  await page.goto(`http://localhost:${port}/`);
  await page.locator(`form:has([name="role"][value="${role}"]) button, button[value="${role}"]`).first().click();
  await page.waitForURL(`http://${role}.localhost:${port}/**`);
  await button(page, 'Bắt đầu kiểm tra').click();
  await button(page, 'Tôi thấy rõ').click();
  await button(page, 'Vạch có chuyển động').click();
  await button(page, 'Thu và nghe lại').click();
  await button(page, 'Tôi nghe rõ').click();
  await button(page, 'Tiếp tục').click();
  await page.getByText(/Tôi cam kết không ghi âm/).click();
  await button(page, 'Xác nhận có mặt').click();
  return page;
}

const status = { waiting: 3, inCourtroom: 4 };

async function sees(page, fits, arg) {
  await page.waitForFunction(
    ([f, a]) => {
      const view = window.__phientoa?.view();
      return view ? new Function('view', 'arg', `return (${f})(view, arg)`)(view, a) : false;
    },
    [fits.toString(), arg],
    { polling: 50 },
  );
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

export async function holdHearing(nearContext, farContext, { port }) {
  const near = await signIn(nearContext, port, 'judge');
  const far = await signIn(farContext, port, 'party');
  await sees(far, (view, s) => view.people.some((p) => p.person === view.me && p.status === s), status.waiting);
  const me = await far.evaluate(() => window.__phientoa.view().me);
  await sees(near, (view, [me, s]) => view.people.some((p) => p.person === me && p.status === s), [me, status.waiting]);
  const name = await near.evaluate(
    (me) => window.__phientoa.view().people.find((p) => p.person === me).name,
    me,
  );
  await act(near, 'Cho vào phòng xử án', name);
  await act(near, 'Bắt đầu phiên tòa', undefined, true);
  await act(near, 'Mời phát biểu', name);
  await sees(far, (view) => view.floor === view.me);
  return { near, far };
}
