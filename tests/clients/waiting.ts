/** Waiting for what a server tells of its clients. */

/** Asks until it is told that `count` clients wait for keys. */
export async function untilBlocked(
  info: (section: string) => Promise<unknown>,
  count: number,
): Promise<void> {
  while (!String(await info("clients")).includes(`blocked_clients:${count}\r\n`));
}
