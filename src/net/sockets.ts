/** Accepted sockets before they are connections: options, and addresses as Redis writes them. */

/** What a socket that listens on IPv6 puts before the address of a peer that came by IPv4. */
const mappedIpv4Prefix = "::ffff:";

/** Whether a peer came by IPv4 to a socket that listens on IPv6. */
export function isMappedIpv4(address: Deno.Addr): boolean {
  return address.transport === "tcp" && address.hostname.startsWith(mappedIpv4Prefix);
}

/** A host's address, where IPv4 is IPv4 whichever way it came. */
function hostOf({ hostname }: Deno.NetAddr): string {
  return hostname.startsWith(mappedIpv4Prefix) ? hostname.slice(mappedIpv4Prefix.length) : hostname;
}

/**
 * Redis' form of an address: `127.0.0.1:6379`, `[::1]:6379`, `/path/of/socket:0`. The peer of a Unix
 * socket has no path of its own and is shown with the one it came to.
 */
export function formatAddress(address: Deno.Addr, local: Deno.Addr): string {
  if (address.transport === "tcp") {
    const host = hostOf(address);
    return `${host.includes(":") ? `[${host}]` : host}:${address.port}`;
  }
  return `${local.transport === "unix" ? local.path : ""}:0`;
}

/** Whether the peer is on this machine. */
export function isLocal(address: Deno.Addr): boolean {
  if (address.transport !== "tcp") return address.transport === "unix";
  const host = hostOf(address);
  return host === "::1" || host.startsWith("127.");
}

/** Replies go out at once; the system probes silent peers where `keepAlive` asks for it. */
export function setSocketOptions(socket: Deno.Conn, keepAlive: boolean): void {
  if (socket.remoteAddr.transport !== "tcp") return;
  const tcp = socket as Deno.TcpConn;
  try {
    tcp.setNoDelay(true);
    if (keepAlive) tcp.setKeepAlive(true);
  } catch {
    // the peer is gone already: reading will tell
  }
}
