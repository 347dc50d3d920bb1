import { assertEquals } from "@std/assert";
import { ConfigValues } from "../../src/config/values.ts";
import { refusalOf } from "../../src/net/admission.ts";
import { errors } from "../../src/resp/errors.ts";

const peer = (hostname: string): Deno.Addr => ({ transport: "tcp", hostname, port: 50000 });
const unixPeer = { transport: "unix", path: "" } as Deno.Addr;

function valuesWith(changes: Partial<ConfigValues>): ConfigValues {
  return Object.assign(new ConfigValues(), changes);
}

Deno.test("protected mode is for peers on this machine", () => {
  const values = valuesWith({});
  for (const local of [peer("127.0.0.1"), peer("::1"), peer("::ffff:127.0.0.1"), unixPeer]) {
    assertEquals(refusalOf(local, 0, values), null);
  }
  for (const host of ["192.0.2.7", "::ffff:192.0.2.7", "fd00::7"]) {
    assertEquals(refusalOf(peer(host), 0, values), errors.protectedMode);
  }
});

Deno.test("a password, or its being off, ends protected mode", () => {
  const other = peer("192.0.2.7");
  assertEquals(refusalOf(other, 0, valuesWith({ requirepass: "secret" })), null);
  assertEquals(refusalOf(other, 0, valuesWith({ protectedMode: false })), null);
});

Deno.test("maxclients is how many may be there, whoever they are", () => {
  const values = valuesWith({ maxclients: 2 });
  assertEquals(refusalOf(peer("127.0.0.1"), 1, values), null);
  assertEquals(refusalOf(peer("127.0.0.1"), 2, values), errors.maxClients);
  assertEquals(refusalOf(peer("192.0.2.7"), 2, values), errors.maxClients);
});
