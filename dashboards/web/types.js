// What the page knows of the server's JSON, made of the description that is checked in and tested: `src/api.ts`.

import { readFileSync, writeFileSync } from "node:fs";
import { compile } from "json-schema-to-typescript";

const described = JSON.parse(readFileSync(new URL("../openapi.json", import.meta.url), "utf8"));
const definitions = JSON.parse(
  JSON.stringify(described.components.schemas).replaceAll("#/components/schemas/", "#/definitions/"),
);

const made = await compile({ type: "object", additionalProperties: false, definitions }, "Nothing", {
  unreachableDefinitions: true,
  additionalProperties: false,
  bannerComment: "// Made by `npm run types` of ../../openapi.json: change that instead.",
  style: { printWidth: 120 },
});

writeFileSync(
  new URL("src/api.ts", import.meta.url),
  made
    // Where each came from is the same for all of them, and the root is there for them alone.
    .replaceAll(/\n \*\n \* This interface was referenced by [^\n]*\n \* via the [^\n]*/g, "")
    .replaceAll(/\/\*\*\n \* This interface was referenced by [^\n]*\n \* via the [^\n]*\n \*\/\n/g, "")
    .replace("export interface Nothing {}\n", ""),
);
