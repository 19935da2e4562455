// Calls of the JSON API.

import { say } from "./words.js";

// A line that was lost says nothing, for good. Files may take as long as they need.
const PATIENCE_MS = 60_000;

/** An answer that says no, as `call` throws it. `said` is for people, in the language of the page. */
export class Refusal extends Error {
  /** @param {number} status HTTP's; 0 where there was no answer at all. */
  constructor(message, status, said = message) {
    super(message);
    this.status = status;
    this.said = said;
  }
}

/** What an error of the API says in the language of the page, beside `name`. */
export function inWords(error, name) {
  if (error.code === 401) return say("You are signed out. Sign in in another tab, then try again.");
  const key = `fault:${error.details?.[0]?.reason}`;
  const said = say(key);
  return said === key ? withoutName(error.message, name) : said.replace("{message}", () => `\u2068${error.message}\u2069`);
}

/** The JSON of the answer to `method` on `url`, or its picture; null without. Throws Refusal. */
export async function call(method, url, body, headers = {}) {
  const answer = await ask(method, url, body, headers);
  if (answer.headers.get("Content-Type")?.startsWith("image/")) return answer.blob();
  return answer.json().catch(() => null);
}

/** The JSON of what is at `url`, and its tag for `If-Match`. Throws Refusal. */
export async function seen(url) {
  const answer = await ask("GET", url);
  return [await answer.json(), answer.headers.get("ETag")];
}

async function ask(method, url, body, headers = {}) {
  const asItIs = body instanceof FormData || !body;
  let answer;
  try {
    answer = await fetch(url, {
      method,
      headers: asItIs ? headers : { "Content-Type": "application/json", ...headers },
      body: asItIs ? body : JSON.stringify(body),
      signal: body instanceof FormData ? undefined : AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    throw new Refusal(say("Khana can’t be reached. Try again."), 0);
  }
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => null);
  // Without JSON it is the word of a proxy, often an empty one.
  const error = told?.error ?? { code: answer.status, message: say("Khana can’t be reached. Try again.") };
  throw new Refusal(error.message, answer.status, inWords(error));
}

/** A sentence of Khana's without the name at its start, where that is shown beside it. */
export function withoutName(message, name) {
  const rest = message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message;
  return rest[0].toUpperCase() + rest.slice(1);
}
