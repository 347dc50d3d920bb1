import { assertEquals, assertThrows } from "@std/assert";
import { type Reply, ReplyParser, ReplyProtocolError } from "../../src/client/reply_parser.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const bulk = (text: string): Reply => ({ kind: "bulk", bytes: encode(text) });
const integer = (value: number | bigint): Reply => ({ kind: "integer", value });

const replies: [wire: string, reply: Reply][] = [
  ["+OK\r\n", { kind: "simple", text: "OK" }],
  ["+\r\n", { kind: "simple", text: "" }],
  ["-ERR no\r\n", { kind: "error", text: "ERR no" }],
  ["!7\r\nERR \r\nx\r\n", { kind: "error", text: "ERR \r\nx" }],
  [":0\r\n", integer(0)],
  [":-12\r\n", integer(-12)],
  [":9007199254740991\r\n", integer(9007199254740991)],
  [":9223372036854775807\r\n", integer(9223372036854775807n)],
  [":-9223372036854775808\r\n", integer(-9223372036854775808n)],
  ["$0\r\n\r\n", bulk("")],
  ["$5\r\na\r\nbc\r\n", bulk("a\r\nbc")],
  ["$-1\r\n", { kind: "null" }],
  ["*-1\r\n", { kind: "null" }],
  ["_\r\n", { kind: "null" }],
  ["=7\r\ntxt:abc\r\n", { kind: "verbatim", format: "txt", bytes: encode("abc") }],
  [",1.5\r\n", { kind: "double", value: 1.5 }],
  [",10\r\n", { kind: "double", value: 10 }],
  [",-inf\r\n", { kind: "double", value: -Infinity }],
  [",nan\r\n", { kind: "double", value: NaN }],
  ["#t\r\n", { kind: "bool", value: true }],
  ["#f\r\n", { kind: "bool", value: false }],
  ["(1234567999999999999999\r\n", { kind: "bignum", value: 1234567999999999999999n }],
  ["*0\r\n", { kind: "array", items: [] }],
  ["*2\r\n*1\r\n:1\r\n*0\r\n", {
    kind: "array",
    items: [{ kind: "array", items: [integer(1)] }, { kind: "array", items: [] }],
  }],
  ["~2\r\n:1\r\n$1\r\na\r\n", { kind: "set", items: [integer(1), bulk("a")] }],
  [">2\r\n+message\r\n:1\r\n", {
    kind: "push",
    items: [{ kind: "simple", text: "message" }, integer(1)],
  }],
  ["%2\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n*1\r\n_\r\n", {
    kind: "map",
    entries: [[bulk("a"), integer(1)], [bulk("b"), { kind: "array", items: [{ kind: "null" }] }]],
  }],
  ["%0\r\n", { kind: "map", entries: [] }],
  ["|1\r\n+ttl\r\n:10\r\n$1\r\na\r\n", {
    kind: "attribute",
    entries: [[{ kind: "simple", text: "ttl" }, integer(10)]],
    of: bulk("a"),
  }],
];

Deno.test("ReplyParser reads every kind of reply", () => {
  for (const [wire, reply] of replies) {
    const parser = new ReplyParser();
    parser.feed(encode(wire));
    assertEquals(parser.next(), reply, wire);
    assertEquals(parser.consumedBytes, wire.length, wire);
    assertEquals(parser.next(), undefined);
  }
});

Deno.test("ReplyParser reads replies that are cut at any byte", () => {
  for (const [wire, reply] of replies) {
    const bytes = encode(wire + "+next\r\n");
    for (let cut = 1; cut < bytes.length; cut++) {
      const parser = new ReplyParser();
      parser.feed(bytes.subarray(0, cut));
      const early = parser.next();
      assertEquals(early === undefined, cut < wire.length, wire);
      parser.feed(bytes.subarray(cut));
      assertEquals(early ?? parser.next(), reply, wire);
      assertEquals(parser.consumedBytes, wire.length);
      assertEquals(parser.next(), { kind: "simple", text: "next" });
    }
  }
});

Deno.test("ReplyParser reads a long stream fed in pieces of any size", () => {
  const wire = replies.map(([wire]) => wire).join("").repeat(20);
  const bytes = encode(wire);
  for (const size of [1, 2, 3, 7, 64, 1000, bytes.length]) {
    const parser = new ReplyParser();
    const read: Reply[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      parser.feed(bytes.subarray(at, at + size));
      for (let reply = parser.next(); reply; reply = parser.next()) read.push(reply);
    }
    assertEquals(read.length, replies.length * 20);
    assertEquals(read.slice(-replies.length), replies.map(([, reply]) => reply));
  }
});

Deno.test("ReplyParser refuses what is no RESP", () => {
  const wires = [
    ..."hello\r\n|$abc\r\n|$-2\r\n|$1\r\nabc\r\n|*-2\r\n|:1.5\r\n|:\r\n|_x\r\n|#x\r\n|,abc\r\n|(1.5\r\n|\r\n"
      .split("|"),
    "%-1\r\n",
    "=-1\r\n",
    ":12345678901234567890\r\n",
    "+OK\n",
    "*1\r\n".repeat(1000),
    "+" + "a".repeat(70_000),
  ];
  for (const wire of wires) {
    const parser = new ReplyParser();
    parser.feed(encode(wire));
    assertThrows(() => parser.next(), ReplyProtocolError);
  }
});

Deno.test("ReplyParser allocates nothing for a length it is told", () => {
  const parser = new ReplyParser();
  parser.feed(encode("*9999999999\r\n$9999999999\r\n"));
  assertEquals(parser.next(), undefined);
});

Deno.test("ReplyParser.takeRest hands over what is no reply", () => {
  const parser = new ReplyParser();
  parser.feed(encode("+FULLRESYNC\r\n$3\r\nabc"));
  assertEquals(parser.next(), { kind: "simple", text: "FULLRESYNC" });
  assertEquals(parser.takeRest(), encode("$3\r\nabc"));
  assertEquals(parser.next(), undefined);
});
