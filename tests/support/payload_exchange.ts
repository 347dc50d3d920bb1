/**
 * Gives Redis, which is to check them in full, and redino the same broken payloads for RESTORE. Both must
 * refuse one, or make the same value of it; what redino alone refuses must be of a kind that
 * `tests/differences.md` names.
 */
import { RdbType } from "../../src/persistence/rdb_format.ts";
import { RdbError, RdbInput } from "../../src/persistence/rdb_input.ts";
import { ValueReader } from "../../src/persistence/value_reader.ts";
import { randomBelow, SeededRandom } from "../../src/random.ts";
import { Slice } from "../../src/values/slice.ts";
import { newKeyspace } from "../keyspace/support.ts";
import { mutate, readPayloadValues } from "../persistence/payload_corpus.ts";
import { RdbBuilder } from "../persistence/rdb_builder.ts";
import { dumpForm } from "./dump_form.ts";
import { escapeBytes } from "./escape.ts";
import { startRedino } from "./redino_server.ts";
import { startReferenceServer } from "./reference_server.ts";
import { areBytesEqual, latin1, parse } from "./reply_rules.ts";
import { type Replies, WirePair } from "./wire_pair.ts";

/** Payloads that are sent together. */
const batchLength = 100;

/** What is asked of a key that RESTORE has made, and what frees it for the next. */
const questions = [
  ["OBJECT", "ENCODING", "key"],
  ["DEBUG", "DIGEST-VALUE", "key"],
  ["XINFO", "STREAM", "key", "FULL", "COUNT", "0"],
  ["DUMP", "key"],
  ["DEL", "key"],
];
const commandsEach = questions.length + 1;

/** Why redino alone may refuse a payload. */
const stricter = [
  /^an unexpected end$/,
  /^a string where a length should be$/,
  /^a string that is compressed badly$/,
  /^\d+ elements where \d+ bytes are left$/,
  /^a score that is no number$/,
  /^a sorted set is a broken (listpack|ziplist)$/,
  /^a stream (has a broken node|of \d+ entries that are \d+|has an entry behind its last)$/,
  /^two consumers have a pending entry$/,
  /^a time of -?\d+ ms$/,
  /^a field of a hash goes at -?\d+$/,
];

/** Redis makes room for as many elements as a payload claims; beyond so many that takes it minutes. */
const elementsClaimedMax = 1_000_000;

/** Sends `count` payloads; yields what is made of them differently. */
export async function* exchangePayloads(count: number, seed: number): AsyncGenerator<string> {
  const random = new SeededRandom(seed);
  const corpus = readPayloadValues();
  const draw = () => corpus[randomBelow(random, corpus.length)];
  const check = new PayloadCheck();
  const checksInFull = ["--sanitize-dump-payload", "yes"];
  const reference = await startReferenceServer(checksInFull);
  const redino = await startRedino(checksInFull);
  const wires = await WirePair.open(reference, redino);
  try {
    // fields whose time has come go when each server gets to that
    await wires.exchange([["DEBUG", "SET-ACTIVE-EXPIRE", "0"]]);
    for (let sent = 0; sent < count; sent += batchLength) {
      const values = Array.from({ length: batchLength }, () => mutate(draw(), draw(), random))
        .filter((value) => check.elementsClaimed(payloadOf(value)) <= elementsClaimedMax);
      const replies = await wires.exchange(values.flatMap(commandsFor));
      for (const [i, value] of values.entries()) {
        const difference = check.findDifference(
          value,
          replies.slice(i * commandsEach, (i + 1) * commandsEach),
        );
        if (difference !== null) yield `${difference}: ${escapeBytes(value)}`;
      }
    }
  } finally {
    wires.close();
    await Promise.all([reference.stop(), redino.stop()]);
  }
}

function commandsFor(value: Uint8Array): string[][] {
  return [["RESTORE", "key", "0", latin1(payloadOf(value))], ...questions];
}

function payloadOf(value: Uint8Array): Uint8Array {
  return new RdbBuilder().raw(value).fixed(12, 2).checksum().take();
}

class PayloadCheck {
  readonly #input = new RdbInput();
  readonly #reader = new ValueReader(this.#input, newKeyspace());
  readonly #key = new Slice();

  /** What differs between the replies of both, to RESTORE of a value and to the questions behind it. */
  findDifference(value: Uint8Array, replies: Replies[]): string | null {
    const [restored, ...answers] = replies;
    if (replies.some(([a, b]) => a === undefined || b === undefined)) return "somebody has ended";
    const [isTaken, isTakenHere] = restored.map((reply) => reply![0] === 0x2b);
    if (isTaken && !isTakenHere) {
      const reason = this.#refusal(value);
      return stricter.some((known) => known.test(reason)) ? null : `only Redis takes (${reason})`;
    }
    if (!isTaken && isTakenHere) return "only redino takes";
    const different = answers.findIndex(([a, b], i) =>
      !areBytesEqual(a!, b!) && !(questions[i][0] === "DUMP" && areDumpsAlike(a!, b!))
    );
    return different < 0 ? null : `${questions[different].join(" ")} differs of`;
  }

  /**
   * How many elements a payload says it has that it can't have, 0 where that is not what is wrong with it:
   * to Redis, which reads on behind the value.
   */
  elementsClaimed(payload: Uint8Array): number {
    return Number(/^(\d+) elements where/.exec(this.#refusal(payload))?.[1] ?? 0);
  }

  /** Why redino refuses a value; nothing if it does not. */
  #refusal(value: Uint8Array): string {
    this.#input.openBytes(value, 0, value.length);
    try {
      this.#reader.read(this.#input.byte(), this.#key);
      this.#reader.abandon();
      return "";
    } catch (error) {
      if (error instanceof RdbError) return error.reason;
      throw error;
    }
  }
}

/** Lists are compared by their digests: elements that are alone in a node are so in other forms. */
function areDumpsAlike(a: Uint8Array, b: Uint8Array): boolean {
  const [x, y] = [parse(a), parse(b)];
  if (x.kind !== "bulk" || y.kind !== "bulk") return false;
  return isList(x.bytes) && isList(y.bytes) || dumpForm(x.bytes) === dumpForm(y.bytes);
}

function isList([type]: Uint8Array): boolean {
  return type === RdbType.LIST_QUICKLIST_2;
}
