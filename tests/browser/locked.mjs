// SPDX-License-Identifier: Apache-2.0
// Too many wrong passwords: the page says how long to wait, to the owner of the right one, too.
import assert from 'node:assert/strict';
import { LIGHT, PASSWORD, alert, shoot, visitor, withBrowser } from './browser.mjs';

await withBrowser(async (browser) => {
  const page = await visitor(browser, LIGHT);
  await page.goto('/login');
  for (const password of ['wrong-1', 'wrong-2', 'wrong-3', PASSWORD]) {
    await page.getByLabel('User name or e-mail address').fill('alice');
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
  }
  assert.match(await alert(page), /Too many attempts\. Please wait 15 minutes/);
  await shoot(page, 'locked');
});
