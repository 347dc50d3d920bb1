import { assertEquals } from "@std/assert";
import { ManualClock } from "../../src/clock.ts";
import { Monitor } from "../../src/observe/monitor.ts";
import { Arguments } from "../../src/resp/arguments.ts";
import { Clients } from "../../src/session/clients.ts";
import { fakeClient, request } from "./support.ts";

function listening() {
  const clients = new Clients();
  const listener = fakeClient();
  clients.monitors.add(listener.client);
  return { monitor: new Monitor(clients, new ManualClock(1_339_518_083_107)), listener };
}

Deno.test("MONITOR tells when, where, who and what", () => {
  const { monitor, listener } = listening();
  monitor.feed(fakeClient({ database: 3 }).client, request("keys *"));
  assertEquals(
    listener.sent(),
    '+1339518083.107000 [3 127.0.0.1:60866] "keys" "*"\r\n',
  );
});

Deno.test("MONITOR tells the path of a Unix socket without a port", () => {
  const { monitor, listener } = listening();
  monitor.feed(fakeClient({ unix: true, peer: "/tmp/redino.sock:0" }).client, request("PING"));
  assertEquals(listener.sent(), '+1339518083.107000 [0 unix:/tmp/redino.sock] "PING"\r\n');
});

Deno.test("MONITOR quotes what is not printable and hides secrets", () => {
  const { monitor, listener } = listening();
  const { client } = fakeClient();
  monitor.feed(client, Arguments.of("GET", '"\\\n\r\t\x07\b\0é'));
  monitor.feed(client, request("AUTH secret"));
  assertEquals(
    listener.sent(),
    '+1339518083.107000 [0 127.0.0.1:60866] "GET" "\\"\\\\\\n\\r\\t\\a\\b\\x00\\xc3\\xa9"\r\n' +
      '+1339518083.107000 [0 127.0.0.1:60866] "AUTH" "(redacted)"\r\n',
  );
});

Deno.test("MONITOR is inactive without a listener", () => {
  assertEquals(new Monitor(new Clients(), new ManualClock()).active, false);
  assertEquals(listening().monitor.active, true);
});
