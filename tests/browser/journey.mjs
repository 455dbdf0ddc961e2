// SPDX-License-Identifier: Apache-2.0
// alice, who has an account, and newcomers, who make one: with a mouse, by keyboard alone, on a phone, in the
// dark, in German, without scripts.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { LIGHT, NO_SCRIPT, PASSWORD, PHONE, alert, heading, inspect, path, shoot, visitor, withBrowser } from './browser.mjs';

async function signIn(page, password = PASSWORD) {
  await page.getByLabel('User name or e-mail address').fill('alice');
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

async function everyPageIsFitForEverybody(browser) {
  const page = await visitor(browser);
  await page.goto('/login');
  await inspect(page, 'login');
  await signIn(page, 'not-the-password');
  assert.match(await alert(page), /wrong/);
  assert.match(await page.title(), /^Error: Sign in/);
  assert.equal(await page.getByLabel('User name or e-mail address').inputValue(), 'alice');
  assert.equal(await page.getByLabel('Password').inputValue(), '');
  await inspect(page, 'login-wrong');
  await page.goto('/register');
  await inspect(page, 'register');
  await page.getByLabel('Full name').fill('Eve');
  await page.getByLabel('E-mail address').fill('no address');
  await page.getByLabel('Password').fill('short');
  await page.getByRole('button', { name: 'Create account' }).click();
  assert.equal(await page.locator('[aria-invalid=true]').count(), 2);
  await inspect(page, 'register-problems');
  await page.goto('/login');
  await signIn(page);
  await page.goto('/sessions');
  await inspect(page, 'sessions');
  await page.context().close();
}

async function aVisitEndsWhereItWantedToGo(browser) {
  const page = await visitor(browser, LIGHT);
  await page.goto('/orders?page=2');
  assert.equal(path(page), '/login?next=/orders%3Fpage%3D2');
  await signIn(page, 'not-the-password');
  await signIn(page);
  assert.equal(path(page), '/orders?page=2');
  assert.match(await page.locator('body').innerText(), /alice@example.com/);
  await page.goto('/login?next=/elsewhere');
  assert.equal(path(page), '/elsewhere', 'who is signed in is sent on');
  // The access cookie runs out: the session goes on.
  const jar = page.context();
  await jar.clearCookies({ name: '__Host-gatewarden' });
  await page.goto('/orders');
  assert.equal(path(page), '/orders');
  assert.equal((await jar.cookies()).length, 2);
  assert.equal(await page.evaluate(() => document.cookie), '', 'no script sees a token');
  await page.context().close();
}

async function sessionsEndFromAnotherBrowser(browser) {
  const [desk, phone] = [await visitor(browser, LIGHT), await visitor(browser, { ...PHONE, userAgent:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1' })];
  for (const page of [desk, phone]) {
    await page.goto('/login');
    await signIn(page);
  }
  await desk.goto('/sessions');
  await desk.getByRole('button', { name: /^End: Safari, iPhone/ }).click();
  assert.equal(path(desk), '/sessions?done=ended');
  assert.match(await desk.getByRole('status').innerText(), /ended/);
  await phone.goto('/orders');
  assert.equal(await heading(phone), 'Your session has ended');
  await shoot(phone, 'session-over-phone');
  await phone.getByRole('link', { name: 'Sign in' }).click();
  assert.equal(path(phone), '/login?next=/orders');
  await signIn(phone);
  assert.equal(path(phone), '/orders');
  await desk.goto('/sessions');
  await desk.getByRole('button', { name: 'Sign out everywhere' }).click();
  assert.equal(path(desk), '/login?done=signed_out');
  await shoot(desk, 'signed-out');
  await phone.goto('/orders');
  assert.equal(await heading(phone), 'Your session has ended');
  await desk.context().close();
  await phone.context().close();
}

async function withoutScriptsInGerman(browser) {
  const page = await visitor(browser, { ...NO_SCRIPT, locale: 'de-DE', ...LIGHT });
  await page.goto('/register?next=/orders');
  assert.equal(await heading(page), 'Konto anlegen');
  await page.getByLabel('Vor- und Nachname').fill('Käthe Müller');
  await page.getByLabel('E-Mail-Adresse').fill('kaethe@example.com');
  await page.getByLabel('Passwort').fill('kurz');
  await page.getByRole('button', { name: 'Konto anlegen' }).click();
  assert.match(await page.locator('#password-problem').innerText(), /Mindestens 12 Zeichen/);
  assert.equal(await page.getByLabel('Vor- und Nachname').inputValue(), 'Käthe Müller');
  await shoot(page, 'register-german');
  await page.getByLabel('Passwort').fill(PASSWORD);
  await page.getByRole('button', { name: 'Konto anlegen' }).click();
  assert.equal(path(page), '/orders');
  await page.goto('/sessions');
  assert.equal(await heading(page), 'Ihre Sitzungen');
  await shoot(page, 'sessions-german');
  await page.getByRole('button', { name: 'Abmelden', exact: true }).click();
  assert.equal(path(page), '/login?done=signed_out');
  assert.equal((await page.context().cookies()).length, 0);
  await page.goto('/orders');
  assert.equal(path(page), '/login?next=/orders');
  await page.context().close();
}

async function byKeyboardAlone(browser) {
  const page = await visitor(browser, LIGHT);
  await page.goto('/login?next=/orders');
  await page.keyboard.type('alice');  // the first field has the focus
  await page.keyboard.press('Tab');
  await page.keyboard.type('not-the-password');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), 'password');
  await page.keyboard.type(PASSWORD);
  await shoot(page, 'login-focus');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  await page.waitForURL('**/orders');
  await page.context().close();
}

// The service that sends the messages: what it was told last.
async function messages() {
  const told = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => { body += piece; });
    request.on('end', () => {
      told.push(JSON.parse(body));
      response.writeHead(204).end();
    });
  });
  await new Promise((ready) => server.listen(Number(process.env.GATEWARDEN_HOOK_PORT), '127.0.0.1', ready));
  return { told, close: () => server.close() };
}

