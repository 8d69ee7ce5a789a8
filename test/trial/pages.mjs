// Has a document shown to the court, turns its pages as the judge would, and measures
// from each press to the page that stands drawn before the party.
import { button, until } from './journey.mjs';

/** keepSocket, before the page's own code: remembers the control connection. */
export const keepSocket = () => {
  const Native = window.WebSocket;
  window.WebSocket = class extends Native {
    constructor(...args) {
      super(...args);
      window.__socket = this;
    }
  };
};

/**
 * admitDocument says admit_exhibit{1} on the judge's own connection: the desk of a hearing
 * without an order of business has no drawer for documents. An Envelope with id (3) and
 * command (11), in it AdmitExhibit (49) with exhibit (1).
 */
const admitDocument = () => {
  const id = new TextEncoder().encode('trial-admit');
  const command = [0x8a, 0x03, 2, 0x08, 1];
  window.__socket.send(new Uint8Array([0x1a, id.length, ...id, 0x5a, command.length, ...command]));
};

/** drawn: the page stands on the canvas with ink on it. */
const drawn = (page) => {
  const canvas = document.querySelector('[data-testid="exhibit-shown"] [data-testid="exhibit-page"]');
  if (!canvas || canvas.dataset.page !== String(page)) return false;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 0 && data[i] < 64) return true;
  return false;
};

async function pressed(b, far, page) {
  await b.waitFor();
  const began = performance.now();
  await b.click();
  await until(far, `page ${page} stands before the party`, drawn, page, 30_000);
  return (performance.now() - began) / 1000;
}

export async function turnPages({ near, far }, { pdf }) {
  const dialog = far.getByRole('dialog').or(far.getByRole('alertdialog'));
  await button(far, 'Đưa tài liệu').click();
  await dialog.getByLabel('Tệp tài liệu').setInputFiles(pdf);
  await dialog.getByLabel('Tên tài liệu (để ghi vào biên bản)').fill('Hợp đồng mua bán');
  await button(dialog, 'Đề nghị công bố').click();
  await dialog.waitFor({ state: 'detached' });
  await near.evaluate(admitDocument);
  await far.getByRole('button', { name: /^Tài liệu \(1\)$/ }).click();
  const first = await pressed(button(dialog, 'Trình chiếu tài liệu'), far, 1);
  const turns = [];
  for (let page = 2; page <= 6; page++)
    turns.push(await pressed(button(near, 'Trang sau'), far, page));
  return { first, turns };
}
