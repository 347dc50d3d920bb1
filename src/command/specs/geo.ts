/** The commands on geospatial indices, as COMMAND INFO and COMMAND DOCS tell of them. */

import type { Arguments } from "../../resp/arguments.ts";
import {
  AclCategory,
  block,
  changed,
  CommandFlag,
  type CommandGroup,
  DocFlag,
  double,
  type FoundKeys,
  integer,
  key,
  keyAt,
  keyBehind,
  KeyFlag,
  multiple,
  oneOf,
  optional,
  string,
  token,
} from "../spec.ts";

const { WRITE, READONLY, DENYOOM } = CommandFlag;
const { RO, RW, OW, ACCESS, UPDATE, INCOMPLETE } = KeyFlag;

const from = oneOf("from", [
  string("member", { token: "FROMMEMBER" }),
  block("fromlonlat", [double("longitude"), double("latitude")], { token: "FROMLONLAT" }),
]);
const unit = oneOf("unit", [token("M"), token("KM"), token("FT"), token("MI")]);
const shape = oneOf("by", [
  block("circle", [double("radius", { token: "BYRADIUS" }), unit]),
  block("box", [double("width", { token: "BYBOX" }), double("height"), unit]),
]);
const count = optional(
  block("count-block", [integer("count", { token: "COUNT" }), optional(token("ANY"))]),
);
/** Where COUNT is older than its ANY. */
const countWithLaterAny = optional(
  block("count-block", [
    integer("count", { token: "COUNT" }),
    optional(token("ANY", { since: "6.2.0" })),
  ]),
);
const order = optional(oneOf("order", [token("ASC"), token("DESC")]));
const store = optional(
  oneOf("store", [
    key("storekey", { displayText: "key", keySpecIndex: 1, token: "STORE" }),
    key("storedistkey", { displayText: "key", keySpecIndex: 2, token: "STOREDIST" }),
  ]),
);

/** The key that is read and the one that STORE or STOREDIST names; of several the last one counts. */
function radiusKeys(args: Arguments): FoundKeys {
  let destination = 0;
  for (let i = 5; i + 1 < args.count; i++) {
    if (args.is(i, "STORE") || args.is(i, "STOREDIST")) destination = ++i;
  }
  if (destination === 0) return { positions: [1], flags: [RO | ACCESS] };
  return { positions: [1, destination], flags: [RO | ACCESS, OW | UPDATE] };
}

