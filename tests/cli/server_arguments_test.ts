import { assertEquals } from "@std/assert";
import { parseServerArguments } from "../../src/cli/server_arguments.ts";

function start(file: string | null, readsStdin: boolean, options: string | undefined): unknown {
  return { kind: "start", file, readsStdin, options };
}

Deno.test("No argument at all means no options", () => {
  assertEquals(parseServerArguments([]), start(null, false, undefined));
});

Deno.test("--version, --help and the tests count in the first place only", () => {
  assertEquals(parseServerArguments(["-v"]), { kind: "version" });
  assertEquals(parseServerArguments(["--version"]), { kind: "version" });
  assertEquals(parseServerArguments(["-h"]), { kind: "help" });
  assertEquals(parseServerArguments(["--help"]), { kind: "help" });
  assertEquals(parseServerArguments(["--test-memory", "10"]), { kind: "testMemory" });
  assertEquals(parseServerArguments(["--check-system"]), { kind: "checkSystem" });
  assertEquals(
    parseServerArguments(["--port", "1", "--version"]),
    start(null, false, 'port "1" \nversion '),
  );
});

Deno.test("A first argument without dashes is the file", () => {
  assertEquals(
    parseServerArguments(["my.conf", "--port", "1", "2", "--hz", "5"]),
    start("my.conf", false, 'port "1" "2" \nhz "5" '),
  );
  assertEquals(parseServerArguments(["my.conf"]), start("my.conf", false, ""));
});

Deno.test("- reads standard input when it comes first or last", () => {
  assertEquals(parseServerArguments(["-"]), start(null, true, ""));
  assertEquals(parseServerArguments(["my.conf", "-"]), start("my.conf", true, ""));
  assertEquals(parseServerArguments(["--port", "1", "-"]), start(null, true, 'port "1" '));
  assertEquals(
    parseServerArguments(["--bind", "-", "--port", "1"]),
    start(null, false, 'bind "-" \nport "1" '),
  );
});

Deno.test("The word behind a name is its value even if it begins with dashes", () => {
  assertEquals(
    parseServerArguments(["--requirepass", "--secret", "--port", "1"]),
    start(null, false, 'requirepass "--secret" \nport "1" '),
  );
});

Deno.test("Name and value may be one word", () => {
  assertEquals(
    parseServerArguments(["--port 1", "--hz", "5"]),
    start(null, false, 'port 1 \nhz "5" '),
  );
});

Deno.test("--save without a value is an empty list", () => {
  assertEquals(
    parseServerArguments(["--save", "--port", "1"]),
    start(null, false, 'save ""\nport "1" '),
  );
  assertEquals(parseServerArguments(["--save"]), start(null, false, 'save ""'));
  assertEquals(parseServerArguments(["--save", ""]), start(null, false, 'save "" '));
});

Deno.test("What is quoted is read back as it was", () => {
  assertEquals(
    parseServerArguments(["--requirepass", 'a "b" \\ é\n']),
    start(null, false, 'requirepass "a \\"b\\" \\\\ \\xc3\\xa9\\n" '),
  );
});
