// Opens dashboards in a real Grafana, as a user with a browser. It prints what is wrong, a
// line each: panels with an error or without data, links that lead nowhere.
//
// usage: node look.mjs GRAFANA SCREENSHOTS UID...
import { mkdirSync } from 'node:fs';
import puppeteer from 'puppeteer-core';

const [grafana, screenshots, ...boards] = process.argv.slice(2);
const problems = [];
mkdirSync(screenshots, { recursive: true });

const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
  // High enough for every panel to be in sight, as those that are not ask for nothing.
  defaultViewport: { width: 1600, height: 2600 },
});

// panels returns the title of each panel with what it shows, once the page is at rest.
async function panels(page) {
  await page.waitForSelector('[data-testid^="data-testid Panel header"]', { timeout: 60000 });
  await page.waitForNetworkIdle({ idleTime: 1500, timeout: 60000 });
  return page.evaluate(() => [...document.querySelectorAll('[data-testid^="data-testid Panel header"]')].map((panel) => ({
    title: panel.dataset.testid.replace('data-testid Panel header ', ''),
    text: panel.innerText,
    failed: panel.querySelector('[data-testid="data-testid Panel status error"], [aria-label="Panel status"]') !== null,
  })));
}

async function look(uid) {
  const page = await browser.newPage();
  page.on('pageerror', (error) => problems.push(`${uid}: ${error.message}`));
  page.on('response', (response) => {
    if (response.status() >= 400) {
      problems.push(`${uid}: ${response.url()} is answered with ${response.status()}`);
    }
  });
  await page.goto(`${grafana}/d/${uid}?from=now-10m&to=now&kiosk`, { waitUntil: 'load' });
  const found = await panels(page);
  await page.screenshot({ path: `${screenshots}/${uid}.png` });
  for (const { title, text, failed } of found) {
    if (failed) {
      problems.push(`${uid}, ${title}: shows an error`);
    } else if (/\bNo data\b/.test(text)) {
      problems.push(`${uid}, ${title}: has no data`);
    }
  }
  console.log(`${uid}: ${found.length} panels`);
  return page;
}

// clickThrough opens the stack trace that the first row of a table leads to.
async function clickThrough(page, uid) {
  const link = await page.waitForSelector('a[href*="/trace/"]', { timeout: 10000 });
  const text = await link.evaluate((a) => a.innerText);
  const opened = new Promise((resolve) => browser.once('targetcreated', resolve));
  await link.click();
  const trace = await (await opened).page();
  await trace.waitForSelector('h1', { timeout: 10000 });
  const shown = await trace.evaluate(() => document.body.innerText);
  await trace.screenshot({ path: `${screenshots}/${uid}-trace.png` });
  if (!/\/trace\/[0-9a-f]{16}$/.test(trace.url()) || !shown.includes(text.replace(/…$/, '').slice(0, 20))) {
    problems.push(`${uid}: the link ${text} leads to ${trace.url()}`);
  }
  console.log(`${uid}: clicked ${text}, which leads to ${trace.url()}`);
}

for (const uid of boards) {
  const page = await look(uid);
  if (uid !== 'periskop-exporter') {
    await clickThrough(page, uid);
  }
  await page.close();
}
await browser.close();
problems.forEach((problem) => console.log(problem));
process.exit(problems.length > 0 ? 1 : 0);