export const geoCommands: CommandGroup = {
  group: "geo",
  commands: [
    {
      name: "geoadd",
      summary:
        "Adds one or more members to a geospatial index. The key is created if it doesn't exist.",
      since: "3.2.0",
      complexity:
        "O(log(N)) for each item added, where N is the number of elements in the sorted set.",
      arity: -5,
      flags: WRITE | DENYOOM,
      categories: AclCategory.GEO,
      keys: [keyAt(1, RW | UPDATE)],
      history: [changed("6.2.0", "Added the `CH`, `NX` and `XX` options.")],
      arguments: [
        key(),
        optional(oneOf("condition", [token("NX"), token("XX")], { since: "6.2.0" })),
        optional(token("CH", { name: "change", since: "6.2.0" })),
        multiple(block("data", [double("longitude"), double("latitude"), string("member")])),
      ],
    },
    {
      name: "geodist",
      summary: "Returns the distance between two members of a geospatial index.",
      since: "3.2.0",
      complexity: "O(1)",
      arity: -4,
      flags: READONLY,
      categories: AclCategory.GEO,
      keys: [keyAt(1, RO | ACCESS)],
      arguments: [key(), string("member1"), string("member2"), optional(unit)],
    },
    {
      name: "geohash",
      summary: "Returns members from a geospatial index as geohash strings.",
      since: "3.2.0",
      complexity: "O(1) for each member requested.",
      arity: -2,
      flags: READONLY,
      categories: AclCategory.GEO,
      keys: [keyAt(1, RO | ACCESS)],
      arguments: [key(), optional(multiple(string("member")))],
    },
    {
      name: "geopos",
      summary: "Returns the longitude and latitude of members from a geospatial index.",
      since: "3.2.0",
      complexity: "O(1) for each member requested.",
      arity: -2,
      flags: READONLY,
      categories: AclCategory.GEO,
      keys: [keyAt(1, RO | ACCESS)],
      arguments: [key(), optional(multiple(string("member")))],
    },
    {
      name: "georadius",
      summary:
        "Queries a geospatial index for members within a distance from a coordinate, optionally stores the result.",
      since: "3.2.0",
      complexity:
        "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index.",
      arity: -6,
      flags: WRITE | DENYOOM,
      categories: AclCategory.GEO,
      keys: [
        keyAt(1, RO | ACCESS),
        keyBehind(
          "STORE",
          6,
          OW | UPDATE | INCOMPLETE,
          "Incomplete because duplicate STORE options use last-wins; fall back to georadiusGetKeys",
        ),
        keyBehind(
          "STOREDIST",
          6,
          OW | UPDATE | INCOMPLETE,
          "Incomplete because duplicate STOREDIST options use last-wins; fall back to georadiusGetKeys",
        ),
      ],
      getKeys: radiusKeys,
      docFlags: DocFlag.DEPRECATED,
      deprecatedSince: "6.2.0",
      replacedBy: "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument",
      history: [
        changed("6.2.0", "Added the `ANY` option for `COUNT`."),
        changed("7.0.0", "Added support for uppercase unit names."),
      ],
      arguments: [
        key(),
        double("longitude"),
        double("latitude"),
        double("radius"),
        unit,
        optional(token("WITHCOORD")),
        optional(token("WITHDIST")),
        optional(token("WITHHASH")),
        countWithLaterAny,
        order,
        store,
      ],
    },
    {
      name: "georadius_ro",
      summary:
        "Returns members from a geospatial index that are within a distance from a coordinate.",
      since: "3.2.10",
      complexity:
        "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index.",
      arity: -6,
      flags: READONLY,
      categories: AclCategory.GEO,
      keys: [keyAt(1, RO | ACCESS)],
      docFlags: DocFlag.DEPRECATED,
      deprecatedSince: "6.2.0",
      replacedBy: "`GEOSEARCH` with the `BYRADIUS` argument",
      history: [
        changed("6.2.0", "Added the `ANY` option for `COUNT`."),
        changed("7.0.0", "Added support for uppercase unit names."),
      ],
      arguments: [
        key(),
        double("longitude"),
        double("latitude"),
        double("radius"),
        unit,
        optional(token("WITHCOORD")),
        optional(token("WITHDIST")),
        optional(token("WITHHASH")),
        countWithLaterAny,
        order,
      ],
    },
    {
      name: "georadiusbymember",
      summary:
        "Queries a geospatial index for members within a distance from a member, optionally stores the result.",
      since: "3.2.0",
      complexity:
        "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index.",
      arity: -5,
      flags: WRITE | DENYOOM,
      categories: AclCategory.GEO,
      keys: [
        keyAt(1, RO | ACCESS),
        keyBehind(
          "STORE",
          5,
          OW | UPDATE | INCOMPLETE,
          "Incomplete because duplicate STORE options use last-wins; fall back to georadiusGetKeys",
        ),
        keyBehind(
          "STOREDIST",
          5,
          OW | UPDATE | INCOMPLETE,
          "Incomplete because duplicate STOREDIST options use last-wins; fall back to georadiusGetKeys",
        ),
      ],
      getKeys: radiusKeys,
      docFlags: DocFlag.DEPRECATED,
      deprecatedSince: "6.2.0",
      replacedBy: "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
      history: [
        changed("6.2.0", "Added the `ANY` option for `COUNT`."),
        changed("7.0.0", "Added support for uppercase unit names."),
      ],
      arguments: [
        key(),
        string("member"),
        double("radius"),
        unit,
        optional(token("WITHCOORD")),
        optional(token("WITHDIST")),
        optional(token("WITHHASH")),
        count,
        order,
        store,
      ],
    },
    {
      name: "georadiusbymember_ro",
      summary: "Returns members from a geospatial index that are within a distance from a member.",
      since: "3.2.10",
      complexity:
        "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index.",
      arity: -5,
      flags: READONLY,
      categories: AclCategory.GEO,
      keys: [keyAt(1, RO | ACCESS)],
      docFlags: DocFlag.DEPRECATED,
      deprecatedSince: "6.2.0",
      replacedBy: "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments",
      history: [
        changed("6.2.0", "Added the `ANY` option for `COUNT`."),
        changed("7.0.0", "Added support for uppercase unit names."),
      ],
      arguments: [
        key(),
        string("member"),
        double("radius"),
        unit,
        optional(token("WITHCOORD")),
        optional(token("WITHDIST")),
        optional(token("WITHHASH")),
        count,
        order,
      ],
    },
    {
      name: "geosearch",
      summary: "Queries a geospatial index for members inside an area of a box or a circle.",
      since: "6.2.0",
      complexity:
        "O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around the shape provided as the filter and M is the number of items inside the shape",
      arity: -7,
      flags: READONLY,
      categories: AclCategory.GEO,
      keys: [keyAt(1, RO | ACCESS)],
      history: [changed("7.0.0", "Added support for uppercase unit names.")],
      arguments: [
        key(),
        from,
        shape,
        order,
        count,
        optional(token("WITHCOORD")),
        optional(token("WITHDIST")),
        optional(token("WITHHASH")),
      ],
    },
    {
      name: "geosearchstore",
      summary:
        "Queries a geospatial index for members inside an area of a box or a circle, optionally stores the result.",
      since: "6.2.0",
      complexity:
        "O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around the shape provided as the filter and M is the number of items inside the shape",
      arity: -8,
      flags: WRITE | DENYOOM,
      categories: AclCategory.GEO,
      keys: [keyAt(1, OW | UPDATE), keyAt(2, RO | ACCESS)],
      history: [changed("7.0.0", "Added support for uppercase unit names.")],
      arguments: [
        key("destination"),
        key("source", { keySpecIndex: 1 }),
        from,
        shape,
        order,
        count,
        optional(token("STOREDIST")),
      ],
    },
  ],
};
