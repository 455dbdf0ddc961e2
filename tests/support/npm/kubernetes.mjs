// SPDX-License-Identifier: Apache-2.0
// The schemas of Kubernetes as a command: a list of manifests on standard input gives, for each, what is wrong with it
// or null.
let text = '';
for await (const part of process.stdin) text += part;
const answers = [];
for (const manifest of JSON.parse(text)) {
  try {
    const kinds = await import(`kubernetes-models/${manifest.apiVersion}`);
    new kinds[manifest.kind](manifest).validate();
    answers.push(null);
  } catch (error) {
    answers.push(String(error.message ?? error));
  }
}
console.log(JSON.stringify(answers));
