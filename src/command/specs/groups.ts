/** Every group of commands, for the command table. */
import type { CommandGroup } from "../spec.ts";
import { bitmapCommands } from "./bitmap.ts";
import { connectionCommands } from "./connection.ts";
import { genericCommands } from "./generic.ts";
import { geoCommands } from "./geo.ts";
import { hashCommands } from "./hash.ts";
import { hashFieldExpireCommands } from "./hash_field_expire.ts";
import { hyperloglogCommands } from "./hyperloglog.ts";
import { listCommands } from "./list.ts";
import { pubsubCommands } from "./pubsub.ts";
import { serverCommands } from "./server.ts";
import { setCommands } from "./set.ts";
import { sortedSetCommands } from "./sorted_set.ts";
import { streamCommands } from "./stream.ts";
import { stringCommands } from "./string.ts";
import { transactionCommands } from "./transactions.ts";

export const commandGroups: readonly CommandGroup[] = [
  stringCommands,
  bitmapCommands,
  hyperloglogCommands,
  genericCommands,
  connectionCommands,
  listCommands,
  pubsubCommands,
  serverCommands,
  setCommands,
  hashCommands,
  hashFieldExpireCommands,
  transactionCommands,
  sortedSetCommands,
  geoCommands,
  streamCommands,
];
