/**
 * Clients that wait for keys. GETDEL stands in for every blocking command here: where there is no string to
 * take, it waits for one, up to as many milliseconds as the last key's name says.
 */
import { assertEquals, assertMatch } from "@std/assert";
import type { CommandContext } from "../../src/command/context.ts";
import type { CommandSpec, Handler } from "../../src/command/spec.ts";
import { CommandError, errors } from "../../src/resp/errors.ts";
import { typeOf, ValueType } from "../../src/values/record.ts";
import { fieldsOf, read, run, type TestServer, until, withServer, write } from "../net/support.ts";

function take(context: CommandContext): void {
  const { args, database, reply } = context;
  const keyCount = args.count - 1;
  for (let i = 1; i <= keyCount; i++) {
    const record = database.lookupWrite(args.buffer, args.starts[i], args.ends[i]);
    if (record === 0) continue;
    if (typeOf(database.heap, record) !== ValueType.STRING) {
      throw new CommandError(errors.wrongType);
    }
    database.locateValue(record);
    reply.bulk(database.valueBuffer, database.valueStart, database.valueEnd);
    database.removeFound(record);
    context.changed(i);
    return;
  }
  const timeoutMs = Number(/^ms(\d+)$/.exec(args.string(keyCount))?.[1] ?? 0);
  const replyNothing = () => reply.nullArray();
  context.block({ firstKey: 1, keyCount, type: ValueType.STRING, timeoutMs, replyNothing });
}

/** As `withServer`, where GETDEL waits. */
async function withWaiting(
  test: (given: TestServer & { waiting: (count: number) => Promise<void> }) => Promise<void>,
): Promise<void> {
  await withServer(async (given) => {
    const { server } = given;
    const spec = server.commands.find("getdel") as {
      -readonly [K in keyof CommandSpec]: CommandSpec[K];
    };
    spec.handler = take as Handler;
    spec.arity = -2;
    const waiting = (count: number) => until(() => server.blocking.clientCount === count);
    await test({ ...given, waiting });
    await waiting(0);
    assertEquals([server.blocking.keyCount, server.blocking.timedCount], [0, 0]);
  });
}

Deno.test("who waits first is served first", async () => {
  await withWaiting(async ({ connect, waiting }) => {
    const replies: string[] = [];
    const clients = [await connect(), await connect(), await connect()];
    const served: Promise<unknown>[] = [];
    for (const [i, client] of clients.entries()) {
      served.push(run(client, "GETDEL k").then((reply) => replies.push(`${i}:${reply}`)));
      await waiting(i + 1);
    }
    const pusher = await connect();
    for (const value of ["a", "b", "c"]) {
      await run(pusher, `SET k ${value}`);
      assertEquals(await run(pusher, "EXISTS k"), "0");
    }
    await Promise.all(served);
    assertEquals(replies, ["0:a", "1:b", "2:c"]);
  });
});

Deno.test("requests behind one that waits are run in their order, and before later ones", async () => {
  await withWaiting(async ({ connect, open, server, waiting }) => {
    const socket = await open();
    const more = "x".repeat(20_000);
    await write(socket, `PING 1\r\nGETDEL k\r\nPING 2\r\nGETDEL l\r\nPING 3\r\n`);
    await waiting(1);
    await write(socket, `PING ${more}\r\nPING 4\r\n`);
    await until(() => [...server.clients][0].link.queryPendingBytes > 20_000);
    const pusher = await connect();
    await run(pusher, "SET k one");
    await waiting(1);
    await run(pusher, "SET l two");
    const replies = ["1", "one", "2", "two", "3", more, "4"].map((text) =>
      `$${text.length}\r\n${text}\r\n`
    );
    const expected = replies.join("");
    assertEquals(await read(socket, expected.length), expected);
  });
});

Deno.test("one that waits for several keys is served by whichever comes, and once", async () => {
  await withWaiting(async ({ connect, waiting, server }) => {
    const client = await connect();
    const pusher = await connect();
    const served = run(client, "GETDEL a b b c");
    await waiting(1);
    assertEquals(server.blocking.keyCount, 3);
    await run(pusher, "MSET c 1 b 2 a 3");
    assertEquals(await served, "3");
    assertEquals(await run(pusher, "EXISTS a b c"), "2");
  });
});

Deno.test("a timeout ends the wait, with nothing", async () => {
  await withWaiting(async ({ clock, connect, waiting, server }) => {
    const client = await connect();
    const served = run(client, "GETDEL ms100");
    await waiting(1);
    assertEquals(server.blocking.timedCount, 1);
    clock.advance(99);
    assertEquals(server.blocking.clientCount, 1);
    clock.advance(1);
    assertEquals(await served, "(null)");
    assertMatch(await run(client, "INFO commandstats"), /cmdstat_getdel:calls=1,usec=0,/);
  });
});

