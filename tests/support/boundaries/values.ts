/**
 * The words at which programs that read numbers go wrong: the ends of what integers and floating point
 * numbers hold, the numbers beside them, and what is a number for one reader and none for another. One
 * byte per character.
 */

const edges = [2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n];

/** Of each sign the edges and their neighbours; the first is the nearest to zero. */
const aroundEdges = [1n, -1n].flatMap((sign) =>
  edges.flatMap((edge) => [edge - 1n, edge, edge + 1n].map((number) => String(sign * number)))
);

/** Where the encodings of small integers end, in listpacks and in intsets. */
const encodingEdges = [
  ...["12", "13", "127", "128", "-128", "-129", "255", "256", "4095", "4096", "-4096", "-4097"],
  ...["32767", "32768", "-32768", "-32769", "65535", "65536", "8388607", "-8388609"],
];

const zeroes = ["0", "-0", "+0", "00", "0.0", "-0.0", "0e0", ".0", "0x0"];
const ones = ["1", "-1", "+1", "01", "007", "-007", "1.0", "1.", "1e0", "--1", "+-1", "0b1", "0o7"];
const fractions = ["1.5", "-1.5", ".5", "5.", "0.1", "1,5", "3.0000000000000000001", "1.5.5"];
const exponents = ["1e3", "1E3", "1e+3", "1e", "e3", "1e18", "1e19", "9.2e18", "1e22", "-1e19"];
const hexadecimals = ["0x10", "0X1F", "-0x10", "0x", "0x1p4", "0x1.8", "x10", "ff"];

const infinities = [
  ...["inf", "+inf", "-inf", "INF", "Infinity", "-Infinity", "infinity", "infinit", "1inf"],
  ...["nan", "NaN", "-nan", "nan(1)"],
];

/** The ends of `double` and of the 80-bit `long double`, and beyond. */
const extremes = [
  ...["1e308", "-1e308", "1.7976931348623157e308", "1.7976931348623159e308", "1e400", "-1e400"],
  ...["4.9e-324", "2.2250738585072014e-308", "1e-400", "-1e-400", "1e4000", "1e-4000", "1e5000"],
  ...["9223372036854775807.0", "9223372036854775806.5", "18446744073709551615.0"],
];

/** What stands beside a number, or in it. */
const surroundings = [
  ...["", " ", " 1", "1 ", "\t1", "1\n", "1\r\n", "1 2", "1a", "a", "-", "+", ".", "1_000", "1kb"],
  ...["\x00", "1\x00", "1\x002", "\x001", "\xd9\xa1", "1\xff", "(1", "[1", "1-1", "#1", "*", "$"],
];

/** Longer than the buffers into which Redis copies a number before it reads it. */
const lengths = [
  ...["9", "1", "0"].flatMap((digit) => [20, 21, 128, 5000].map((count) => digit.repeat(count))),
  ...[
    "0".repeat(300) + "1",
    "-" + "0".repeat(40) + "1",
    "1." + "0".repeat(300),
    "0." + "3".repeat(99),
  ],
];

/** All of them, each once. */
export const boundaryValues: readonly string[] = [
  ...new Set([
    ...[...aroundEdges, ...encodingEdges, ...zeroes, ...ones, ...fractions, ...exponents],
    ...[...hexadecimals, ...infinities, ...extremes, ...surroundings, ...lengths],
  ]),
];
