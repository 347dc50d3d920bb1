import { assertEquals } from "@std/assert";
import { ManualClock } from "../../src/clock.ts";
import { type Acceptor, Listener } from "../../src/net/listener.ts";
import { keptLog, until } from "./support.ts";

/** Accepts what it is told to: a socket, or an error that is thrown. */
class ScriptedAcceptor implements Acceptor {
  readonly addr: Deno.NetAddr = { transport: "tcp", hostname: "127.0.0.1", port: 6379 };
  accepts = 0;
  readonly #outcomes: (Deno.Conn | Error)[];
  readonly #end = Promise.withResolvers<Deno.Conn>();

  constructor(outcomes: (Deno.Conn | Error)[]) {
    this.#outcomes = outcomes;
    this.#end.promise.catch(() => {});
  }

  accept(): Promise<Deno.Conn> {
    this.accepts++;
    const next = this.#outcomes.shift();
    if (next === undefined) return this.#end.promise;
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
  }

  close(): void {
    this.#end.reject(new Deno.errors.BadResource("closed"));
  }
}

const socket = {} as Deno.Conn;

Deno.test("accepting goes on a moment after it failed", async () => {
  const clock = new ManualClock();
  const logged: string[] = [];
  const acceptor = new ScriptedAcceptor([
    socket,
    new Error("Too many open files (os error 24)"),
    new Error("Too many open files (os error 24)"),
    socket,
    socket,
  ]);
  const listener = new Listener("127.0.0.1", acceptor, clock, keptLog(clock, logged));
  let accepted = 0;
  listener.run(() => accepted++);
  await until(() => logged.length === 1);
  assertEquals([accepted, acceptor.accepts], [1, 2]);
  clock.advance(99);
  await until(() => acceptor.accepts === 2);
  clock.advance(1);
  await until(() => logged.length === 2);
  clock.advance(100);
  await until(() => accepted === 3);
  assertEquals(logged[1], "# Accepting client connection: Too many open files");
  await listener.close();
});

Deno.test("a listener that rests after a failure can be closed", async () => {
  const clock = new ManualClock();
  const logged: string[] = [];
  const acceptor = new ScriptedAcceptor([new Error("Too many open files")]);
  const listener = new Listener("127.0.0.1", acceptor, clock, keptLog(clock, logged));
  listener.run(() => {});
  await until(() => logged.length === 1);
  await listener.close();
  clock.advance(1000);
  assertEquals(acceptor.accepts, 1);
});

Deno.test("the end of a listener is no failure", async () => {
  const clock = new ManualClock();
  const logged: string[] = [];
  const listener = new Listener(
    "127.0.0.1",
    new ScriptedAcceptor([]),
    clock,
    keptLog(clock, logged),
  );
  listener.run(() => {});
  await listener.close();
  await listener.close();
  assertEquals(logged, []);
});
