import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ManualClock } from "../../src/clock.ts";
import { Listeners } from "../../src/net/listeners.ts";
import { keptLog, until } from "./support.ts";

const backlog = 16;

/** What the system says to an address that another machine has, and to one of a family it lacks. */
const failures: Record<string, Error> = {
  "192.0.2.77": Object.assign(
    new Deno.errors.AddrNotAvailable("Cannot assign requested address (os error 99)"),
    { code: "EADDRNOTAVAIL" },
  ),
  "fe80::77": Object.assign(new Error("unsupported"), { code: "EAFNOSUPPORT" }),
  "no-such-host.invalid": new Error("Name or service not known"),
};

function listen(options: Deno.TcpListenOptions): Deno.TcpListener {
  const failure = failures[options.hostname!];
  if (failure !== undefined) throw failure;
  return Deno.listen(options);
}

interface Given {
  listeners: Listeners;
  logged: string[];
  /** Whether somebody answers there: the listeners send a byte to each peer. */
  answers(hostname: string, port?: number): Promise<boolean>;
}

async function withListeners(test: (given: Given) => Promise<void>): Promise<void> {
  const clock = new ManualClock();
  const logged: string[] = [];
  const greet = async (socket: Deno.Conn) => {
    await socket.write(new Uint8Array(1));
    socket.close();
  };
  const listeners = new Listeners(greet, clock, keptLog(clock, logged), listen);
  try {
    await test({
      listeners,
      logged,
      answers: (hostname, port = listeners.port) => isAnswered(hostname, port),
    });
  } finally {
    await listeners.close();
  }
}

