/** What modules have written into an RDB file: it can't be understood, but it can be skipped. */
import { ModuleOpcode } from "./rdb_format.ts";
import type { RdbInput } from "./rdb_input.ts";

const nameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const nameLength = 9;

const floatBytes = 4;

/**
 * Reads the ID of a module's type, which is its name: nine characters of 6 bits each, in the upper 54 of 64
 * bits; the version of its format is in the others.
 */
export function moduleName(input: RdbInput): string {
  input.length();
  let bits = (BigInt(input.lengthHigh) << 32n | BigInt(input.lengthLow)) >> 10n;
  let name = "";
  for (let i = 0; i < nameLength; i++) {
    name = nameCharacters[Number(bits & 63n)] + name;
    bits >>= 6n;
  }
  return name;
}

/** Reads all up to the end of what a module has written. */
export function skipModuleData(input: RdbInput): void {
  for (;;) {
    const opcode = input.length();
    switch (opcode) {
      case ModuleOpcode.EOF:
        return;
      case ModuleOpcode.SINT:
      case ModuleOpcode.UINT:
        input.length();
        break;
      case ModuleOpcode.FLOAT:
        for (let i = 0; i < floatBytes; i++) input.byte();
        break;
      case ModuleOpcode.DOUBLE:
        input.double();
        break;
      case ModuleOpcode.STRING:
        input.readString();
        break;
      default:
        input.fail(`a module's data has the unknown opcode ${opcode}`);
    }
  }
}
