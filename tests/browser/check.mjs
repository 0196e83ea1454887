// Do the pages hold in a real browser? At desktop and phone width, light and dark, the story in Italian too: no console
// error, nothing asked of another host, no overflow, no violation that axe-core finds serious, and the folded overrides
// opened.
//
//   npm install --prefix FOLDER playwright-core axe-core
//   NODE_PATH=FOLDER/node_modules node check.mjs http://127.0.0.1:8080 [SHOTS]
//
// with the demo running, or the planet of tests/it/pages.rs (see there), whose story has five languages, one of them
// right to left; CHROMIUM=/usr/bin/chromium.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

// `import` does not heed NODE_PATH, `require` does.
const require = createRequire(import.meta.url);
const { chromium } = require('playwright-core');

const [base, shots] = process.argv.slice(2);
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const quiet = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: quiet });
const index = await (await fetch(base)).text();
// The story with the most versions says the most.
const stories = [...index.matchAll(/(\/story\/[0-9a-f-]+)">(\d*)/g)].sort((a, b) => Number(b[2]) - Number(a[2]));
const pages = [['index', '/'], ['found', '/?q=a&lang=en'], ['none', '/?q=no+title+has+this'], ['sources', '/sources'], ['nothing', '/nowhere/at-all']];
if (!stories.length) throw new Error('no story is listed on /');
pages.push(['story', stories[0][1]], ['storia', stories[0][1], 'it-IT']);
// Feeds are opened in browsers too.
pages.push(['feed', '/main.atom'], ['rss', '/main.rss']);
let bad = 0;
for (const [name, path, locale = 'en-GB'] of pages)
  for (const [device, width, height] of [['desktop', 1280, 1000], ['phone', 390, 844]])
    for (const colorScheme of ['light', 'dark']) {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme, locale });
      const page = await context.newPage();
      const faults = [];
      const expected = (text) => name === 'nothing' && text.includes('404');
      page.on('console', (m) => { if (['error', 'warning'].includes(m.type()) && !expected(m.text())) faults.push(m.text()); });
      page.on('pageerror', (error) => faults.push(String(error)));
      page.on('request', (r) => { if (!r.url().startsWith(base) && !r.url().startsWith('data:')) faults.push(`asks for ${r.url()}`); });
      await page.goto(base + path, { waitUntil: 'load' });
      await page.evaluate(() => globalThis.document.querySelectorAll('details').forEach((d) => { d.open = true; }));
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (over > 0) faults.push(`${over} pixels too wide`);
      // Of a story, down to the end of the first reasons.
      const end = await page.evaluate(() => globalThis.document.querySelector('.why')?.getBoundingClientRect().bottom);
      const whole = end ? { fullPage: true, clip: { x: 0, y: 0, width, height: end + 8 } } : {};
      if (shots) await page.screenshot({ path: `${shots}/${name}-${device}-${colorScheme}.png`, ...whole });
      // axe is put into the page by the test, past the page's own policy: in another context, so that this one has it.
      const past = await browser.newContext({ viewport: { width, height }, colorScheme, locale, bypassCSP: true });
      const looked = await past.newPage();
      await looked.goto(base + path, { waitUntil: 'load' });
      const isFeed = await looked.evaluate(() => globalThis.document.contentType !== 'text/html');
      if (isFeed) {
        const shown = await page.evaluate(() => getComputedStyle(document.documentElement, '::before').content
          + getComputedStyle(document.documentElement.querySelector('channel') ?? document.documentElement, '::before').content);
        if (!shown.includes('This is a feed')) faults.push(`the stylesheet of the feed is not in force: ${shown}`);
      } else {
        await looked.evaluate(() => globalThis.document.querySelectorAll('details').forEach((d) => { d.open = true; }));
        await looked.evaluate(axe);
      }
      const { violations } = isFeed ? { violations: [] } : await looked.evaluate(() => globalThis.axe.run());
      await past.close();
      for (const v of violations.filter((v) => ['serious', 'critical'].includes(v.impact))) faults.push(`axe: ${v.id}: ${v.nodes[0].html}`);
      console.log(`${faults.length ? 'BAD' : 'ok '} ${name} ${device} ${colorScheme}`, ...faults);
      bad += faults.length;
      await context.close();
    }
await browser.close();
process.exit(bad ? 1 : 0);