async function isAnswered(hostname: string, port: number): Promise<boolean> {
  let socket: Deno.TcpConn;
  try {
    socket = await Deno.connect({ hostname, port });
  } catch {
    return false;
  }
  try {
    return await socket.read(new Uint8Array(1)) === 1;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}

function hasIpv6(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

const withoutIpv6 = !hasIpv6();

Deno.test({
  name: "several addresses share one free port",
  ignore: withoutIpv6,
  fn: async () => {
    await withListeners(async ({ listeners, answers }) => {
      listeners.listenTcp(["127.0.0.1", "::1"], 0, backlog);
      assertEquals(await answers("127.0.0.1"), true);
      assertEquals(await answers("::1"), true);
    });
  },
});

Deno.test("an address that this machine does not have is done without if it is optional", async () => {
  await withListeners(async ({ listeners, answers, logged }) => {
    listeners.listenTcp(["-192.0.2.77", "127.0.0.1"], 0, backlog);
    assertEquals(await answers("127.0.0.1"), true);
    assertEquals(logged, [
      "# Warning: Could not create server TCP listening socket 192.0.2.77:0: " +
      "Cannot assign requested address",
    ]);
  });
});

Deno.test("an address of a family that this machine does not have is done without", async () => {
  await withListeners(async ({ listeners, answers }) => {
    listeners.listenTcp(["fe80::77", "127.0.0.1"], 0, backlog);
    assertEquals(await answers("127.0.0.1"), true);
  });
});

Deno.test("where one address can't be had, none is listened on", async () => {
  await withListeners(async ({ listeners, answers, logged }) => {
    const binds = [
      ["127.0.0.1", "192.0.2.77"],
      ["127.0.0.1", "-no-such-host.invalid"],
      ["127.0.0.1", "127.0.0.1"],
    ];
    for (const bind of binds) {
      assertThrows(() => listeners.listenTcp(bind, 0, backlog), Error);
      assertEquals([listeners.port, listeners.any], [0, false]);
    }
    const occupied = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = occupied.addr;
    for (const bind of [["127.0.0.1"], ["-127.0.0.1"], ["*"]]) {
      assertThrows(() => listeners.listenTcp(bind, port, backlog), Deno.errors.AddrInUse);
    }
    assertMatch(
      logged.at(-1)!,
      new RegExp(`^# Warning: Could not create .* socket \\*:${port}: [^()]+$`),
    );
    occupied.close();
    assertEquals(await answers("127.0.0.1", port), false);
  });
});

Deno.test("a new port takes the place of the old one", async () => {
  await withListeners(async ({ listeners, answers }) => {
    listeners.listenTcp(["127.0.0.1"], 0, backlog);
    const before = listeners.port;
    listeners.listenTcp(["127.0.0.1"], 0, backlog);
    assertEquals(await answers("127.0.0.1"), true);
    await until(async () => !await answers("127.0.0.1", before));
  });
});

Deno.test("what can't be had leaves the old addresses as they are", async () => {
  await withListeners(async ({ listeners, answers }) => {
    listeners.listenTcp(["127.0.0.1"], 0, backlog);
    const { port } = listeners;
    for (const bind of [["192.0.2.77"], ["*", "192.0.2.77"], ["127.0.0.1", "192.0.2.77"]]) {
      assertThrows(() => listeners.listenTcp(bind, port, backlog), Error);
      assertEquals(listeners.port, port);
      assertEquals(await answers("127.0.0.1"), true);
    }
  });
});

Deno.test("addresses on the same port are exchanged though one is in the other", async () => {
  await withListeners(async ({ listeners, answers }) => {
    listeners.listenTcp(["127.0.0.1"], 0, backlog);
    const { port } = listeners;
    for (const bind of [["*"], ["localhost"], ["*"], ["127.0.0.1"]]) {
      listeners.listenTcp(bind, port, backlog);
      assertEquals(listeners.port, port);
      await until(() => answers("127.0.0.1"));
    }
  });
});

Deno.test({
  name: "of exchanges in quick succession the last one counts",
  ignore: withoutIpv6,
  fn: async () => {
    await withListeners(async ({ listeners, answers }) => {
      listeners.listenTcp(["*"], 0, backlog);
      const { port } = listeners;
      listeners.listenTcp(["127.0.0.1"], port, backlog);
      listeners.listenTcp(["*"], port, backlog);
      listeners.listenTcp(["::1"], port, backlog);
      await until(() => answers("::1"));
      assertEquals(await answers("127.0.0.1"), false);
    });
  },
});

Deno.test("no address is no TCP", async () => {
  await withListeners(async ({ listeners, answers }) => {
    listeners.listenTcp(["127.0.0.1"], 0, backlog);
    const { port } = listeners;
    listeners.listenTcp([], port, backlog);
    assertEquals([listeners.port, listeners.any], [0, false]);
    await until(async () => !await answers("127.0.0.1", port));
  });
});

Deno.test({
  name: "* and ::* are every address of both families",
  ignore: withoutIpv6,
  fn: async () => {
    for (const bind of [["*", "-::*"], ["::*", "*"], ["0.0.0.0", "::"]]) {
      await withListeners(async ({ listeners, answers, logged }) => {
        listeners.listenTcp(bind, 0, backlog);
        assertEquals(await answers("127.0.0.1"), true);
        assertEquals(await answers("::1"), true);
        listeners.listenTcp(["::1"], listeners.port, backlog);
        await until(() => answers("::1"));
        assertEquals(await answers("127.0.0.1"), false);
        listeners.listenTcp(bind, listeners.port, backlog);
        await until(() => answers("127.0.0.1"));
        assertEquals(await answers("::1"), true);
        assertEquals(logged, []);
      });
    }
  },
});

Deno.test({
  name: "::* without * is IPv6 only",
  ignore: withoutIpv6,
  fn: async () => {
    await withListeners(async ({ listeners, answers }) => {
      listeners.listenTcp(["::*"], 0, backlog);
      assertEquals(await answers("::1"), true);
      assertEquals(await answers("127.0.0.1"), false);
      listeners.listenTcp(["::*", "*"], listeners.port, backlog);
      assertEquals(await answers("127.0.0.1"), true);
    });
  },
});

Deno.test("what was listened on is free at once for others", async () => {
  await withListeners(async ({ listeners }) => {
    listeners.listenTcp(["127.0.0.1"], 0, backlog);
    const { port } = listeners;
    await listeners.close();
    Deno.listen({ hostname: "127.0.0.1", port }).close();
  });
});
