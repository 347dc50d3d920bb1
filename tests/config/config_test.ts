import { assertEquals, assertThrows } from "@std/assert";
import { Config, ConfigError, MaxmemoryPolicy } from "../../src/config/config.ts";
import { LogLevel } from "../../src/log.ts";
import { CommandError } from "../../src/resp/errors.ts";

function failure(config: Config, ...pairs: [string, string][]): string {
  return assertThrows(() => config.set(pairs), CommandError).message;
}

Deno.test("Config answers the defaults as text and as values", () => {
  const config = new Config();
  assertEquals(config.get("bind"), "* -::*");
  assertEquals(config.values.bind, ["*", "-::*"]);
  assertEquals(config.get("MAXMEMORY-POLICY"), "noeviction");
  assertEquals(config.values.maxmemoryPolicy, MaxmemoryPolicy.Noeviction);
  assertEquals(config.get("latency-tracking-info-percentiles"), "50 99 99.9");
  assertEquals(
    config.get("client-output-buffer-limit"),
    "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
  );
  assertEquals(config.get("dir"), Deno.cwd());
  assertEquals(config.get("nothing"), undefined);
});

Deno.test("Config.match answers a name as it was asked, and each directive once", () => {
  const config = new Config();
  assertEquals([...config.match(["PORT", "p?rt", "port"])], [["PORT", "6379"]]);
  assertEquals([...config.match(["p?RT", "PORT"])], [["port", "6379"]]);
  assertEquals([...config.match(["lfu-*", "hz"]).keys()], [
    "lfu-log-factor",
    "lfu-decay-time",
    "hz",
  ]);
});

Deno.test("CONFIG SET changes the value and the text", () => {
  const config = new Config();
  config.set([["maxmemory", "1GB"], ["loglevel", "DEBUG"], ["hz", "1000"], ["timeout", "7"]]);
  assertEquals(config.values.maxmemoryBytes, 2 ** 30);
  assertEquals(config.get("maxmemory"), "1073741824");
  assertEquals(config.values.loglevel, LogLevel.Debug);
  assertEquals(config.get("hz"), "500");
  assertEquals(config.values.timeoutSeconds, 7);
});

Deno.test("CONFIG SET keeps the text of numbers that no double holds", () => {
  const config = new Config();
  config.set([["slowlog-log-slower-than", "9223372036854775807"]]);
  assertEquals(config.get("slowlog-log-slower-than"), "9223372036854775807");
  assertEquals(config.values.slowlogLogSlowerThanUs, 2 ** 63);
  config.set([["maxmemory", "99999999999999999999999gb"]]);
  assertEquals(config.get("maxmemory"), "18446744072635809792");
});

Deno.test("CONFIG SET splits a list at every space", () => {
  const config = new Config();
  config.set([["bind", "127.0.0.1 -::1"]]);
  assertEquals(config.values.bind, ["127.0.0.1", "-::1"]);
  config.set([["bind", ""]]);
  assertEquals(config.values.bind, []);
  config.set([["client-output-buffer-limit", "REPLICA 1kb 2 3"]]);
  assertEquals(config.values.clientOutputBufferLimits.replica, {
    hardBytes: 1024,
    softBytes: 2,
    softSeconds: 3,
  });
  assertEquals(
    failure(config, ["client-output-buffer-limit", "normal 1  2 3"]),
    "ERR CONFIG SET failed (possibly related to argument 'client-output-buffer-limit') - " +
      "Wrong number of arguments in buffer limit configuration.",
  );
});

