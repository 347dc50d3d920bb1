/** Copies files and folders by name, for tests that give one server's files to another. */
export function copySync(from: string, to: string, names: readonly string[]): void {
  for (const name of names) {
    if (Deno.statSync(`${from}/${name}`).isDirectory) {
      Deno.mkdirSync(`${to}/${name}`, { recursive: true });
      const inside = Array.from(Deno.readDirSync(`${from}/${name}`), (entry) => entry.name);
      copySync(`${from}/${name}`, `${to}/${name}`, inside);
    } else Deno.copyFileSync(`${from}/${name}`, `${to}/${name}`);
  }
}
