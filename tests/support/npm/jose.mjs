// SPDX-License-Identifier: Apache-2.0
// npm's jose as a command: {"sign": [{alg, jwk, header, claims}], "verify": [{alg, jwk, token, audience}]} on
// standard input gives {"signed": [token], "verified": [claims or null]}.
import { compactVerify, importJWK, jwtVerify, SignJWT } from 'jose';

let text = '';
for await (const part of process.stdin) text += part;
const { sign = [], verify = [] } = JSON.parse(text);
const signed = [];
for (const { alg, jwk, header, claims } of sign) {
  const key = await importJWK(jwk, alg);
  signed.push(await new SignJWT(claims).setProtectedHeader({ ...header, alg }).sign(key));
}
const verified = [];
for (const { alg, jwk, token } of verify) {
  const key = await importJWK(jwk, alg);
  try {
    await compactVerify(token, key, { algorithms: [alg] });
    verified.push((await jwtVerify(token, key, { algorithms: [alg] })).payload);
  } catch (error) {
    verified.push(null);
  }
}
console.log(JSON.stringify({ signed, verified }));
