/** Every handler there is, for the command table. */
import type { Handlers } from "../command/spec.ts";
import { bitmapHandlers } from "./bitmap.ts";
import { clientHandlers } from "./client.ts";
import { commandHandlers as commandCommandHandlers } from "./command.ts";
import { configHandlers } from "./config.ts";
import { connectionHandlers } from "./connection.ts";
import { databaseHandlers } from "./database.ts";
import { dumpHandlers } from "./dump.ts";
import { genericHandlers } from "./generic.ts";
import { geoHandlers } from "./geo.ts";
import { hashHandlers } from "./hash.ts";
import { hashFieldExpireHandlers } from "./hash_field_expire.ts";
import { hyperloglogHandlers } from "./hyperloglog.ts";
import { listHandlers } from "./list.ts";
import { persistenceHandlers } from "./persistence.ts";
import { pubsubHandlers } from "./pubsub.ts";
import { restoreHandlers } from "./restore.ts";
import { serverHandlers } from "./server.ts";
import { setHandlers } from "./set.ts";
import { sortedSetHandlers } from "./sorted_set.ts";
import { streamHandlers } from "./stream.ts";
import { stringHandlers } from "./string.ts";
import { transactionHandlers } from "./transactions.ts";

export const commandHandlers: Handlers = {
  ...bitmapHandlers,
  ...clientHandlers,
  ...commandCommandHandlers,
  ...configHandlers,
  ...connectionHandlers,
  ...databaseHandlers,
  ...dumpHandlers,
  ...genericHandlers,
  ...geoHandlers,
  ...hashHandlers,
  ...hashFieldExpireHandlers,
  ...hyperloglogHandlers,
  ...listHandlers,
  ...persistenceHandlers,
  ...pubsubHandlers,
  ...restoreHandlers,
  ...serverHandlers,
  ...setHandlers,
  ...sortedSetHandlers,
  ...streamHandlers,
  ...stringHandlers,
  ...transactionHandlers,
};
