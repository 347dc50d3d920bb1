/**
 * Random requests in random pieces: each reply must be the one that a model expects (a desynchronised
 * connection shows at once), and random garbage must harm nobody else.
 */
import { assertEquals } from "@std/assert";
import { ReplyParser } from "../../src/client/reply_parser.ts";
import { type Random, randomBelow } from "../../src/random.ts";
import type { Target } from "../support/player.ts";
import { testScale, withSeed } from "../support/property.ts";
import { startRedino } from "../support/redino_server.ts";
import { bytesOf as toBytes, WireConnection } from "../support/wire_connection.ts";

const requestsPerBatch = 200;

/** Bytes as text, one character each: what requests and replies are joined of here. */
const fromBytes = (bytes: Uint8Array) => {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
};

const bulk = (text: string | undefined) =>
  text === undefined ? "$-1\r\n" : `$${text.length}\r\n${text}\r\n`;
const multibulk = (...words: string[]) => `*${words.length}\r\n${words.map(bulk).join("")}`;

/** Knows what the server must answer, by the simplest means. */
class Model {
  readonly #values = new Map<string, string>();
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A random request and the reply to it. */
  next(): [request: string, reply: string] {
    const key = "key" + this.#below(50);
    const kind = this.#below(14);
    if (kind < 4) return this.#write(key);
    switch (kind) {
      case 4:
      case 5:
      case 6:
        return [multibulk("GET", key), bulk(this.#values.get(key))];
      case 7:
        return [multibulk("del", key), this.#values.delete(key) ? ":1\r\n" : ":0\r\n"];
      case 8:
        return [multibulk("STRLEN", key), `:${this.#values.get(key)?.length ?? 0}\r\n`];
      case 9: {
        const message = this.#bytes();
        return [multibulk("ECHO", message), bulk(message)];
      }
      case 10: {
        const keys = Array.from({ length: 1 + this.#below(20) }, () => "key" + this.#below(50));
        const values = keys.map((each) => bulk(this.#values.get(each)));
        return [multibulk("MGET", ...keys), `*${keys.length}\r\n${values.join("")}`];
      }
      case 11:
        return this.#inline(key);
      case 12:
        return [["*0\r\n", "\r\n", "*-1\r\n", " \n"][this.#below(4)], ""];
    }
    return this.#mistake();
  }

  #write(key: string): [string, string] {
    const value = this.#bytes();
    if (this.#below(4) === 0) {
      const longer = (this.#values.get(key) ?? "") + value;
      if (longer.length > 100_000) return ["PING\r\n", "+PONG\r\n"];
      this.#values.set(key, longer);
      return [multibulk("APPEND", key, value), `:${longer.length}\r\n`];
    }
    this.#values.set(key, value);
    return [multibulk("SET", key, value), "+OK\r\n"];
  }

  #inline(key: string): [string, string] {
    const end = this.#below(2) === 0 ? "\r\n" : "\n";
    if (this.#below(2) === 0) return [`GET "${key}"${end}`, bulk(this.#values.get(key))];
    return [`  ECHO 'a  b'  ${end}`, bulk("a  b")];
  }

  #mistake(): [string, string] {
    if (this.#below(2) === 0) {
      return [multibulk("GET"), "-ERR wrong number of arguments for 'get' command\r\n"];
    }
    return [
      multibulk("nothing", "a"),
      "-ERR unknown command 'nothing', with args beginning with: 'a' \r\n",
    ];
  }

  #bytes(): string {
    const length = this.#below(10) === 0 ? this.#below(5_000) : this.#below(20);
    let text = "";
    // CR and LF are more likely than by chance
    for (let i = 0; i < length; i++) text += ["\r\n", "*", "$"][this.#below(40)] ?? this.#byte();
    return text;
  }

  #byte(): string {
    return String.fromCharCode(this.#below(256));
  }

  #below(bound: number): number {
    return randomBelow(this.#random, bound);
  }
}

async function withServer(test: (target: Target) => Promise<void>): Promise<void> {
  const target = await startRedino();
  try {
    await test(target);
  } finally {
    await target.stop();
  }
}

/** Writes in pieces that end anywhere. */
async function writeInPieces(connection: WireConnection, bytes: Uint8Array, random: Random) {
  for (let at = 0; at < bytes.length;) {
    const size = 1 + randomBelow(random, randomBelow(random, 4) === 0 ? 10 : 20_000);
    await connection.write(bytes.subarray(at, at + size));
    at += size;
  }
}

Deno.test("random requests in random pieces get the replies that a model expects", async () => {
  await withSeed((random) =>
    withServer(async ({ port }) => {
      const model = new Model(random);
      const connection = await WireConnection.open(port);
      const batches = 100 * testScale();
      for (let batch = 0; batch < batches; batch++) {
        let [requests, replies] = ["", ""];
        for (let i = 0; i < requestsPerBatch; i++) {
          const [request, reply] = model.next();
          requests += request;
          replies += reply;
        }
        const written = writeInPieces(connection, toBytes(requests), random);
        const got = fromBytes(await connection.readBytes(replies.length));
        await written;
        if (got !== replies) assertEquals(around(got, replies), around(replies, got));
      }
      connection.close();
    })
  );
});

/** The part of a text where it begins to differ from another. */
function around(text: string, other: string): string {
  let at = 0;
  while (at < text.length && text[at] === other[at]) at++;
  return `${at}: ${text.slice(Math.max(0, at - 100), at + 100)}`;
}

Deno.test("garbage is answered with replies or a closed connection, and harms nobody", async () => {
  await withSeed((random) =>
    withServer(async ({ port }) => {
      const model = new Model(random);
      const bystander = await WireConnection.open(port);
      for (let round = 0; round < 300 * testScale(); round++) {
        const connection = await WireConnection.open(port);
        const requests = Array.from({ length: 20 }, () => model.next()[0]).join("");
        await writeInPieces(connection, spoil(toBytes(requests), random), random);
        await connection.closeWrite().catch(() => {});
        assertOnlyReplies(await connection.readToEnd());
        connection.close();
        await bystander.write(toBytes("PING\r\n"));
        assertEquals(fromBytes(await bystander.readReply() ?? toBytes("closed")), "+PONG\r\n");
      }
      bystander.close();
    })
  );
});

/** Changes, removes or inserts a few bytes. */
function spoil(bytes: Uint8Array, random: Random): Uint8Array {
  const spoilt = [...bytes];
  for (let i = 1 + randomBelow(random, 5); i > 0; i--) {
    const at = randomBelow(random, spoilt.length);
    const kind = randomBelow(random, 3);
    if (kind === 0) spoilt[at] = randomBelow(random, 256);
    else if (kind === 1) spoilt.splice(at, 1 + randomBelow(random, 10));
    else {spoilt.splice(
        at,
        0,
        ..."*$\r\n9-\"'"[randomBelow(random, 8)].split("").map((c) => c.charCodeAt(0)),
      );}
  }
  return Uint8Array.from(spoilt);
}

function assertOnlyReplies(bytes: Uint8Array): void {
  const parser = new ReplyParser();
  parser.feed(bytes);
  while (parser.next() !== undefined);
  assertEquals(parser.consumedBytes, bytes.length, "the last reply is cut short");
}
