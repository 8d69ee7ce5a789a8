import { chromium } from "@playwright/test";
const PORT = process.env.PORT ?? "8231";
const roles = (process.argv[2] ?? "judge,clerk,counsel,party,officer,witness,public").split(",");
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const pages = {};
for (const r of roles) {
  const c = await browser.newContext({ viewport: { width: 1280, height: 720 }, locale: "vi-VN" });
  c.setDefaultTimeout(8000);
  const p = await c.newPage();
  p.on("console", (m) => { if (m.type() === "error") console.log(r, m.text().slice(0, 200)); });
  p.on("pageerror", (e) => console.log(r, "PAGEERROR", String(e).slice(0, 300)));
  await p.goto(`http://localhost:${PORT}/`);
  const [pop] = await Promise.all([c.waitForEvent("page"), p.locator(`form:has(input[value=${r}]) button`).first().click()]);
  await pop.waitForLoadState();
  await p.close();
  pages[r] = pop;
  await pop.waitForTimeout(800);
  await pop.screenshot({ path: `/tmp/try/shots/00-${r}.png` });
  console.log(r, pop.url(), (await pop.locator("button").allInnerTexts()).join(" | "));
}

const btn = (p, n) => p.getByRole("button", { name: n });
const log = async (tag) => { for (const r of roles) console.log(tag, r, "::", (await pages[r].locator("h1,h2").allInnerTexts()).join(" / ").slice(0,120), "||", (await pages[r].locator("button").allInnerTexts()).map((x)=>x.replace(/\n/g," ")).join(" | ").slice(0,400)); };
const shots = async (tag) => { for (const r of roles) await pages[r].screenshot({ path: `/tmp/try/shots/${tag}-${r}.png` }); };
for (const r of roles) {
  const p = pages[r];
  if (await btn(p, "Bắt đầu kiểm tra").count()) {
    await btn(p, "Bắt đầu kiểm tra").click();
    await p.waitForTimeout(700);
    const skip = p.getByRole("button", { name: /không|Không/ });
    console.log(r, await p.locator("button").allInnerTexts());
    if (await skip.count()) await skip.first().click();
  }
  await p.waitForTimeout(400);
  const cb = p.getByText(/Tôi cam kết không ghi âm/);
  if (await cb.count()) { await cb.click(); await btn(p, "Xác nhận có mặt").click(); }
  await p.waitForTimeout(500);
}
await log("checked in"); await shots("01");
await browser.close();
