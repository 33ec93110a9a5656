// One process, many strict clients: a line of JSON in is a request, a line out is its answer or news of a client.
//
// Request: {id, client, method, params}; answer: {id, result} or {id, error: {message, errcode, status}};
// news: {client, news, ...}. The process ends when its standard input does.
import { createInterface } from "node:readline";

import { StrictClient } from "./client.mjs";

const clients = new Map();

const write = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

async function answer({ client: number, method, params }) {
  if (method === "login") {
    const client = await StrictClient.login(params, (news) => write({ client: number, ...news }));
    clients.set(number, client);
    return client.introduction();
  }
  const client = clients.get(number);
  if (method === "stop") clients.delete(number);
  return client[method](params);
}

async function handle(request) {
  try {
    write({ id: request.id, result: (await answer(request)) ?? null });
  } catch (error) {
    console.error(request.method, error);
    write({
      id: request.id,
      error: {
        message: error.data?.error ?? error.message,
        errcode: error.errcode ?? null,
        status: error.httpStatus ?? null,
      },
    });
  }
}

// What the library does in the background may fail when the server or the client stops; that ends nobody else.
process.on("unhandledRejection", (error) => console.error("in the background:", error));

for await (const line of createInterface({ input: process.stdin })) void handle(JSON.parse(line));
process.exit(0);