async function aForgottenPasswordIsReplacedByALink(browser) {
  const post = await messages();
  const page = await visitor(browser, LIGHT);
  await page.goto('/login');
  await page.getByRole('link', { name: 'Forgotten your password?' }).click();
  assert.equal(await heading(page), 'Reset your password');
  await inspect(page, 'reset');
  await page.getByLabel('E-mail address').fill('bob@example.com');
  await page.getByRole('button', { name: 'Send the link' }).click();
  assert.match(await page.getByRole('status').innerText(), /30 minutes/);
  await shoot(page, 'reset-sent');
  while (post.told.length === 0) await new Promise((again) => setTimeout(again, 50));
  const { to, link } = post.told[0];
  assert.equal(to, 'bob@example.com');
  await page.goto(new URL(link).pathname + new URL(link).search);
  assert.equal(await heading(page), 'Choose a new password');
  await inspect(page, 'new-password');
  await page.getByLabel('New password').fill('short');
  await page.getByRole('button', { name: 'Save the new password' }).click();
  assert.match(await page.locator('#password-problem').innerText(), /at least 12/);
  await page.getByLabel('New password').fill('correct horse battery staple');
  await page.getByRole('button', { name: 'Save the new password' }).click();
  assert.equal(path(page), '/login?done=reset');
  await page.goto(new URL(link).pathname + new URL(link).search);
  await page.getByLabel('New password').fill('and once more, please');
  await page.getByRole('button', { name: 'Save the new password' }).click();
  assert.match(await alert(page), /has been used or has expired/);
  await shoot(page, 'reset-used');
  await page.goto('/login');
  await page.getByLabel('User name or e-mail address').fill('bob');
  await page.getByLabel('Password').fill('correct horse battery staple');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL((url) => url.pathname !== '/login');
  await page.goto('/sessions');
  await page.getByRole('link', { name: 'Change your password' }).click();
  await inspect(page, 'password');
  await page.getByLabel('Current password').fill('wrong');
  await page.getByLabel('New password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Save the new password' }).click();
  assert.match(await page.locator('#current-problem').innerText(), /not your current password/);
  await page.getByLabel('Current password').fill('correct horse battery staple');
  await page.getByLabel('New password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Save the new password' }).click();
  assert.equal(path(page), '/sessions?done=password');
  await shoot(page, 'password-changed');
  await page.context().close();
  post.close();
}

await withBrowser(async (browser) => {
  await everyPageIsFitForEverybody(browser);
  await aVisitEndsWhereItWantedToGo(browser);
  await sessionsEndFromAnotherBrowser(browser);
  await withoutScriptsInGerman(browser);
  await byKeyboardAlone(browser);
  await aForgottenPasswordIsReplacedByALink(browser);
});
