/** Values as payloads for RESTORE have them, of every type and way to write it, and how they are broken. */
import { DUMP_FOOTER_BYTES } from "../../src/persistence/rdb_format.ts";
import { type Random, randomBelow } from "../../src/random.ts";
import { readFamilies } from "../support/families.ts";

/** The values of all payloads that the transcripts of RESTORE have, without version and checksum. */
export function readPayloadValues(): Uint8Array[] {
  const corpus: Uint8Array[] = [];
  for (const { sections } of readFamilies(["restore", "dump"])) {
    for (const { action } of sections.flatMap(({ steps }) => steps)) {
      if (action.kind !== "command" || action.words.length < 4) continue;
      const [name, , , payload] = action.words;
      if (new TextDecoder().decode(name) !== "RESTORE" || payload.length < DUMP_FOOTER_BYTES) {
        continue;
      }
      corpus.push(payload.subarray(0, payload.length - DUMP_FOOTER_BYTES));
    }
  }
  return corpus;
}

/** Numbers that are counts, lengths and sizes, or nearly. */
const telling = [0, 1, 2, 0x7f, 0x80, 0x81, 0xc0, 0xc3, 0xf0, 0xf1, 0xf4, 0xfe, 0xff];

/** Changes bytes, or takes some out, puts some in, or has some twice. */
export function mutate(value: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const bytes = [...value];
  const below = (bound: number) => randomBelow(random, Math.max(1, bound));
  for (let i = 1 + below(4); i > 0; i--) {
    const at = below(bytes.length);
    switch (below(8)) {
      case 0:
        bytes[at] ^= 1 << below(8);
        break;
      case 1:
        bytes[at] = telling[below(telling.length)];
        break;
      case 2:
        bytes[at] += below(2) === 0 ? 1 : -1;
        break;
      case 3:
        bytes.splice(at, 1 + below(4));
        break;
      case 4:
        bytes.splice(at, 0, telling[below(telling.length)]);
        break;
      case 5: {
        const end = at + below(20);
        bytes.splice(below(bytes.length), 0, ...bytes.slice(at, end));
        break;
      }
      case 6: {
        const from = below(other.length);
        bytes.splice(at, below(20), ...other.subarray(from, from + below(20)));
        break;
      }
      case 7:
        // another type's way to write
        bytes[0] = below(26);
    }
  }
  return Uint8Array.from(bytes);
}
