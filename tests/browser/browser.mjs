// SPDX-License-Identifier: Apache-2.0
// A Chromium for the tests, and what every scenario wants of a page: no fault that axe finds, nothing that the
// policy of the page forbids, a screenshot.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';

export const BASE = process.env.GATEWARDEN_URL;
export const PASSWORD = 'a-long-enough-password';
const OUT = process.env.GATEWARDEN_SCREENSHOTS;
const TIMEOUT = 15000 * Number(process.env.GATEWARDEN_TEST_SLOWNESS ?? 1);

export async function withBrowser(use) {
  const home = mkdtempSync(join(tmpdir(), 'gatewarden-chromium-'));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking',
           '--disable-dev-shm-usage', '--disable-component-update'],
    env: { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home },
  });
  try {
    await use(browser);
  } finally {
    await browser.close();
    rmSync(home, { recursive: true, force: true });
  }
}

// A visitor with cookies of its own. Everything that a page is refused by its policy fails the test.
export async function visitor(browser, options = {}) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB', baseURL: BASE, ...options });
  context.setDefaultTimeout(TIMEOUT);
  const page = await context.newPage();
  page.faults = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && /Content Security Policy|Refused/.test(message.text()))
      page.faults.push(message.text());
  });
  page.on('pageerror', (error) => page.faults.push(String(error)));
  return page;
}

export const LIGHT = { colorScheme: 'light' };
export const DARK = { colorScheme: 'dark' };
export const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
export const NO_SCRIPT = { javaScriptEnabled: false };

export async function shoot(page, name) {
  await page.screenshot({ path: join(OUT, `${name}.png`), fullPage: true });
}

// The page as it is, for those who see, hear or type it: in the light and in the dark, on a desk and on a phone.
export async function inspect(page, name) {
  const desk = page.viewportSize();
  for (const look of [LIGHT, DARK]) {
    await page.emulateMedia(look);
    const axe = new AxeBuilder({ page });
    if (look === DARK) axe.withRules(['color-contrast', 'link-in-text-block']);  // the rest is the same
    const found = await axe.analyze();
    assert.deepEqual(found.violations.map((fault) => `${fault.id}: ${fault.nodes.map((node) => node.html)}`), [], name);
    await shoot(page, `${name}-${look.colorScheme}`);
    await page.setViewportSize(PHONE.viewport);
    await shoot(page, `${name}-${look.colorScheme}-phone`);
    const [wanted, there] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(wanted <= there, `${name}: nothing sticks out at the side`);
    await page.setViewportSize(desk);
  }
  await page.emulateMedia(LIGHT);
  assert.deepEqual(page.faults, [], name);
}

export const path = (page) => page.url().slice(BASE.length);
export const heading = (page) => page.locator('h1').innerText();
export const alert = (page) => page.getByRole('alert').innerText();
