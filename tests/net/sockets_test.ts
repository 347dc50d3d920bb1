import { assertEquals } from "@std/assert";
import { formatAddress, isLocal, isMappedIpv4 } from "../../src/net/sockets.ts";

const tcp = (hostname: string): Deno.NetAddr => ({ transport: "tcp", hostname, port: 6379 });
const unix = (path: string | null) => ({ transport: "unix", path }) as Deno.UnixAddr;

Deno.test("an address is written as Redis writes it", () => {
  const local = tcp("127.0.0.1");
  assertEquals(formatAddress(tcp("10.1.2.3"), local), "10.1.2.3:6379");
  assertEquals(formatAddress(tcp("::1"), local), "[::1]:6379");
  assertEquals(formatAddress(tcp("::ffff:10.1.2.3"), local), "10.1.2.3:6379");
});

Deno.test("the peer of a Unix socket is shown with the socket's path", () => {
  assertEquals(formatAddress(unix(null), unix("/run/redino.sock")), "/run/redino.sock:0");
});

Deno.test("who is on this machine, by whichever family it came", () => {
  for (const host of ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"]) {
    assertEquals(isLocal(tcp(host)), true, host);
  }
  for (const host of ["10.0.0.127", "::ffff:10.127.0.1", "fd00::127:1", "fe80::1"]) {
    assertEquals(isLocal(tcp(host)), false, host);
  }
  assertEquals(isLocal(unix(null)), true);
});

Deno.test("IPv4 is told from IPv6 on a socket that takes both", () => {
  assertEquals(isMappedIpv4(tcp("::ffff:1.2.3.4")), true);
  assertEquals(isMappedIpv4(tcp("::1")), false);
  assertEquals(isMappedIpv4(unix(null)), false);
});
