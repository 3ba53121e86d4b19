// Publishes each line of its input with quality of service 2, all of them at once, until each is done with.

import { text } from "node:stream/consumers";

import mqtt from "mqtt";

const { CLIENT_SCHEME, CLIENT_PORT, CLIENT_USER, CLIENT_PASSWORD, CLIENT_TOPIC, CLIENT_VERSION } = process.env;
const lines = (await text(process.stdin)).split("\n").filter((line) => line !== "");
const protocolVersion = Number(CLIENT_VERSION);
const client = mqtt.connect(`${CLIENT_SCHEME ?? "mqtt"}://127.0.0.1:${CLIENT_PORT}/mqtt`, {
  clientId: `mqtt-js-${protocolVersion}`,
  username: CLIENT_USER,
  password: CLIENT_PASSWORD,
  clean: false,
  protocolVersion,
  reconnectPeriod: 200,
  ...(protocolVersion === 5 ? { properties: { sessionExpiryInterval: 3600 } } : {}),
});
client.on("error", (error) => console.error(error.message));
await Promise.all(lines.map((line) => client.publishAsync(CLIENT_TOPIC, line, { qos: 2 })));
await client.endAsync();
console.log(`${lines.length} done`);
