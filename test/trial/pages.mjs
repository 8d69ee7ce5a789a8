// Shows a document to the whole court as the judge would, turns its pages, and measures
// from each press to the page that stands drawn before the party.
import { button, until } from './journey.mjs';

/** drawn: the page stands on the canvas with ink on it. */
const drawn = (page) => {
  const canvas = document.querySelector('[data-testid="exhibit-shown"] [data-testid="exhibit-page"]');
  if (!canvas || canvas.dataset.page !== String(page)) return 0;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 0 && data[i] < 64) return 1;
  return 0;
};

async function pressed(press, far, page) {
  const began = performance.now();
  await press();
  await until(far, `page ${page} stands before the party`, drawn, page, 30_000);
  return (performance.now() - began) / 1000;
}

export async function turnPages({ near, far }, { pdf }) {
  const dialog = near.getByRole('dialog');
  const drawer = near.getByRole('region', { name: 'Tài liệu' });
  await drawer.getByRole('button', { name: /^Tài liệu/, expanded: false }).click();
  await button(drawer, 'Đưa tài liệu').click();
  await dialog.getByLabel('Tệp tài liệu').setInputFiles(pdf);
  await dialog.getByLabel('Tên tài liệu (để ghi vào biên bản)').fill('Hợp đồng mua bán');
  await button(dialog, 'Đề nghị công bố').click();
  await dialog.waitFor({ state: 'detached' });
  await button(drawer, 'Cho công bố').click();
  const show = button(drawer, 'Trình chiếu tài liệu');
  await show.waitFor();
  const first = await pressed(() => show.click(), far, 1);
  const turns = [];
  for (let page = 2; page <= 6; page++)
    turns.push(await pressed(() => button(near, 'Trang sau').click(), far, page));
  return { first, turns };
}
