import { assert, assertEquals } from "@std/assert";
import { othersTurn } from "../src/clock.ts";

/** Ways of a byte to a peer and back, and turns that they may take: each is two waits for a socket. */
const roundTrips = 10;
const turnsMax = 10 * roundTrips;

Deno.test("a turn of others is enough for bytes to arrive", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  using peer = await listener.accept();
  const byte = new Uint8Array(1);
  let arrived = 0;
  const talking = (async () => {
    for (let i = 0; i < roundTrips; i++) {
      await client.write(byte);
      await peer.read(byte);
      await peer.write(byte);
      await client.read(byte);
      arrived++;
    }
  })();
  let turns = 0;
  for (; arrived < roundTrips && turns < turnsMax; turns++) await othersTurn();
  assert(turns < turnsMax, `${arrived} bytes went round in ${turns} turns`);
  await talking;
  assertEquals(arrived, roundTrips);
});

Deno.test("a turn of others is no longer than timers take that are set during it", async () => {
  const turns = 20;
  let timersFired = 0;
  let timer = setTimeout(function fire() {
    timersFired++;
    timer = setTimeout(fire, 0);
  }, 0);
  for (let i = 0; i < turns; i++) await othersTurn();
  clearTimeout(timer);
  assert(timersFired <= 2 * turns, `${timersFired} timers fired in ${turns} turns`);
});
