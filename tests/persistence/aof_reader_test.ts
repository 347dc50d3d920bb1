import { assertEquals } from "@std/assert";
import { AofRead, AofReader } from "../../src/persistence/aof_reader.ts";
import { SimulatedStorage } from "../support/simulated_storage.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function command(...words: string[]): string {
  return `*${words.length}\r\n` + words.map((word) => `$${word.length}\r\n${word}\r\n`).join("");
}

/** The commands of a file, and what ended the reading, where. */
function readAll(text: string): { commands: string[][]; end: AofRead; offset: number } {
  const storage = new SimulatedStorage();
  storage.put("/log", encoder.encode(text));
  const reader = new AofReader(storage.open("/log"));
  const commands: string[][] = [];
  for (;;) {
    const found = reader.next();
    if (found !== AofRead.Command) return { commands, end: found, offset: reader.offset };
    const { args } = reader;
    commands.push(Array.from({ length: args.count }, (_, i) => decoder.decode(args.bytes(i))));
  }
}

Deno.test("commands are read one after the other, annotations between them are not", () => {
  const text = command("SET", "a", "1") + "#TS:1795783000\r\n" + command("DEL", "a") + "#x\r\n";
  assertEquals(readAll(text), {
    commands: [["SET", "a", "1"], ["DEL", "a"]],
    end: AofRead.End,
    offset: text.length,
  });
});

Deno.test("a file cut at any byte is read up to its last whole command", () => {
  const texts = [
    command("SET", "a", "1"),
    command("RPUSH", "l", "", "x".repeat(300)),
    command("x"),
  ];
  const whole = texts.join("");
  const ends = texts.map((_, i) => texts.slice(0, i + 1).join("").length);
  for (let cut = 0; cut < whole.length; cut++) {
    const { commands, end, offset } = readAll(whole.slice(0, cut));
    const complete = ends.filter((at) => at <= cut).length;
    assertEquals(commands.length, complete);
    assertEquals(offset, ends[complete - 1] ?? 0);
    assertEquals(end, offset === cut ? AofRead.End : AofRead.Truncated);
  }
});

Deno.test("arguments longer than the window, and many commands, move the buffer", () => {
  const long = "y".repeat(3_000_000);
  const many = Array.from({ length: 50_000 }, (_, i) => ["SET", `key:${i}`, "some value"]);
  const commands = [...many, ["SET", "long", long], ...many];
  const found = readAll(commands.map((words) => command(...words)).join(""));
  assertEquals(found.end, AofRead.End);
  assertEquals(found.commands.length, commands.length);
  assertEquals(found.commands[50_000], ["SET", "long", long]);
  assertEquals(found.commands.at(-1), many.at(-1));
});

const malformed = [
  "PING\r\n",
  "*0\r\n",
  "*-1\r\n",
  "*1\n$4\nPING\n",
  "*x\r\n",
  "*1\r\n:1\r\n",
  "*1\r\n$-1\r\n",
  "*1\r\n$4\r\nPINGxx",
  "*1\r\n$99999999999\r\n",
  "*99999999999\r\n",
  "\0\0\0\0",
  "*" + "1".repeat(2000) + "\r\n",
];

for (const text of malformed) {
  Deno.test(`no command: ${JSON.stringify(text.slice(0, 30))}`, () => {
    const before = command("SET", "a", "1");
    const { commands, end, offset } = readAll(before + text);
    assertEquals([commands.length, end, offset], [1, AofRead.Malformed, before.length]);
  });
}

Deno.test("an announced length takes no memory that the file doesn't have", () => {
  assertEquals(readAll("*2\r\n$3\r\nGET\r\n$536870912\r\nx").end, AofRead.Truncated);
  assertEquals(readAll("*2147483647\r\n$3\r\nGET\r\n").end, AofRead.Truncated);
});

Deno.test("a line has 1,023 bytes at most", () => {
  const annotation = (length: number) => `#${"x".repeat(length - 3)}\r\n`;
  assertEquals(readAll(annotation(1023)).end, AofRead.End);
  assertEquals(readAll(annotation(1024)).end, AofRead.Malformed);
});