Deno.test("CLIENT UNBLOCK ends the wait, with nothing or an error", async () => {
  await withWaiting(async ({ connect, waiting }) => {
    const client = await connect();
    const admin = await connect();
    const unblock = async (line: string) => {
      const served = run(client, "GETDEL k");
      await waiting(1);
      assertEquals(await run(admin, line), "1");
      return await served;
    };
    assertEquals(await unblock("CLIENT UNBLOCK 1"), "(null)");
    assertEquals(await unblock("CLIENT UNBLOCK 1 timeout"), "(null)");
    assertEquals(
      await unblock("CLIENT UNBLOCK 1 error"),
      "UNBLOCKED client unblocked via CLIENT UNBLOCK",
    );
    assertEquals(await run(admin, "CLIENT UNBLOCK 1"), "0");
    assertEquals(await run(admin, "CLIENT UNBLOCK 99"), "0");
    assertMatch(await run(admin, "INFO commandstats"), /cmdstat_getdel:calls=3,.*failed_calls=1/);
  });
});

Deno.test("what is for a client that has gone is for the next", async () => {
  await withWaiting(async ({ connect, open, waiting }) => {
    const gone = await open();
    await write(gone, "GETDEL k\r\nSET side effect\r\n");
    await waiting(1);
    const client = await connect();
    const served = run(client, "GETDEL k");
    await waiting(2);
    gone.close();
    await waiting(1);
    const pusher = await connect();
    await run(pusher, "SET k v");
    assertEquals(await served, "v");
    assertEquals(await run(pusher, "EXISTS side"), "0");
  });
});

Deno.test("a client that is killed waits no more", async () => {
  await withWaiting(async ({ connect, waiting }) => {
    const client = await connect();
    const served = run(client, "GETDEL k").catch(() => "killed");
    await waiting(1);
    const admin = await connect();
    assertEquals(await run(admin, "CLIENT KILL ID 1"), "1");
    await waiting(0);
    assertEquals(await served, "killed");
    await run(admin, "SET k v");
    assertEquals(await run(admin, "GET k"), "v");
  });
});

Deno.test("a value of another type serves nobody", async () => {
  await withWaiting(async ({ connect, waiting }) => {
    const client = await connect();
    const pusher = await connect();
    const served = run(client, "GETDEL k");
    await waiting(1);
    await run(pusher, "SADD k member");
    await run(pusher, "PING");
    await waiting(1);
    await run(pusher, "SET k v");
    assertEquals(await served, "v");
  });
});

Deno.test("RENAME, COPY, MOVE and SWAPDB serve as well", async () => {
  await withWaiting(async ({ connect, waiting }) => {
    const client = await connect();
    const pusher = await connect();
    for (const line of ["RENAME s k", "COPY s k", "COPY s k DB 0 REPLACE"]) {
      const served = run(client, "GETDEL k");
      await waiting(1);
      await run(pusher, "SET s v");
      await run(pusher, line);
      assertEquals(await served, "v", line);
    }
    await run(pusher, "SELECT 1");
    for (const line of ["MOVE k 0", "SWAPDB 0 1"]) {
      const served = run(client, "GETDEL k");
      await waiting(1);
      await run(pusher, "SET k v");
      await run(pusher, "PING");
      await waiting(1);
      await run(pusher, line);
      assertEquals(await served, "v", line);
    }
  });
});

Deno.test("a transaction serves when it is over, and nobody waits in it", async () => {
  await withWaiting(async ({ connect, waiting }) => {
    const client = await connect();
    const pusher = await connect();
    const served = run(client, "GETDEL k");
    await waiting(1);
    for (const line of ["MULTI", "SET k first", "SET k last", "GETDEL nothing", "GET k"]) {
      await run(pusher, line);
    }
    assertEquals(await run(pusher, "EXEC"), "OK OK (null) last");
    assertEquals(await served, "last");
  });
});

Deno.test("a pause holds what would serve, and what comes behind", async () => {
  await withWaiting(async ({ connect, open, waiting, server }) => {
    const socket = await open();
    await write(socket, "GETDEL k\r\nPING\r\n");
    await waiting(1);
    const admin = await connect();
    for (const line of ["MULTI", "SET k v", "CLIENT PAUSE 100000 ALL", "EXEC"]) {
      await run(admin, line);
    }
    assertEquals(server.blocking.clientCount, 1);
    server.pause.end();
    assertEquals(await read(socket, 14), "$1\r\nv\r\n+PONG\r\n");
  });
});

