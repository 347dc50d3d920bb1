import { assertEquals, assertThrows } from "@std/assert";
import { Config } from "../../src/config/config.ts";
import { ConfigFileError, loadConfig } from "../../src/config/loader.ts";

/** Runs `test` with a temporary folder that holds `files`. */
function withFiles(
  files: Record<string, string>,
  test: (folder: string, config: Config) => void,
): void {
  const folder = Deno.realPathSync(Deno.makeTempDirSync());
  try {
    for (const [name, text] of Object.entries(files)) {
      if (name.includes("/")) {
        Deno.mkdirSync(`${folder}/${name.split("/")[0]}`, { recursive: true });
      }
      Deno.writeTextFileSync(`${folder}/${name}`, text);
    }
    test(folder, new Config(folder));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function refusal(options: string, config = new Config()): string {
  return assertThrows(() => loadConfig(config, { options }), ConfigFileError).message;
}

const fatal = "\n*** FATAL CONFIG FILE ERROR (Redis 8.0.2) ***\n";

Deno.test("A file is read with comments, quotes, escapes and any case", () => {
  const file = [
    "# a comment",
    "",
    "\t PORT 7001 \r",
    'requirepass "a \\"b\\" \\x41"',
    "logfile ''",
    "bind 127.0.0.1   ::1",
    "maxmemory 100mb",
    "client-output-buffer-limit normal 1 2 3",
    "client-output-buffer-limit pubsub 4 5 6",
  ].join("\n");
  withFiles({ "redis.conf": file }, (folder, config) => {
    loadConfig(config, { file: "redis.conf" });
    assertEquals(config.file, `${folder}/redis.conf`);
    assertEquals(config.values.port, 7001);
    assertEquals(config.values.requirepass, 'a "b" A');
    assertEquals(config.values.bind, ["127.0.0.1", "::1"]);
    assertEquals(config.values.maxmemoryBytes, 100 * 1024 * 1024);
    assertEquals(
      config.get("client-output-buffer-limit"),
      "normal 1 2 3 slave 268435456 67108864 60 pubsub 4 5 6",
    );
  });
});

Deno.test("Later sources overrule earlier ones", () => {
  withFiles({ "redis.conf": "port 1\nhz 1\ntimeout 1\n" }, (_, config) => {
    loadConfig(config, { file: "redis.conf", stdin: "hz 2\ntimeout 2\n", options: "timeout 3" });
    assertEquals([...config.match(["port", "hz", "timeout"]).values()], ["1", "2", "3"]);
  });
});

Deno.test("include reads files in place, sorted where wildcards name them", () => {
  const files = {
    "redis.conf": "hz 1\ninclude conf.d/*.conf\ninclude other.conf\ninclude none-*/x\n",
    "other.conf": "maxmemory-samples 9",
    "conf.d/b.conf": "hz 3",
    "conf.d/a.conf": "hz 2\ntimeout 5",
    "conf.d/.hidden.conf": "hz 99",
    "conf.d/c.txt": "hz 98",
  };
  withFiles(files, (_, config) => {
    loadConfig(config, { file: "redis.conf" });
    assertEquals(
      [...config.match(["hz", "timeout", "maxmemory-samples"]).values()],
      ["3", "5", "9"],
    );
  });
});

Deno.test("A file that includes itself is refused", () => {
  withFiles({ "redis.conf": "include redis.conf" }, (_, config) => {
    const { message } = assertThrows(
      () => loadConfig(config, { file: "redis.conf" }),
      ConfigFileError,
    );
    assertEquals(message.split("\n").at(-1), "Too many nested includes");
  });
});

Deno.test("A missing file is named", () => {
  withFiles({ "redis.conf": "include nowhere.conf" }, (folder, config) => {
    for (const [file, missing] of [["gone.conf", "gone.conf"], ["redis.conf", "nowhere.conf"]]) {
      assertThrows(
        () => loadConfig(config, { file }),
        ConfigFileError,
        `Fatal error, can't open config file '${folder}/${missing}': No such file or directory`,
      );
    }
  });
});

Deno.test("A line that is refused is shown with its number, as Redis does", () => {
  const lines: [options: string, shown: string][] = [
    ["port", ">>> 'port'\nwrong number of arguments"],
    ['port "x"', ">>> 'port \"x\"'\nargument couldn't be parsed into an integer"],
    ['port "1" "2" ', '>>> \'port "1" "2"\'\nwrong number of arguments'],
    ['"unbal', ">>> '\"unbal'\nUnbalanced quotes in configuration line"],
    ["-x", ">>> '-x'\nBad directive or wrong number of arguments"],
    ["dir /nonexist", ">>> 'dir /nonexist'\nNo such file or directory"],
    ['save "1"', ">>> 'save \"1\"'\nInvalid save parameters"],
    ["dbfilename a/b", ">>> 'dbfilename a/b'\ndbfilename can't be a path, just a filename"],
    ["appenddirname a/b", ">>> 'appenddirname a/b'\nappenddirname can't be a path, just a dirname"],
    ['appendfilename ""', ">>> 'appendfilename \"\"'\nappendfilename can't be empty"],
    [
      "client-output-buffer-limit normal 1",
      ">>> 'client-output-buffer-limit normal 1'\n" +
      "Wrong number of arguments in buffer limit configuration.",
    ],
  ];
  for (const [options, shown] of lines) {
    assertEquals(
      refusal(options),
      `${fatal}Reading the configuration file, at line 2\n${shown}`,
    );
  }
});

Deno.test("The lines that benchmarks and tests pass are accepted", () => {
  const config = new Config();
  loadConfig(config, { options: 'save ""\nappendonly "no"\nbind "127.0.0.1 ::1"\ndaemonize no' });
  assertEquals(config.values.bind, ["127.0.0.1", "::1"]);
  assertEquals(refusal("daemonize yes").includes("running as a daemon isn't available"), true);
});

Deno.test("A log file that can't be written is refused", () => {
  assertEquals(
    refusal("logfile /nonexist/x"),
    `${fatal}Can't open the log file: No such file or directory`,
  );
});
