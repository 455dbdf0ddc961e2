// SPDX-License-Identifier: Apache-2.0
// The dashboard on the admin address: what it tells, and that what clients send is text to it.
import assert from 'node:assert/strict';
import { BASE, inspect, visitor, withBrowser } from './browser.mjs';

const { GATEWARDEN_SUBJECT: subject, GATEWARDEN_EVIL: evil, GATEWARDEN_ID: id } = process.env;

await withBrowser(async (browser) => {
  const page = await visitor(browser);
  const foreign = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(BASE) && !request.url().startsWith('data:')) foreign.push(request.url());
  });
  await page.goto('/');
  await page.locator('#state', { hasText: 'ready' }).waitFor();
  assert.equal(await page.title(), 'Gatewarden');
  const text = (selector) => page.locator(selector).innerText();

  // What was refused before, by reason; the service and its state.
  await page.locator('#refusal-bars .bar', { hasText: 'token_missing' }).waitFor();
  assert.match(await text('#upstream-table'), /legacy[\s\S]*http:\/\/127\.0\.0\.1:\d+[\s\S]*up/);
  assert.match(await text('#issuer-table'), /self/);
  assert.match(await text('#own-keys'), /Own keys: \S+/);
  // Two rounds later there are rates, and lines in the plots.
  await page.locator('#rate-plot polyline').first().waitFor({ state: 'attached' });
  assert.match(await text('#tiles'), /Requests a second\s+[\d.]+/);

  // Routes, and those with a word in them.
  assert.match(await text('#route-table'), /open[\s\S]*open to everybody/);
  assert.match(await text('#route-table'), /clerks[\s\S]*role clerk/);
  await page.getByLabel('Only those with').fill('clerk');
  await page.locator('#route-count', { hasText: /^1 of 3/ }).waitFor();
  assert.doesNotMatch(await text('#route-table'), /open to everybody/);
  await page.getByLabel('Only those with').fill('');

  // The sessions of an account; of nobody there are none.
  await page.getByLabel('Subject').fill(subject);
  await page.getByRole('button', { name: 'Show' }).click();
  await page.locator('#session-table td', { hasText: 'users' }).first().waitFor();
  await page.getByLabel('Subject').fill('users:nobody');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.locator('#session-table', { hasText: 'This account has no sessions.' }).waitFor();
  await page.getByLabel('Subject').fill(subject);
  await page.getByRole('button', { name: 'Show' }).click();

  // Decisions: by an id, by what was refused, and none.
  const search = page.getByRole('button', { name: 'Search' });
  await page.getByLabel('Request id').fill(id);
  await search.click();
  await page.locator('#decision-table tbody tr').first().waitFor();
  assert.equal(await page.locator('#decision-table tbody tr').count(), 1);
  assert.match(await text('#decision-table'), /forbidden[\s\S]*role/);
  await page.getByLabel('Request id').fill('of-no-request');
  await search.click();
  await page.locator('#decision-table', { hasText: 'none of the last' }).waitFor();
  await page.getByLabel('Request id').fill('');
  await page.getByLabel('Path begins with').fill(evil);
  await search.click();
  await page.locator('#decision-table code', { hasText: evil }).first().waitFor();
  assert.equal(await page.locator('#decision-table img').count(), 0, 'what a client sent is text');
  assert.equal(await page.evaluate(() => globalThis.taken), undefined);
  await page.getByLabel('Path begins with').fill('');
  await page.getByLabel('Decision', { exact: true }).selectOption('refused');
  await page.getByLabel('Status').fill('4xx');
  await search.click();
  await page.locator('#decision-table', { hasText: 'token_missing' }).waitFor();
  assert.doesNotMatch(await text('#decision-table'), /passed/);

  assert.match(await text('#config-text'), /"client_secret": "\(hidden\)"/);
  assert.doesNotMatch(await text('body'), /the-secret-of-the-client/);
  await inspect(page, 'dashboard');
  assert.deepEqual(foreign, [], 'nothing is asked of anybody else');
});
