import { assertEquals } from "@std/assert";
import { secretArguments } from "../../src/observe/secrets.ts";
import { request } from "./support.ts";

const secretsByRequest: Record<string, number[]> = {
  "AUTH password": [1, 2],
  "auth user password": [1, 2],
  "AUTH a b c": [],
  "HELLO 3": [],
  "HELLO 3 AUTH user password": [3, 4],
  "HELLO 3 setname x auth user password": [5, 6],
  "HELLO 3 SETNAME AUTH AUTH user password": [5, 6],
  "HELLO 3 bogus AUTH user password": [],
  "HELLO 3 AUTH user": [],
  "CONFIG SET maxmemory 1 RequirePass password": [5],
  "CONFIG GET requirepass": [],
  "SET requirepass password": [],
};

for (const [line, expected] of Object.entries(secretsByRequest)) {
  Deno.test(`secret in "${line}": ${expected.join(" and ") || "nothing"}`, () => {
    assertEquals([...secretArguments(request(line))], expected);
  });
}
