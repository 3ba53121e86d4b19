// Runs every query of its input as the user it is told, with ClickHouse's own client for JavaScript.
//
// Input: a JSON array of { title, sql }. Output: a JSON array of { title, rows } or { title, error }.

import { text } from "node:stream/consumers";

import { createClient } from "@clickhouse/client";

const queries = JSON.parse(await text(process.stdin));
const client = createClient({
  url: process.env.CLIENT_URL,
  username: process.env.CLIENT_USER,
  password: process.env.CLIENT_PASSWORD,
  database: process.env.CLIENT_DATABASE,
});

const answers = [];
for (const { title, sql } of queries) {
  try {
    const answer = await client.query({ query: sql, format: "JSONEachRow" });
    answers.push({ title, rows: await answer.json() });
  } catch (error) {
    answers.push({ title, error: String(error) });
  }
}
await client.close();
console.log(JSON.stringify(answers));