Deno.test("CLIENT LIST and INFO tell of who waits, and idling does not end it", async () => {
  await withWaiting(async ({ clock, connect, waiting }) => {
    const client = await connect();
    const admin = await connect();
    const served = run(client, "GETDEL a ms900000");
    await waiting(1);
    await run(admin, "CONFIG SET timeout 5");
    assertEquals(fieldsOf(await run(admin, "CLIENT LIST ID 1")).flags, "b");
    const info = await run(admin, "INFO clients");
    for (
      const field of ["blocked_clients:1", "total_blocking_keys:2", "clients_in_timeout_table:1"]
    ) {
      assertMatch(info, new RegExp(`^${field}\r$`, "m"));
    }
    await run(admin, "CONFIG SET timeout 5");
    clock.advance(4000);
    await run(admin, "PING");
    clock.advance(4000);
    await run(admin, "SET a v");
    assertEquals(await served, "v");
    assertEquals(await run(client, "PING"), "PONG");
  });
});

Deno.test("CLIENT REPLY holds for a request that waits", async () => {
  await withWaiting(async ({ connect, open, waiting }) => {
    const socket = await open();
    await write(socket, "CLIENT REPLY SKIP\r\nGETDEL k\r\nPING\r\n");
    await waiting(1);
    await run(await connect(), "SET k v");
    assertEquals(await read(socket, 7), "+PONG\r\n");
  });
});

Deno.test("a server that ends does not wait for those who wait", async () => {
  await withServer(async ({ connect, server }) => {
    const client = await connect();
    const spec = server.commands.find("getdel") as {
      -readonly [K in keyof CommandSpec]: CommandSpec[K];
    };
    spec.handler = take as Handler;
    const served = run(client, "GETDEL k").catch(() => "ended");
    await until(() => server.blocking.clientCount === 1);
    const admin = await connect();
    await run(admin, "SHUTDOWN NOSAVE").catch(() => {});
    await server.stopped;
    assertEquals(await served, "ended");
  });
});

Deno.test("a push serves as many as it has elements for, and keeps the rest", async () => {
  await withServer(async ({ connect, server }) => {
    const served: Promise<string>[] = [];
    for (const line of ["BLPOP k 0", "BRPOP k 0", "BLMOVE k other LEFT RIGHT 0"]) {
      served.push(run(await connect(), line));
      await until(() => server.blocking.clientCount === served.length);
    }
    const last = run(await connect(), "BLMPOP 0 2 other k LEFT COUNT 5");
    await until(() => server.blocking.clientCount === 4);
    const pusher = await connect();
    // the reply tells the length before anybody is served
    assertEquals(await run(pusher, "RPUSH k a b c d"), "4");
    assertEquals(await Promise.all(served), ["k a", "k d", "b"]);
    // what it is run for is not what it takes first
    assertEquals(await last, "other b");
    assertEquals(await run(pusher, "LRANGE k 0 -1"), "c");
  });
});

Deno.test("an element that is moved serves who waits for the other list", async () => {
  await withServer(async ({ connect, server }) => {
    const served: Promise<string>[] = [];
    const lines = ["BLPOP c 0", "BLMOVE b c LEFT LEFT 0", "BRPOPLPUSH a b 0"];
    for (const line of lines) {
      served.push(run(await connect(), line));
      await until(() => server.blocking.clientCount === served.length);
    }
    const pusher = await connect();
    await run(pusher, "LPUSH a v");
    assertEquals(await Promise.all(served), ["c v", "v", "v"]);
    assertEquals(await run(pusher, "EXISTS a b c"), "0");
  });
});

Deno.test("a move to a value of another type fails when it is served, and takes nothing", async () => {
  await withServer(async ({ connect, server }) => {
    const pusher = await connect();
    await run(pusher, "SET wrong v");
    const moved = run(await connect(), "BLMOVE k wrong LEFT LEFT 0");
    await until(() => server.blocking.clientCount === 1);
    const popped = run(await connect(), "BLPOP k 0");
    await until(() => server.blocking.clientCount === 2);
    await run(pusher, "LPUSH k v");
    assertEquals((await moved).split(" ")[0], "WRONGTYPE");
    assertEquals(await popped, "k v");
  });
});

Deno.test("what has expired by the end of a transaction serves nobody", async () => {
  await withServer(async ({ connect, server }) => {
    const popped = run(await connect(), "BLPOP k 0");
    const pusher = await connect();
    await until(() => server.blocking.clientCount === 1);
    const lines = ["MULTI", "RPUSH k a", "PEXPIRE k 100", "DEBUG SLEEP 0.2", "EXEC"];
    for (const line of lines) await run(pusher, line);
    assertEquals(server.blocking.clientCount, 1);
    await run(pusher, "RPUSH k b");
    assertEquals(await popped, "k b");
  }, "enable-debug-command yes");
});