Deno.test("CONFIG SET says why a value is refused, as Redis does", () => {
  const reasons: [name: string, value: string, reason: string][] = [
    ["HZ", "x", "hz') - argument couldn't be parsed into an integer"],
    ["hz", " 10", "hz') - argument couldn't be parsed into an integer"],
    ["hz", "+10", "hz') - argument couldn't be parsed into an integer"],
    ["hz", "-1", "hz') - argument must be between 0 and 2147483647 inclusive"],
    ["maxclients", "0", "maxclients') - argument must be between 1 and 4294967295 inclusive"],
    [
      "slowlog-max-len",
      "-1",
      "slowlog-max-len') - argument must be between 0 and 9223372036854775807 inclusive",
    ],
    [
      "slowlog-max-len",
      "9223372036854775808",
      "slowlog-max-len') - argument couldn't be parsed into an integer",
    ],
    ["maxmemory", "1.5gb", "maxmemory') - argument must be a memory value"],
    ["protected-mode", "1", "protected-mode') - argument must be 'yes' or 'no'"],
    [
      "loglevel",
      "x",
      "loglevel') - argument(s) must be one of the following: debug, verbose, notice, warning, nothing",
    ],
    ["bind", "a ".repeat(17).trim(), "bind') - Too many bind addresses specified."],
    ["save", "x", "save') - Invalid save parameters"],
    ["save", "0 1", "save') - Invalid save parameters"],
    ["save", "10", "save') - Invalid save parameters"],
    ["save", "10 -1", "save') - Invalid save parameters"],
    ["DAEMONIZE", "x", "DAEMONIZE') - can't set immutable config"],
  ];
  const config = new Config();
  for (const [name, value, reason] of reasons) {
    assertEquals(
      failure(config, [name, value]),
      `ERR CONFIG SET failed (possibly related to argument '${reason}`,
    );
  }
});

Deno.test("CONFIG SET sets all or none", () => {
  const config = new Config();
  failure(config, ["hz", "50"], ["maxmemory", "x"]);
  assertEquals(config.get("hz"), "10");
  assertEquals(
    failure(config, ["hz", "11"], ["HZ", "12"]),
    "ERR CONFIG SET failed (possibly related to argument 'HZ') - duplicate parameter",
  );
  assertEquals(
    failure(config, ["daemonize", "no"], ["nothing", "1"]),
    "ERR CONFIG SET failed (possibly related to argument 'daemonize') - can't set immutable config",
  );
  assertEquals(
    failure(config, ["hz", "1"], ["nothing", "1"], ["other", "2"]),
    "ERR Unknown option or number of arguments for CONFIG SET - 'nothing'",
  );
});

Deno.test("CONFIG SET is undone when somebody can't act on it", () => {
  const config = new Config();
  const seen: string[] = [];
  config.onChange(["hz"], () => seen.push(`hz ${config.values.hz}`));
  config.onChange(["port", "bind"], () => {
    seen.push(`port ${config.values.port}`);
    if (config.values.port === 22) throw new ConfigError("Unable to listen on this port.");
  });
  config.onChange(["timeoutSeconds"], () => seen.push("timeout"));
  config.set([["hz", "10"]]);
  assertEquals(seen, []);
  assertEquals(
    failure(config, ["timeout", "1"], ["hz", "20"], ["port", "22"]),
    "ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port.",
  );
  assertEquals(seen, ["hz 20", "port 22", "hz 10", "port 6379"]);
  assertEquals([...config.match(["timeout", "hz", "port"]).values()], ["0", "10", "6379"]);
});

Deno.test("dir is a protected directive that must exist", async () => {
  const folder = await Deno.makeTempDir();
  const config = new Config();
  assertEquals(
    assertThrows(() => config.set([["dir", folder]], false), CommandError).message,
    "ERR CONFIG SET failed (possibly related to argument 'dir') - can't set protected config",
  );
  config.set([["dir", folder]]);
  assertEquals(config.values.dir, folder);
  assertEquals(
    failure(config, ["dir", "nowhere"]),
    "ERR CONFIG SET failed (possibly related to argument 'dir') - No such file or directory",
  );
  await Deno.remove(folder);
});

Deno.test("A password that is not text is refused", () => {
  const config = new Config();
  const garbled = new TextDecoder().decode(new Uint8Array([0xff, 0xfe]));
  failure(config, ["requirepass", garbled]);
  assertEquals(config.values.requirepass, "");
});

Deno.test("Lines of a file add save points up, CONFIG SET replaces them all", () => {
  const config = new Config();
  assertEquals(config.get("save"), "3600 1 300 100 60 10000");
  config.load("save", ["10", "1"]);
  config.load("save", ["20", "2", "30", "0"]);
  assertEquals(config.get("save"), "10 1 20 2 30 0");
  config.set([["save", "5 6"]]);
  assertEquals(config.get("save"), "5 6");
  config.load("save", [""]);
  assertEquals(config.get("save"), "");
  config.load("save", ["7", "8"]);
  assertEquals(config.get("save"), "7 8");
});
